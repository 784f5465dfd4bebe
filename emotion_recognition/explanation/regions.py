"""Regions of a face's crop, and how much of a map lies in each."""

import numpy as np

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


def region_masks() -> dict[str, np.ndarray]:
    """Return the pixels of each region, bool (48, 48); every pixel of the crop belongs to exactly one."""
    y, x = (np.mgrid[:FACE_SIZE, :FACE_SIZE] + 0.5) / FACE_SIZE
    centre_x, centre_y, half_width, half_height = FACE
    is_face = ((x - centre_x) / half_width) ** 2 + ((y - centre_y) / half_height) ** 2 <= 1
    masks = {
        name: is_face & (left < x) & (x < right) & (top < y) & (y < bottom)
        for name, (left, top, right, bottom) in BOXES.items()
    }
    return {**masks, CHEEKS: is_face & ~np.any(list(masks.values()), axis=0), OUTSIDE: ~is_face}


def shares(importance) -> dict[str, float]:
    """Return which share of a map's importance, (48, 48), lies in each region; what is below 0 counts as 0.

    The shares add up to 1, or are all 0 where no pixel is above 0.
    """
    importance = np.maximum(importance, 0)
    total = importance.sum() or 1
    return {name: float(importance[mask].sum() / total) for name, mask in region_masks().items()}


def mean_maps(method, faces, labels, emotions, most) -> tuple[dict, dict, dict]:
    """Return by emotion the mean face, the mean map of a method, both (48, 48), and of how many faces.

    At most the first `most` faces of an emotion are taken; an emotion without faces is left out.
    """
    means, maps, numbers = {}, {}, {}
    for label, emotion in enumerate(emotions):
        chosen = np.flatnonzero(labels == label)[:most]
        if len(chosen):
            print(f"{emotion}: {len(chosen)} faces", flush=True)
            means[emotion] = faces[chosen].mean(axis=0)
            maps[emotion] = method(faces[chosen], labels[chosen]).mean(axis=0)
            numbers[emotion] = len(chosen)
    return means, maps, numbers


def share_table(maps: dict[str, np.ndarray]) -> list[str]:
    """Return lines with the shares of each map, and of one that is the same everywhere: the share of the area."""
    lines = [" " * 12 + "".join(f"{name:>21}" for name in region_masks())]
    for name, importance in {**maps, "(area)": np.ones((FACE_SIZE, FACE_SIZE))}.items():
        lines.append(f"{name:12}" + "".join(f"{share:21.1%}" for share in shares(importance).values()))
    return lines
