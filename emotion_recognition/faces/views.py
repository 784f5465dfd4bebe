"""Several views of one face: the mean of what is read in them says more than one, and depends less on its box."""

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box, crop_face
from emotion_recognition.images import to_face

# How far the box is shifted, as a part of its width and height.
SHIFT = 0.05

# (right, down, whether mirrored) of each view, in shifts, for so many views: benchmarks/views.py compares them.
VIEWS = {
    1: [(0, 0, False)],
    2: [(0, 0, False), (0, 0, True)],
    4: [(-1, 0, False), (1, 0, False), (0, -1, True), (0, 1, True)],
    8: [(*shift, mirrored) for shift in ((-1, 0), (1, 0), (0, -1), (0, 1)) for mirrored in (False, True)],
}
# Twice as many as four views cost, and half the effect of a shifted box.
DEFAULT_VIEWS = 8


def crop_views(gray: np.ndarray, box: Box, number: int) -> list[np.ndarray]:
    """Cut 1, 2, 4 or 8 views of a face out of a gray picture; each is uint8 (48, 48).

    Beyond the edge of the picture, its outermost pixels are repeated.
    """
    crops = [crop_shifted(gray, box, right, down) for right, down, _ in VIEWS[number]]
    return [crop[:, ::-1] if mirrored else crop for crop, (*_, mirrored) in zip(crops, VIEWS[number], strict=True)]


def crop_shifted(gray: np.ndarray, box: Box, right: int, down: int) -> np.ndarray:
    """Cut a box out that is so many shifts further right and down, and scale it to uint8 (48, 48)."""
    if right == down == 0:
        return crop_face(gray, box)
    x, y, width, height = box
    # In whole pixels, so that none is blurred by interpolation.
    left, top = x + round(right * SHIFT * width), y + round(down * SHIFT * height)
    return to_face(cv2.getRectSubPix(gray, (width, height), (left + (width - 1) / 2, top + (height - 1) / 2)))
