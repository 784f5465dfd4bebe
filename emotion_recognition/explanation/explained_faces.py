"""Faces to explain: those in people's pictures, and the labelled ones of a data folder; uint8 (n, 48, 48), gray."""

from pathlib import Path

import numpy as np

from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import crop_face, find_or_whole
from emotion_recognition.faces.haar import FaceDetector
from emotion_recognition.images import read_picture, to_gray


def find(paths, whole="never") -> tuple[np.ndarray, list[str]]:
    """Return the faces in picture files, and what to call each; UserError names a picture that holds none.

    `whole` says when a picture is itself the face: never, auto (where no face is found), or always.
    """
    faces, names, detector = [], [], FaceDetector()
    for path in paths:
        if Path(path).is_dir():
            raise UserError(f"{path} is a folder: name the pictures in it, or, for labelled faces, give it as --data.")
        gray = to_gray(read_picture(path))
        boxes = find_or_whole(detector.detect, gray, whole)
        if not boxes:
            raise UserError(f"{path}: no face found; --whole auto reads such a picture as one face.")
        faces += [crop_face(gray, box) for box in boxes]
        names += [f"{Path(path).name}, face {number}" for number in range(1, len(boxes) + 1)]
    return np.array(faces), names


def read(data, split, emotions) -> tuple[np.ndarray, np.ndarray]:
    """Return the faces of a split and their labels, int (n,), places in `emotions`, shuffled always alike."""
    pictures = folders.read_split(data, split)
    pictures = pictures and pictures.of_emotions(emotions)
    if not pictures:
        raise UserError(f"{data} holds no pictures in `{split}`: name another --data or --split.")
    order = np.random.default_rng(0).permutation(len(pictures))
    return pictures.pictures[order, :, :, 0], pictures.labels[order]
