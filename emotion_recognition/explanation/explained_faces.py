"""Faces to explain: those in people's pictures, and the labelled ones of a data folder; uint8 (n, 48, 48), gray."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.evaluation.results import read_faces
from emotion_recognition.explanation.occlusion import Faces
from emotion_recognition.faces.boxes import Box, crop_face, find_or_whole, refuse_small
from emotion_recognition.faces.detectors import open_detector
from emotion_recognition.images import read_picture, to_gray
from emotion_recognition.labels import canonical

# Rows of a figure: more would make it larger than PNG files can be.
MOST_FACES = 200
# Of a picture in a figure, in pixels.
LONGEST_SIDE = 400


class Place(NamedTuple):
    """Where a face is: its picture, shrunk, uint8 (height, width, 3), blue-green-red, and its box there."""

    picture: npt.NDArray[Any]
    box: Box


def place_of(emotion: str, emotions: tuple[str, ...]) -> int:
    """Return the place of an emotion, however it is spelled; UserError where it is none of `emotions`."""
    try:
        return emotions.index(canonical(emotion))
    except ValueError as error:
        raise UserError(f"The model does not know {emotion}: choose from {', '.join(emotions)}.") from error


def find(
    paths: Sequence[str | Path], whole: str = "never", detector_name: str | Path = "haar"
) -> tuple[Faces, list[str], list[Place]]:
    """Return the faces in picture files, what to call each, and where it is; UserError names a picture without any.

    `whole` is that of `faces.boxes.find_or_whole`, `detector_name` that of `faces.detectors.open_detector`. More than
    `MOST_FACES` are refused.
    """
    faces, names, places, detector = [], [], [], open_detector(detector_name)
    for path in paths:
        if Path(path).is_dir():
            raise UserError(f"{path} is a folder: name the pictures in it, or, for labelled faces, give it as --data.")
        picture = read_picture(path)
        gray = to_gray(picture)
        boxes = [face.box for face in find_or_whole(detector.detect, gray, whole)]
        if not boxes:
            raise UserError(f"{path}: no face found; --whole auto reads such a picture as one face.")
        refuse_small(boxes)
        faces += [crop_face(gray, box) for box in boxes]
        names += [f"{Path(path).name}, face {number}" for number in range(1, len(boxes) + 1)]
        places += place_boxes(picture, boxes)
    if len(faces) > MOST_FACES:
        raise UserError(f"{len(faces)} faces are too many for one figure: name fewer pictures at once.")
    return np.array(faces), names, places


def place_boxes(picture: npt.NDArray[Any], boxes: Sequence[Box]) -> list[Place]:
    """Return where faces are in a picture, uint8 (height, width, 3); it is shrunk where it is large."""
    scale = min(1.0, LONGEST_SIDE / max(picture.shape[:2]))
    width, height = (max(1, round(scale * side)) for side in picture.shape[1::-1])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return [
        Place(small, (round(scale * x), round(scale * y), round(scale * w), round(scale * h))) for x, y, w, h in boxes
    ]


def read(data: str | Path, split: str, emotions: tuple[str, ...]) -> tuple[Faces, npt.NDArray[np.integer]]:
    """Return the faces of a split and their labels, int (n,), places in `emotions`, shuffled always alike."""
    faces = read_faces(data, [split], emotions).faces
    order = np.random.default_rng(0).permutation(len(faces))
    return faces.pictures[order, :, :, 0], faces.labels[order]
