"""Sources of frames, the window, what is drawn, and what is kept."""
