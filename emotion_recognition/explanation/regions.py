"""Regions of a face's crop, and how much of a map lies in each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emotion_recognition.explanation.occlusion import Faces, Indices, Maps
from emotion_recognition.images import FACE_SIZE

# Boxes (left, top, right, bottom) and an ellipse (centre x, centre y, half width, half height), as shares of the crop.
# Laid by eye on a mean face of FER-2013 (that of PrivateTest, and looked at again on that of Training, which differs by
# 3 gray levels at most): brows begin at row 11 of 48 and eyes end at row 20, the nose ends at row 32, the cheeks at
# columns 7 and 41.
BOXES = {
    "brows and eyes": (8 / 48, 11 / 48, 40 / 48, 21 / 48),
    "nose": (17 / 48, 21 / 48, 31 / 48, 32 / 48),
    "mouth and chin": (13 / 48, 32 / 48, 35 / 48, 48 / 48),
}
FACE = (24 / 48, 23 / 48, 17 / 48, 26 / 48)
CHEEKS, OUTSIDE = "forehead and cheeks", "outside the face"


def region_masks() -> dict[str, npt.NDArray[np.bool_]]:
    """Return the pixels of each region, bool (48, 48); every pixel of the crop belongs to exactly one."""
    y, x = (np.mgrid[:FACE_SIZE, :FACE_SIZE] + 0.5) / FACE_SIZE
    centre_x, centre_y, half_width, half_height = FACE
    is_face = ((x - centre_x) / half_width) ** 2 + ((y - centre_y) / half_height) ** 2 <= 1
    masks = {
        name: is_face & (left < x) & (x < right) & (top < y) & (y < bottom)
        for name, (left, top, right, bottom) in BOXES.items()
    }
    return {**masks, CHEEKS: is_face & ~np.any(list(masks.values()), axis=0), OUTSIDE: ~is_face}


def shares(importance: npt.NDArray[np.floating]) -> dict[str, float]:
    """Return which share of a map's importance, (48, 48), lies in each region; what is below 0 counts as 0.

    The shares add up to 1, or are all 0 where no pixel is above 0.
    """
    importance = np.maximum(importance, 0)
    total = importance.sum() or 1
    return {name: float(importance[mask].sum() / total) for name, mask in region_masks().items()}


@dataclass(frozen=True)
class MeanMap:
    """The mean face and the mean map of some faces, both float (48, 48), and how many there are."""

    face: npt.NDArray[np.floating]
    importance: npt.NDArray[np.floating]
    number: int


def mean_maps(
    make_maps: Callable[[Faces, Indices], Maps],
    faces: Faces,
    labels: npt.NDArray[np.integer],
    emotions: Sequence[str],
    most: int,
) -> dict[str, MeanMap]:
    """Return what the faces of each emotion have in common; an emotion without faces is left out.

    At most the first `most` faces of an emotion are taken.
    """
    means = {}
    for label, emotion in enumerate(emotions):
        chosen = np.flatnonzero(labels == label)[:most]
        if len(chosen):
            print(f"{emotion}: {len(chosen)} face{'s' * (len(chosen) > 1)}", flush=True)
            maps = make_maps(faces[chosen], labels[chosen])
            means[emotion] = MeanMap(faces[chosen].mean(axis=0), maps.mean(axis=0), len(chosen))
    return means


def share_table(means: dict[str, MeanMap]) -> list[str]:
    """Return lines with the shares of each map, and of one that is the same everywhere: the share of the area."""
    maps = {emotion: mean.importance for emotion, mean in means.items()}
    lines = [" " * 12 + "".join(f"{name:>21}" for name in region_masks())]
    for name, importance in {**maps, "(area)": np.ones((FACE_SIZE, FACE_SIZE))}.items():
        lines.append(f"{name:12}" + "".join(f"{share:21.1%}" for share in shares(importance).values()))
    return lines
