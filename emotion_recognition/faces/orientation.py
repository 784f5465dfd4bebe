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


def find_turn(find: Callable[[np.ndarray], list[Detection]], gray: np.ndarray) -> str | None:
    """Return, in words, after which turn `find` finds the largest face in a gray picture; None where there is none."""
    widths = {
        words: max((face.box[2] for face in find(cv2.rotate(gray, turn))), default=0) for words, turn in TURNS.items()
    }
    words = max(widths, key=widths.__getitem__)
    return words if widths[words] else None
