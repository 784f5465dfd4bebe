"""The detectors behind one interface: by name, by file, or a function of one's own; in pictures and in videos."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.faces import yunet
from emotion_recognition.faces.boxes import SMALLEST_CROP, Box, Detection, clip_box
from emotion_recognition.faces.haar import CASCADE, HaarDetector
from emotion_recognition.faces.tracking import FaceFinder
from emotion_recognition.images import to_gray

# The detectors that have a name; others are files.
DETECTORS = ("haar", "yunet")

# Of a picture, uint8, gray or blue-green-red as it was given: its faces, each as (x, y, width, height) in pixels.
FindBoxes = Callable[[np.ndarray], Sequence[Sequence[float]]]
# Of a frame, its time in seconds and where faces are expected: its faces.
Finder = Callable[[np.ndarray, float, list[Box]], list[Detection]]


class Detector(Protocol):
    """Finds the faces in a picture, uint8, gray (height, width) or blue-green-red (height, width, 3)."""

    def detect(self, picture: np.ndarray, /) -> list[Detection]:
        """Return the faces from left to right; often none."""


class FunctionDetector:
    """Finds faces with a function of one's own; its boxes are cut at the edges of the picture.

    Those of which too little remains to be read are left out, as a face on its way out of a video.
    """

    def __init__(self, find: FindBoxes) -> None:
        self._find = find

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces from left to right; ValueError where the function gives something else than boxes."""
        found = self._find(picture)
        if any(len(box) != 4 for box in found):
            raise ValueError(f"The detector gave {found!r}: it gives a list of (x, y, width, height), in pixels.")
        height, width = picture.shape[:2]
        boxes = sorted(clip_box(box, width, height) for box in found)
        return [Detection(box) for box in boxes if min(box[2:]) >= SMALLEST_CROP]


def open_detector(
    name: str | Path = "haar", min_face: int | None = None, min_score: float | None = None
) -> HaarDetector | yunet.YuNetDetector:
    """Return a detector: haar, yunet, or a file: a Haar cascade (.xml) or YuNet (.onnx).

    `min_face` is the width of the smallest face that is wanted, in pixels; faces with a score below `min_score` are
    left out. UserError where there is no such file, or this OpenCV cannot run it.
    """
    if name == "haar":
        return HaarDetector(CASCADE, min_face, min_score)
    path = yunet.find_file() if name == "yunet" else Path(name)
    match path.suffix.lower():
        case ".xml":
            return HaarDetector(path, min_face, min_score)
        case ".onnx":
            return yunet.YuNetDetector(path, min_face, min_score)
    raise UserError(f"{name} is no detector: name haar, yunet, a Haar cascade (.xml) or a file of YuNet (.onnx).")


def as_detector(detector: Detector | FindBoxes | str | Path, min_face: int | None = None) -> Detector:
    """Return as a detector what a program gives as one; a name or a file is opened for faces `min_face` pixels wide."""
    if isinstance(detector, str | Path):
        return open_detector(detector, min_face)
    return FunctionDetector(detector) if callable(detector) else detector


def finder_of(detector: Detector) -> Finder:
    """Return what finds the faces in the frames of one video.

    YuNet costs little and looks at every frame, as a function of one's own does; the cascade looks at the whole frame
    now and then (see `FaceFinder`). None of this depends on how fast the machine is.
    """
    if isinstance(detector, HaarDetector):
        finder = FaceFinder(detector)
        return lambda frame, seconds, expected: finder.find(to_gray(frame), seconds, expected)
    find = detector.detect_quickly if isinstance(detector, yunet.YuNetDetector) else detector.detect
    return lambda frame, seconds, expected: find(frame)
