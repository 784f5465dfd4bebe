"""A picture -> the boxes of faces, and who is who in a video."""
