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
from emotion_recognition.faces.boxes import Box, crop_face
from emotion_recognition.images import read_picture, to_gray
from emotion_recognition.labels import canonical
from emotion_recognition.recogniser import EmotionRecogniser, Face

# Rows of a figure: more would make it larger than PNG files can be.
MOST_FACES = 200
# Of a picture in a figure, in pixels.
LONGEST_SIDE = 400


class Place(NamedTuple):
    """Where a face is: its picture, shrunk, uint8 (height, width, 3), blue-green-red, and its box there."""

    picture: npt.NDArray[Any]
    box: Box


class ExplainedFace(NamedTuple):
    """A face in a person's picture file: what is read of it, its crop, uint8 (48, 48), and where it is."""

    source: str
    number: int
    read: Face
    crop: Faces
    place: Place


def known(emotion: str, emotions: tuple[str, ...]) -> str:
    """Return an emotion, however it is spelled, as one of `emotions`; UserError where it is none of them."""
    try:
        return emotions[emotions.index(canonical(emotion))]
    except ValueError as error:
        raise UserError(f"The model does not know {emotion}: choose from {', '.join(emotions)}.") from error


def find(paths: Sequence[str | Path], recogniser: EmotionRecogniser) -> list[ExplainedFace]:
    """Return the faces in picture files, in their order; UserError names a picture without any, or too small.

    More than `MOST_FACES` are refused.
    """
    found = []
    for path in paths:
        if Path(path).is_dir():
            raise UserError(f"{path} is a folder: name the pictures in it, or, for labelled faces, give it as --data.")
        picture = read_picture(path)
        try:
            faces = recogniser.read(picture)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        if not faces:
            raise UserError(f"{path}: no face found; --whole auto reads such a picture as one face.")
        gray, places = to_gray(picture), place_boxes(picture, [face.box for face in faces])
        for number, (face, place) in enumerate(zip(faces, places, strict=True), start=1):
            found.append(ExplainedFace(str(path), number, face, crop_face(gray, face.box), place))
    if len(found) > MOST_FACES:
        raise UserError(f"{len(found)} faces are too many for one figure: name fewer pictures at once.")
    return found


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
