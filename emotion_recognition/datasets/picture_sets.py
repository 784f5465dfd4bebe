"""What data sets of picture files have in common: faces are cut out, and split by person, picture by picture."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emotion_recognition.datasets import splits
from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Detection, crop_face, find_or_whole
from emotion_recognition.images import read_picture, to_gray


@dataclass(frozen=True)
class Listed:
    """A picture file of a data set, its emotion, and the person (or character) it shows: None where nothing says so."""

    path: Path
    emotion: str | None
    person: str | None = None


@dataclass
class PictureSet:
    """A data set of picture files; iterating gives a `Sample` or a `Rejected` for each. UserError where it holds none.

    Each kind of data set says in `list_pictures` which files it has, and in `deal` how they are split. Its fields are
    the flags of dataset_prepare.py that have a meaning for it. `find_faces` finds the faces in a gray picture, uint8
    (height, width). `whole` says when a picture is itself the face: never, auto (where no face is found), or always.
    """

    source: Path
    find_faces: Callable[[np.ndarray], list[Detection]]
    only_test: bool = False
    seed: int = 0
    whole: str = "never"
    listed: list[Listed] = field(init=False, repr=False)
    split: Callable[[Listed, int], str] = field(init=False, repr=False)
    description: str = field(init=False)

    unit: ClassVar[str] = "pictures"
    one_face_only: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.source.is_dir():
            raise UserError(f"{self.source} is no folder: name the folder of the data set.")
        self.listed = self.list_pictures()
        known = [each for each in self.listed if each.emotion]
        if not known:
            raise UserError(f"{self.source} holds no pictures in the form of this data set: see docs/datasets.md.")
        if self.only_test:
            self.split, self.description = (lambda each, number: "test"), "all for testing"
        else:
            self.split, self.description = self.deal(known)

    def list_pictures(self) -> list[Listed]:
        """Return the files of the data set; those whose name tells no emotion will be rejected."""
        raise NotImplementedError

    def deal(self, known: list[Listed]) -> tuple[Callable[[Listed, int], str], str]:
        """Return how the pictures are split, as a function and in words.

        The function takes a picture and how many faces of its emotion were found before, and returns its split.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[Sample | Rejected]:
        found: Counter[str] = Counter()
        for each in self.listed:
            face = self.read_face(each)
            if isinstance(face, str) or each.emotion is None:
                yield Rejected(str(each.path), str(face))
                continue
            # With its suffix, since one folder may hold a.jpg and a.png.
            name = f"{each.path.stem}_{each.path.suffix[1:]}.png"
            yield Sample(face, each.emotion, self.split(each, found[each.emotion]), name)
            found[each.emotion] += 1

    def read_face(self, listed: Listed) -> np.ndarray | str:
        """Return the face in a picture, uint8 (48, 48), or why there is none; of several faces the largest."""
        if listed.emotion is None:
            return "its name does not tell the person and the emotion"
        try:
            gray = to_gray(read_picture(listed.path))
        except UserError as error:
            return str(error)
        boxes = [face.box for face in find_or_whole(self.find_faces, gray, self.whole)]
        if not boxes:
            return "no face found"
        if self.one_face_only and len(boxes) > 1:
            return f"{len(boxes)} faces found instead of one"
        return crop_face(gray, max(boxes, key=lambda box: box[2]))


@dataclass
class PersonSet(PictureSet):
    """A data set of which it is known whom each picture shows: no person is trained on and tested on.

    `split_pictures` splits by picture instead, as many papers do: then persons are in several splits.
    """

    folds: int = 10
    fold: int = 1
    split_pictures: bool = False

    def deal(self, known: list[Listed]) -> tuple[Callable[[Listed, int], str], str]:
        """Return how the pictures are split, as a function and in words."""
        if self.split_pictures:
            chosen = splits.by_group([each.path for each in known], self.seed, self.folds, self.fold)
            words = "split by picture, which flatters: persons are in several splits"
            return lambda each, number: chosen[each.path], words
        chosen = splits.by_group([each.person for each in known], self.seed, self.folds, self.fold)
        numbers = Counter(chosen.values())
        words = ", ".join(f"{numbers[split]} for {split}" for split in splits.SPLITS)
        return lambda each, number: chosen[each.person], f"split by person: {words}"
