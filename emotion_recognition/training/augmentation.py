"""How training pictures are varied: each is warped and lit at random, and of half of them a part is covered."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Faces = npt.NDArray[np.uint8]
Views = npt.NDArray[np.float32]

COVERED_PICTURES = 0.5
SMALLEST_COVER, LARGEST_COVER = 0.1, 0.4  # of the width and height


def augment(pictures: Faces, generator: np.random.Generator) -> Views:
    """Return varied copies of faces, uint8 (n, 48, 48, 1), as float32 of the same shape, 0 to 255.

    The warps stay mild: a face that is turned or moved further would not look like what a detector cuts out.
    """
    number, size = pictures.shape[:2]
    matrices = random_warps(number, size, size, generator, rotation=10.0, scales=(0.9, 1.1), shift=0.06)
    curves = random_tone_curves(number, generator)
    views = np.empty((number, size, size), np.float32)
    for picture, curve, matrix, view in zip(pictures, curves, matrices, views, strict=True):
        lit = cv2.LUT(picture, curve)
        view[:] = cv2.warpAffine(lit, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    cover(views, generator)
    return views[..., np.newaxis]


def enlarged_views(size: int) -> Callable[[Faces, np.random.Generator], Views]:
    """Return a function that varies faces, uint8 (n, 48, 48, 1), and enlarges them: float32 (n, size, size, 1).

    Each face goes through one cubic warp, so that it is not blurred twice. The warps go further than those of
    `augment`: a large network, or one with a teacher, would soon know the pictures by heart. Half of the faces are lit
    as they are in FER-2013.
    """

    def vary(pictures: Faces, generator: np.random.Generator) -> Views:
        number, face_size = pictures.shape[:2]
        matrices = random_warps(number, face_size, size, generator, rotation=15.0, scales=(0.8, 1.25), shift=3.5 / 48)
        curves = random_tone_curves(number, generator)
        curves[generator.uniform(0, 1, number) < 0.5] = np.arange(256)
        views = np.empty((number, size, size), np.float32)
        for picture, curve, matrix, view in zip(pictures, curves, matrices, views, strict=True):
            lit = cv2.LUT(picture, curve)
            view[:] = cv2.warpAffine(lit, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        cover(views, generator)
        return views[..., np.newaxis]

    return vary


def enlarged(pictures: Faces, size: int) -> Views:
    """Return faces, uint8 (n, 48, 48, 1), as float32 (n, size, size, 1), not varied."""
    matrix = cubic_matrix(size, pictures.shape[1])
    return (matrix @ pictures[..., 0].astype(np.float32) @ matrix.T)[..., np.newaxis]


def cubic_matrix(size: int, face_size: int = 48) -> npt.NDArray[np.float32]:
    """Return the matrix (size, face_size) that enlarges the columns of a face by cubic convolution (Keys, 1981)."""
    place = (np.arange(size) + 0.5) * face_size / size - 0.5
    matrix = np.zeros((size, face_size), np.float32)
    for neighbour in range(-1, 3):
        pixel = np.floor(place).astype(int) + neighbour
        away = np.abs(place - pixel)
        # With -0.75, as in OpenCV's warps.
        near, far = 1.25 * away**3 - 2.25 * away**2 + 1, -0.75 * (away**3 - 5 * away**2 + 8 * away - 4)
        np.add.at(matrix, (np.arange(size), pixel.clip(0, face_size - 1)), np.where(away <= 1, near, far))
    return matrix


def random_warps(
    number: int,
    face_size: int,
    view_size: int,
    generator: np.random.Generator,
    *,
    rotation: float,
    scales: tuple[float, float],
    shift: float,
) -> npt.NDArray[np.float64]:
    """Return affine matrices, float64 (number, 2, 3), from pixels of faces to those of their views; half mirror them.

    `rotation` (degrees) and `shift` (of the width and height) are the largest to either side.
    """
    angle = np.deg2rad(generator.uniform(-rotation, rotation, number))
    scale = generator.uniform(scales[0], scales[1], number) * view_size / face_size
    shifts = generator.uniform(-shift, shift, (number, 2)) * view_size
    mirror = generator.choice((-1.0, 1.0), number)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[mirror * cosine, -sine], [mirror * sine, cosine]]).transpose(2, 0, 1)
    # The centre of the face becomes that of the view, but for the shift.
    offset = (view_size - 1) / 2 + shifts - linear @ np.full(2, (face_size - 1) / 2)
    return np.concatenate([linear, offset[..., np.newaxis]], axis=2)


def random_tone_curves(number: int, generator: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return what becomes of every gray level, uint8 (number, 256): a gamma for each picture, and a contrast.

    Cameras and scanners give darker, brighter, flatter and harder pictures than those of FER-2013.
    """
    gamma = 2.0 ** generator.uniform(-1, 1, (number, 1))
    contrast = generator.uniform(0.6, 1.4, (number, 1))
    levels = (np.arange(256) / 255) ** gamma
    return np.round(255 * np.clip(0.5 + contrast * (levels - 0.5), 0, 1)).astype(np.uint8)


def cover(views: Views, generator: np.random.Generator) -> None:
    """Cover a rectangle in half of the views, float32 (n, height, width), with one random gray level each, in place.

    So the network learns to read an emotion from every part of a face (random erasing: Zhong et al., 2020).
    """
    number, size = len(views), np.array(views.shape[1:])
    is_covered = generator.uniform(0, 1, number) < COVERED_PICTURES
    extents = np.round(generator.uniform(SMALLEST_COVER, LARGEST_COVER, (number, 2)) * size).astype(int)
    corners = (generator.uniform(0, 1, (number, 2)) * (size - extents + 1)).astype(int)
    levels = generator.uniform(0, 255, number)
    for index in np.flatnonzero(is_covered):
        (top, left), (height, width) = corners[index], extents[index]
        views[index, top : top + height, left : left + width] = levels[index]
