"""A photo that lies on its side: which turn makes its faces upright."""

from collections.abc import Callable

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Detection

TURNS = {
    "by 90 degrees to the right": cv2.ROTATE_90_CLOCKWISE,
    "by 90 degrees to the left": cv2.ROTATE_90_COUNTERCLOCKWISE,
    "upside down": cv2.ROTATE_180,
}


def find_turn(find: Callable[[np.ndarray], list[Detection]], picture: np.ndarray) -> str | None:
    """Return, in words, after which turn `find` finds the largest face in a picture; None where there is none."""
    found = {words: find(cv2.rotate(picture, turn)) for words, turn in TURNS.items()}
    widths = {words: max((face.box[2] for face in faces), default=0) for words, faces in found.items()}
    words = max(widths, key=widths.__getitem__)
    return words if widths[words] else None
