"""Faces made unrecognisable in what is shown and written."""

from collections.abc import Sequence

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box, clip_box, enlarge
from emotion_recognition.faces.tracking import REMEMBERED_SECONDS
from emotion_recognition.recogniser import Face

# What people who blur faces easily forget.
NOTE = (
    "Faces are blurred in what is shown and written. The numbers remain personal data, and a face that is not found is "
    "not blurred: look at the pictures before you pass them on."
)
# Of each face so many blocks remain in width and height: fewer pixels than any face recogniser takes.
BLOCKS = 6
# Hair, ears and chin lie outside the box, and people are known by them too.
MARGIN = 0.25


def blur_faces(picture: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), in which each box, and a margin, is 6x6 even blocks."""
    blurred = picture.copy()
    for box in boxes:
        x, y, width, height = clip_box(enlarge(box, MARGIN), picture.shape[1], picture.shape[0])
        # A face that was lost may lie outside, where a stream has changed its size.
        if min(width, height) <= 0:
            continue
        area = blurred[y : y + height, x : x + width]
        blocks = cv2.resize(area, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
        area[:] = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)
    return blurred


class VideoBlur:
    """Blurs the faces in the frames of a video.

    A face that is lost stays blurred where it was while its number is kept: most often it has only turned away.
    """

    def __init__(self) -> None:
        self._last: dict[int, tuple[Box, float]] = {}

    def blur(self, picture: np.ndarray, faces: list[Face], seconds: float) -> np.ndarray:
        """Return a copy of the frame at this time, uint8 (height, width, 3), with its faces blurred."""
        return blur_faces(picture, self.boxes(faces, seconds))

    def boxes(self, faces: Sequence[Face], seconds: float) -> list[Box]:
        """Return what is to be blurred in the frame at this time: its faces, and those that were lost of late."""
        seen = {face.track: (face.box, seconds) for face in faces if face.track is not None}
        self._last = {
            track: (box, time) for track, (box, time) in self._last.items() if seconds - time <= REMEMBERED_SECONDS
        } | seen
        lost = [box for track, (box, _) in self._last.items() if track not in seen]
        return lost + [face.box for face in faces]
