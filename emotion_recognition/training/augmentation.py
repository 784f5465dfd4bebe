"""How training pictures are varied: other lighting and one affine warp for each; a part of every second is covered."""

import cv2
import numpy as np

# The warp stays mild: a face that is turned or moved further would not look like what a detector cuts out.
LARGEST_ROTATION = 10.0  # degrees
LARGEST_SCALING = 0.1  # of the size
LARGEST_SHIFT = 0.06  # of the width and height

# Cameras and scanners give darker, brighter, flatter and harder pictures than those of FER-2013.
LARGEST_GAMMA = 2.0  # its reciprocal is the smallest
LARGEST_CHANGE_OF_CONTRAST = 0.4

COVERED_PICTURES = 0.5
COVERED_EXTENT = (0.1, 0.4)  # of the width and height


def augment(pictures: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return varied copies of pictures, uint8 (n, height, width, 1), as float32 of the same shape, 0 to 255."""
    number, height, width, _ = pictures.shape
    matrices = random_affine_matrices(number, height, width, generator)
    curves = random_tone_curves(number, generator)
    varied = np.empty((number, height, width), np.float32)
    for picture, curve, matrix, result in zip(pictures, curves, matrices, varied, strict=True):
        lit = cv2.LUT(picture, curve)
        result[:] = cv2.warpAffine(lit, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    cover(varied, generator)
    return varied[..., np.newaxis]


def random_affine_matrices(number, height, width, generator) -> np.ndarray:
    """Return affine matrices, float64 (number, 2, 3): rotation, scaling, shift, and half of them mirrored."""
    angle = np.deg2rad(generator.uniform(-LARGEST_ROTATION, LARGEST_ROTATION, number))
    scale = generator.uniform(1 - LARGEST_SCALING, 1 + LARGEST_SCALING, number)
    shift = generator.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, (number, 2)) * (width, height)
    mirror = generator.choice((-1.0, 1.0), number)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[mirror * cosine, -sine], [mirror * sine, cosine]]).transpose(2, 0, 1)
    # The centre of the picture stays in its place, but for the shift.
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = centre + shift - linear @ centre
    return np.concatenate([linear, offset[..., np.newaxis]], axis=2)


def random_tone_curves(number, generator) -> np.ndarray:
    """Return what becomes of every gray level, uint8 (number, 256): a gamma for each picture, and a contrast."""
    gamma = LARGEST_GAMMA ** generator.uniform(-1, 1, (number, 1))
    contrast = generator.uniform(1 - LARGEST_CHANGE_OF_CONTRAST, 1 + LARGEST_CHANGE_OF_CONTRAST, (number, 1))
    levels = (np.arange(256) / 255) ** gamma
    return np.round(255 * np.clip(0.5 + contrast * (levels - 0.5), 0, 1)).astype(np.uint8)


def cover(pictures, generator):
    """Cover a rectangle in some of the pictures, float32 (number, height, width), with one random gray level each.

    So the network learns to read an emotion from every part of a face (random erasing: Zhong et al., 2020).
    """
    number, *size = pictures.shape
    is_covered = generator.uniform(0, 1, number) < COVERED_PICTURES
    extents = np.round(generator.uniform(*COVERED_EXTENT, (number, 2)) * size).astype(int)
    corners = (generator.uniform(0, 1, (number, 2)) * (size - extents + 1)).astype(int)
    levels = generator.uniform(0, 255, number)
    for index in np.flatnonzero(is_covered):
        (top, left), (height, width) = corners[index], extents[index]
        pictures[index, top : top + height, left : left + width] = levels[index]
