"""The pictures that models are judged on, and what one model says about them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from emotion_recognition.datasets import folders
from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.errors import UserError
from emotion_recognition.evaluation import metrics

# FER-2013's own names of the splits, told by the names of the files that dataset_prepare.py writes.
FER2013_NAME = re.compile(r"\w+/fer\d{7}\.png")
RELEASED_NAMES = {"train": " (Training)", "validation": " (PublicTest)", "test": " (PrivateTest)"}


@dataclass(frozen=True)
class JudgedFaces:
    """Labelled faces of one split or several.

    `splits` names the split of each face, str (n,); `copied` tells which also occur in training, bool (n,), or is None:
    not known, or of no interest. `left_out` counts pictures of emotions that nobody has asked for.
    """

    faces: Pictures
    splits: npt.NDArray[np.str_]
    copied: npt.NDArray[np.bool_] | None
    left_out: int = 0

    @property
    def titles(self) -> dict[str, str]:
        """What people call each split."""
        is_fer2013 = all(map(FER2013_NAME.fullmatch, self.faces.names))
        names = {split: split + (released if is_fer2013 else "") for split, released in RELEASED_NAMES.items()}
        return {**names, "both": "both together"}


def recut(pictures: npt.NDArray[np.uint8], times: float) -> npt.NDArray[np.uint8]:
    """Return pictures, uint8 (n, height, width, 1), as a box `times` as wide would cut them out.

    Where that is beyond a picture's edge, the edge goes on.
    """
    if times == 1:
        return pictures
    height, width = pictures.shape[1:3]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 0, 1 / times)
    cut = np.empty_like(pictures)
    for picture, wider in zip(pictures, cut, strict=True):
        wider[..., 0] = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cut


def read_faces(data: str | Path, splits: Iterable[str], emotions: Iterable[str]) -> JudgedFaces:
    """Read the faces of these emotions in those splits of `data` that are there; UserError where there is no picture.

    The labels are places in `emotions`.
    """
    emotions = tuple(emotions)
    read = {split: folders.read_split(data, split) for split in splits}
    known = {split: faces.of_emotions(emotions) for split, faces in read.items() if faces is not None}
    found = {split: faces for split, faces in known.items() if len(faces)}
    if not found:
        where, of_what = " or ".join(read), ", ".join(emotions)
        raise UserError(f"{data} holds no pictures in `{where}` of {of_what}: name another --data or --split.")
    all_faces = Pictures(
        np.concatenate([faces.pictures for faces in found.values()]),
        np.concatenate([faces.labels for faces in found.values()]),
        np.concatenate([faces.names for faces in found.values()]),
        emotions,
    )
    names = {split: folders.read_trained_names(data, split) for split in found if split != "train"}
    copied = None
    if names and None not in names.values():
        # Training pictures are no copies of themselves.
        copied = np.concatenate([np.isin(faces.names, names.get(split) or []) for split, faces in found.items()])
    total = sum(len(faces) for faces in read.values() if faces is not None)
    return JudgedFaces(
        all_faces, np.repeat(list(found), [len(faces) for faces in found.values()]), copied, total - len(all_faces)
    )


@dataclass(frozen=True)
class Result:
    """What one model (or the mean of several) says about faces: float (n, emotions), in the order of their emotions.

    `training` is the record in the model's file.
    """

    model: str
    training: dict[str, Any]
    judged: JudgedFaces
    probabilities: metrics.Probabilities

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the order of the probabilities."""
        return self.judged.faces.emotions

    @cached_property
    def parts(self) -> dict[str, npt.NDArray[np.bool_]]:
        """The faces of each split, bool (n,), and of both together."""
        splits = self.judged.splits
        parts = {str(split): splits == split for split in dict.fromkeys(splits)}
        return parts if len(parts) == 1 else {**parts, "both": np.full(len(splits), True)}

    @property
    def shown(self) -> str:
        """The split that the pictures show."""
        return "test" if "test" in self.parts else next(iter(self.parts))

    @cached_property
    def metrics(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{split: {"all": metrics, "without_copies": metrics}}; the latter is missing where no face is left for it."""
        measured = {split: {"all": self._measure(part)} for split, part in self.parts.items()}
        for split, part in self.parts.items():
            if self.judged.copied is not None and (part & ~self.judged.copied).any():
                measured[split]["without_copies"] = self._measure(part & ~self.judged.copied)
        return measured

    def _measure(self, chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return metrics.measure(self.probabilities[chosen], self.judged.faces.labels[chosen])

    def most_confidently_wrong(self, most: int = 24) -> list[tuple[np.ndarray, str, str, float]]:
        """Return (picture, name, emotion seen, its probability) of wrong faces of the split shown, the surest first."""
        faces, confidences = self.judged.faces, self.probabilities.max(axis=1)
        seen = self.probabilities.argmax(axis=1)
        wrong = np.flatnonzero(self.parts[self.shown] & (seen != faces.labels))
        first = wrong[np.argsort(-confidences[wrong], kind="stable")][:most]
        return [
            (faces.pictures[each], str(faces.names[each]), self.emotions[seen[each]], float(confidences[each]))
            for each in first
        ]
