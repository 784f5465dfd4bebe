"""Several views of one face: the mean of what is read in them says more than one, and depends less on its box."""

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box
from emotion_recognition.images import FACE_SIZE, to_face


def lattice(number: int, step: float) -> list[tuple[float, float, bool]]:
    """Return an even number of shifts around the box, no two in one row or column, every second one mirrored.

    A network goes over a face in steps of several pixels, and answers a little differently from each place in a step:
    evenly spread shifts average over all these places. These are good lattice points (Korobov, 1959); rows and columns
    lie one `step` apart, a part of the box's width and height.
    """
    size = number + 1
    half = (size + 1) // 2
    points = [(x, x * half % size) for x in range(1, size)]
    return [((x - size / 2) * step, (y - size / 2) * step, x % 2 == 0) for x, y in points]


# (right, down, whether mirrored) of each view, in parts of the box: benchmarks/views.py compares them. Eight are spread
# over 9.6 pixels of the face, which is one step of model.h5's last layers.
VIEWS = {
    1: [(0.0, 0.0, False)],
    2: [(0.0, 0.0, False), (0.0, 0.0, True)],
    4: lattice(4, 1.5 / FACE_SIZE),
    8: lattice(8, 9.6 / 8 / FACE_SIZE),
}
# Eight views cost twice as much as four, and depend less on how the box lies.
DEFAULT_VIEWS = 8


def crop_views(gray: np.ndarray, box: Box, number: int) -> list[np.ndarray]:
    """Cut 1, 2, 4 or 8 views of a face out of a gray picture; each is uint8 (48, 48).

    Beyond the edge of the picture, its outermost pixels are repeated.
    """
    x, y, width, height = box
    crops = []
    for right, down, is_mirrored in VIEWS[number]:
        # In whole pixels, so that none is blurred by interpolation.
        left, top = x + round(right * width), y + round(down * height)
        view = cv2.getRectSubPix(gray, (width, height), (left + (width - 1) / 2, top + (height - 1) / 2))
        crops.append(to_face(view)[:, ::-1] if is_mirrored else to_face(view))
    return crops
