"""Finding faces with OpenCV's Haar cascade (Viola and Jones, 2001): gray picture -> boxes (see `boxes`)."""

import math
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Box, clip_box, distinct, enlarge
from emotion_recognition.files import check_is_utf8, shipped
from emotion_recognition.images import FACE_SIZE

CASCADE = shipped("haarcascade_frontalface_default.xml")

# The cascade knows faces of 24x24 pixels and more. Below a twentieth of the picture most of what it finds is no face.
CASCADE_SIZE = 24
SMALLEST_SHARE = 20

# In videos, sizes in larger steps and fewer neighbours find as many faces of the shrunken frame in less time.
QUICK_STEP, QUICK_NEIGHBORS = 1.2, 2

# Near a face that is known, it is looked for at this size, this far around it, and no more than so much smaller or
# larger: with fewer pixels it is missed more often.
NEAR_SIZE = 56
NEAR_MARGIN = 0.3
NEAR_SIZES = 0.7, 1.45


class FaceDetector:
    """Finds frontal faces. The cascade file is read once, here; UserError where it is missing or no cascade.

    `smallest` is the width of the smallest face that is wanted, in pixels; without it, a twentieth of the picture.
    """

    def __init__(self, cascade: str | Path = CASCADE, smallest: int | None = None) -> None:
        if not Path(cascade).is_file():
            raise UserError(f"{cascade} is not there: it belongs beside the scripts; name another with --cascade.")
        check_is_utf8(cascade)
        try:
            self._cascade = cv2.CascadeClassifier(str(cascade))
            is_empty = self._cascade.empty()
        except (cv2.error, SystemError):
            is_empty = True
        if is_empty:
            raise UserError(f"{cascade} is no Haar cascade: name another with --cascade.")
        self._smallest = smallest

    def detect(self, gray: np.ndarray) -> list[Box]:
        """Return the boxes of the faces in a gray picture, uint8 (height, width), from left to right; often none."""
        smallest = self.smallest_face(gray.shape, least=CASCADE_SIZE)
        found = self._cascade.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=6, minSize=(smallest, smallest))
        return distinct([clip_box(box, *gray.shape[::-1]) for box in found])

    def detect_quickly(self, gray: np.ndarray, reserve: float = 1.0) -> list[Box]:
        """Return the same for a frame of a video, from as few pixels as its smallest face needs.

        Where nobody names it, that is one of the size that the network sees. `reserve` leaves it so many times as many
        pixels in width: what is missed with one is often found with another.
        """
        smallest = self.smallest_face(gray.shape, least=FACE_SIZE)
        scale = min(1.0, reserve * CASCADE_SIZE / smallest)
        found = self._search(gray, scale, least=round(scale * smallest))
        return distinct([clip_box(box / scale, *gray.shape[::-1]) for box in found])

    def detect_near(self, gray: np.ndarray, box: Box) -> list[Box]:
        """Return the box, alone in a list, of the face that lies where one was a moment ago; none if it has gone."""
        left, top, width, height = clip_box(enlarge(box, NEAR_MARGIN), *gray.shape[::-1])
        if min(width, height) < CASCADE_SIZE:
            return []
        scale = min(1.0, NEAR_SIZE / box[2])
        least, most = (round(share * scale * box[2]) for share in NEAR_SIZES)
        found = self._search(gray[top : top + height, left : left + width], scale, least, most)
        faces = [clip_box(near / scale + (left, top, 0, 0), *gray.shape[::-1]) for near in found]
        middle = box[0] + box[2] / 2, box[1] + box[3] / 2
        return sorted(faces, key=lambda face: math.dist(middle, (face[0] + face[2] / 2, face[1] + face[3] / 2)))[:1]

    def _search(self, gray: np.ndarray, scale: float, least: int, most: int = 0) -> np.ndarray:
        """Return the boxes (n, 4) in the shrunken picture, `least` to `most` pixels wide there (0: of any size)."""
        sizes = [(max(CASCADE_SIZE, size),) * 2 if size else (0, 0) for size in (least, most)]
        found = self._cascade.detectMultiScale(
            shrink(gray, scale),
            scaleFactor=QUICK_STEP,
            minNeighbors=QUICK_NEIGHBORS,
            minSize=sizes[0],
            maxSize=sizes[1],
        )
        return np.asarray(found)

    def smallest_face(self, shape: tuple[int, ...], least: int) -> int:
        """Return the width of the smallest face to find in a picture (height, width), `least` or more."""
        return max(CASCADE_SIZE, self._smallest) if self._smallest else max(least, min(shape) // SMALLEST_SHARE)

    def is_nearby_cheaper(self, shape: tuple[int, ...], faces: int) -> bool:
        """Return whether looking near so many faces takes fewer pixels than the whole frame."""
        scale = CASCADE_SIZE / self.smallest_face(shape, least=FACE_SIZE)
        return faces * (NEAR_SIZE * (1 + 2 * NEAR_MARGIN)) ** 2 < shape[0] * shape[1] * scale**2


def shrink(gray: np.ndarray, scale: float) -> np.ndarray:
    """Return the picture at a scale, where that is below 1."""
    if scale >= 1:
        return gray
    size = [max(1, round(scale * pixels)) for pixels in gray.shape[::-1]]
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
