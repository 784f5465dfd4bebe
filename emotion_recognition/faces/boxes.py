"""Boxes of faces: how they lie to each other, and what they cut out of a picture.

A box is (x, y, width, height) in pixels, x and y being its upper left corner.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.images import to_face

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Detection:
    """A face that a detector has found.

    `score` is how sure the detector was, in its own measure: higher is surer. `landmarks` are five points (x, y) in
    pixels, where the detector gives them: the eyes, the tip of the nose and the corners of the mouth, each pair from
    left to right in the picture.
    """

    box: Box
    score: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None


# In pixels, of boxes as FER-2013's crops have them: both detectors know faces of this size and more.
SMALLEST_FACE = 24
# Most of what is narrower than the shorter side of a picture divided by this is no face.
SIDE_DIVISOR = 20
# A box of which a larger one covers more than this part is a mouth or a collar, or the same face once more.
LARGEST_PART_INSIDE = 0.5
# In pixels of width and height.
SMALLEST_CROP = 20


def shared_pixels(box: Box, other: Box) -> int:
    """Return how many pixels two boxes share."""
    width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return max(0, width) * max(0, height)


def overlap(box: Box, other: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    shared = shared_pixels(box, other)
    return shared / (box[2] * box[3] + other[2] * other[3] - shared)


def distinct(found: list[Detection]) -> list[Detection]:
    """Return the faces from left to right, without those that lie for the most part inside a larger one."""
    kept: list[Detection] = []
    for face in sorted(found, key=lambda face: -face.box[2] * face.box[3]):
        most = LARGEST_PART_INSIDE * face.box[2] * face.box[3]
        if all(shared_pixels(face.box, larger.box) <= most for larger in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.box)


def clip_box(box: Sequence[float] | np.ndarray, width: int, height: int) -> Box:
    """Return the part of a box (four numbers of any kind) that is inside a picture of this size.

    Where none is, the width or the height is zero or less.
    """
    x, y, box_width, box_height = (round(float(value)) for value in box)
    left, top = max(0, x), max(0, y)
    return left, top, min(width, x + box_width) - left, min(height, y + box_height) - top


def enlarge(box: Box, margin: float) -> tuple[float, float, float, float]:
    """Return the box with a margin, as a part of its width and height, on every side."""
    x, y, width, height = box
    return x - margin * width, y - margin * height, (1 + 2 * margin) * width, (1 + 2 * margin) * height


def smallest_width(wanted: int | None, shape: tuple[int, ...], least: int = SMALLEST_FACE) -> int:
    """Return the width of the smallest face to find in a picture (height, width): `wanted`, else `least` or more."""
    return max(SMALLEST_FACE, wanted) if wanted else max(least, min(shape) // SIDE_DIVISOR)


def whole_box(picture: np.ndarray) -> Box:
    """Return the box of a whole picture."""
    return 0, 0, picture.shape[1], picture.shape[0]


def find_or_whole(
    find: Callable[[np.ndarray], list[Detection]], picture: np.ndarray, whole: str = "never"
) -> list[Detection]:
    """Return the faces that `find` finds in a picture, uint8, gray or blue-green-red, or the whole picture as one.

    `whole` says when the picture itself is taken as one face: never, auto (where no face is found), or always.
    """
    found = [] if whole == "always" else find(picture)
    is_whole = whole == "always" or (whole == "auto" and not found)
    return [Detection(whole_box(picture))] if is_whole else found


def refuse_small(boxes: list[Box]) -> None:
    """Refuse boxes of fewer than 20 pixels in width or height: enlarged to 48, no expression is left to read."""
    for _, _, width, height in boxes:
        if min(width, height) < SMALLEST_CROP:
            sizes = f"{width}x{height} pixels; {SMALLEST_CROP} in width and height are the least"
            raise UserError(f"Too small to be read as a face ({sizes}): give a larger picture.")


def crop_face(gray: np.ndarray, box: Box) -> np.ndarray:
    """Cut a box out of a gray picture and scale it to uint8 (48, 48).

    No margin is added: the box of a detector and FER-2013's own crop coincide.
    """
    x, y, width, height = box
    return to_face(gray[y : y + height, x : x + width])


def middle(box: Box) -> tuple[float, float]:
    """Return the middle of a box."""
    return box[0] + box[2] / 2, box[1] + box[3] / 2


def shrink(gray: np.ndarray, scale: float) -> np.ndarray:
    """Return a gray picture, uint8 (height, width), shrunk by a scale; as it is where that is 1 or more."""
    if scale >= 1:
        return gray
    size = [max(1, round(scale * pixels)) for pixels in gray.shape[::-1]]
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
