"""Recognise emotions on faces: what the scripts at the top of this repository share."""
