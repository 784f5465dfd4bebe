"""Pictures that a person takes of what the window shows."""

import datetime

import numpy as np

from emotion_recognition.files import write_picture


def save_snapshot(picture: np.ndarray) -> None:
    """Write a picture, uint8 (height, width, 3), into the current folder, under a name with date and time; say so."""
    path = f"snapshot_{datetime.datetime.now():%Y-%m-%d_%H%M%S_%f}.png"
    write_picture(path, picture)
    print(f"Wrote {path}")
