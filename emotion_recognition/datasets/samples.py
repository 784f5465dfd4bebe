"""What every data set gives: samples, and what holds none."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """One labelled face: picture uint8 (48, 48), name of the emotion, train, validation or test, name of the file.

    `votes` says how many people chose each of `EMOTIONS`, where that is known.
    """

    picture: np.ndarray
    emotion: str
    split: str
    name: str
    votes: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Rejected:
    """A row or a picture that holds no sample, and why."""

    place: int | str
    reason: str
