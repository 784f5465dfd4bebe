"""Finding faces with OpenCV's Haar cascade (Viola and Jones, 2001): gray picture -> faces (see `boxes`)."""

import math
import threading
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import (
    SMALLEST_FACE,
    Box,
    Detection,
    clip_box,
    distinct,
    enlarge,
    middle,
    shrink,
    smallest_width,
)
from emotion_recognition.files import check_is_utf8
from emotion_recognition.images import FACE_SIZE, to_gray
from emotion_recognition.places import shipped

CASCADE = shipped("haarcascade_frontalface_default.xml")

# In videos, sizes in larger steps and fewer neighbours find as many faces of the shrunken frame in less time.
QUICK_STEP, QUICK_NEIGHBORS = 1.2, 2

# Near a face that is known, it is looked for at this size, this far around it, and no more than so much smaller or
# larger: with fewer pixels it is missed more often.
NEAR_SIZE = 56
NEAR_MARGIN = 0.3
NEAR_SIZES = 0.8, 1.25


class HaarDetector:
    """Finds frontal faces. The cascade file is read once, here; UserError where it is missing or no cascade.

    `smallest` is the width of the smallest face that is wanted, in pixels; without it, a twentieth of the picture's
    shorter side. The score of a face is the sum of the votes in the cascade's last stage, about 0 to 15; with
    `min_score`, faces of less are left out.
    """

    def __init__(
        self, cascade: str | Path = CASCADE, smallest: int | None = None, min_score: float | None = None
    ) -> None:
        if not hasattr(cv2, "CascadeClassifier"):
            raise UserError(
                f"OpenCV {cv2.__version__} has no Haar cascades any more: find faces with YuNet (--detector yunet; its"
                " file is in OpenCV's model zoo), or install opencv-python 4."
            )
        if not Path(cascade).is_file():
            raise UserError(f"{cascade} is not there: it belongs beside the scripts; name another with --detector.")
        check_is_utf8(cascade)
        try:
            self._cascade = cv2.CascadeClassifier(str(cascade))
            is_empty = self._cascade.empty()
        except (cv2.error, SystemError):
            is_empty = True
        if is_empty:
            raise UserError(f"{cascade} is no Haar cascade: name another with --detector.")
        # A cascade keeps the picture that it searches: of two threads, one would get the faces of the other.
        self._lock = threading.Lock()
        self._smallest, self._min_score = smallest, -math.inf if min_score is None else min_score

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, uint8, gray or blue-green-red, from left to right; often none."""
        gray = to_gray(picture)
        smallest = smallest_width(self._smallest, gray.shape)
        found = self._search(gray, 1.0, smallest, step=1.1, neighbors=6)
        return distinct([Detection(clip_box(box, *gray.shape[::-1]), score) for box, score in found])

    def detect_quickly(self, gray: np.ndarray, reserve: float = 1.0) -> list[Detection]:
        """Return the same for a frame of a video, from as few pixels as its smallest face needs.

        Where nobody names it, that is one of the size that the network sees. `reserve` leaves it so many times as many
        pixels in width: what is missed with one is often found with another.
        """
        smallest = smallest_width(self._smallest, gray.shape, least=FACE_SIZE)
        scale = min(1.0, reserve * SMALLEST_FACE / smallest)
        found = self._search(gray, scale, least=round(scale * smallest))
        return distinct([Detection(clip_box(box / scale, *gray.shape[::-1]), score) for box, score in found])

    def detect_near(self, gray: np.ndarray, box: Box) -> list[Detection]:
        """Return, alone in a list, the face that lies where one was a moment ago; none if it has gone."""
        left, top, width, height = clip_box(enlarge(box, NEAR_MARGIN), *gray.shape[::-1])
        if min(width, height) < SMALLEST_FACE:
            return []
        scale = min(1.0, NEAR_SIZE / box[2])
        least, most = (round(share * scale * box[2]) for share in NEAR_SIZES)
        found = self._search(gray[top : top + height, left : left + width], scale, least, most)
        place = (left, top, 0, 0)
        faces = [Detection(clip_box(near / scale + place, *gray.shape[::-1]), score) for near, score in found]
        return sorted(faces, key=lambda face: math.dist(middle(box), middle(face.box)))[:1]

    def _search(
        self,
        gray: np.ndarray,
        scale: float,
        least: int,
        most: int = 0,
        step: float = QUICK_STEP,
        neighbors: int = QUICK_NEIGHBORS,
    ) -> list[tuple[np.ndarray, float]]:
        """Return (box, score) in the shrunken picture, `least` to `most` pixels wide there (`most` 0: of any width)."""
        smallest = max(SMALLEST_FACE, least)
        largest = max(SMALLEST_FACE, most) if most else 0
        with self._lock:
            boxes, _, weights = self._cascade.detectMultiScale3(
                shrink(gray, scale),
                scaleFactor=step,
                minNeighbors=neighbors,
                minSize=(smallest, smallest),
                maxSize=(largest, largest),
                outputRejectLevels=True,
            )
        found = zip(np.asarray(boxes), np.ravel(weights).tolist(), strict=True)
        return [(box, score) for box, score in found if score >= self._min_score]

    def is_nearby_cheaper(self, shape: tuple[int, ...], faces: int) -> bool:
        """Return whether looking near so many faces takes fewer pixels than the whole frame."""
        scale = SMALLEST_FACE / smallest_width(self._smallest, shape, least=FACE_SIZE)
        return faces * (NEAR_SIZE * (1 + 2 * NEAR_MARGIN)) ** 2 < shape[0] * shape[1] * scale**2
