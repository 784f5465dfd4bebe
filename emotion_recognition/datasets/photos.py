"""A person's own photos, in a folder for each emotion -> samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emotion_recognition.datasets import drawings, splits
from emotion_recognition.datasets.folders import find_classes
from emotion_recognition.datasets.picture_sets import Listed, PictureSet
from emotion_recognition.datasets.samples import Rejected, Sample


@dataclass
class Photos(PictureSet):
    """Photos of one face each. Nobody knows whom they show, so they are split one by one.

    `drawn` adds so many drawn faces of each emotion to those for training.
    """

    drawn: int = 0

    one_face_only: ClassVar[bool] = True

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path may hold photos: any folder does that is no known data set."""
        return source.is_dir()

    def list_pictures(self) -> list[Listed]:
        """Return the files in the folders of the emotions, in random order, for they are dealt in turn."""
        listed = list_classes(self.source)
        return [listed[index] for index in np.random.default_rng(self.seed).permutation(len(listed))]

    def deal(self, known: list[Listed]) -> tuple[Callable[[Listed, int], str], str]:
        """Return how the photos are split, as a function and in words."""
        return lambda each, number: splits.of_number(number), "split by picture"

    def __iter__(self) -> Iterator[Sample | Rejected]:
        return drawings.added_to(super().__iter__(), self.drawn, self.seed)


def list_classes(folder: Path) -> list[Listed]:
    """List a folder with one folder per emotion, in any spelling, and every file in it that is not hidden."""
    classes = find_classes(folder)
    files = [(path, emotion) for emotion in classes for path in sorted(classes[emotion].iterdir())]
    return [Listed(path, emotion) for path, emotion in files if not path.name.startswith(".")]
