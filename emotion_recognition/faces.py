"""Finding faces: picture -> boxes -> gray crops of 48x48, with OpenCV's Haar cascade (Viola and Jones, 2001).

A box is a tuple (x, y, width, height) of int, in pixels, inside the picture.
"""

from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.pictures import to_face

# Beside the scripts.
CASCADE = Path(__file__).parent.parent / "haarcascade_frontalface_default.xml"

# The cascade knows faces of 24x24 pixels and more. Below a twentieth of the picture most of what it finds is no face.
CASCADE_SIZE = 24
SMALLEST_SHARE = 20


class FaceDetector:
    """Finds frontal faces. The cascade file is read once, here; UserError where it is missing or no cascade."""

    def __init__(self, cascade=CASCADE):
        if not Path(cascade).is_file():
            raise UserError(f"{cascade} is not there: it belongs beside the scripts; name another with --cascade.")
        try:
            self._cascade = cv2.CascadeClassifier(str(cascade))
            is_empty = self._cascade.empty()
        except (cv2.error, SystemError):
            is_empty = True
        if is_empty:
            raise UserError(f"{cascade} is no Haar cascade: name another with --cascade.")

    def detect(self, gray: np.ndarray) -> list[tuple]:
        """Return the boxes of the faces in a gray picture, uint8 (height, width), from left to right; often none."""
        height, width = gray.shape
        smallest = max(CASCADE_SIZE, min(height, width) // SMALLEST_SHARE)
        found = self._cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=6, minSize=(smallest, smallest))
        return sorted(clip_box(box, width, height) for box in found)


def clip_box(box, width, height) -> tuple:
    """Return the part of a box that is inside a picture of this size."""
    x, y, box_width, box_height = (int(value) for value in box)
    left, top = max(0, x), max(0, y)
    return left, top, min(width, x + box_width) - left, min(height, y + box_height) - top


def crop_face(gray: np.ndarray, box) -> np.ndarray:
    """Cut a box out of a gray picture and scale it to uint8 (48, 48).

    No margin is added: the cascade's box and FER-2013's own crop coincide.
    """
    x, y, width, height = box
    return to_face(gray[y : y + height, x : x + width])
