"""Where networks with attention look: what a spatial transformer samples, and what a spatial mask lets pass."""

import cv2
import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.explanation.occlusion import Faces, Maps
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models.layers import SpatialTransformer


def sampled_corners(network: keras.Model, faces: Faces) -> npt.NDArray[np.floating] | None:
    """Return where a spatial transformer looks: the corners of what it samples, float (n, 4, 2), x and y in pixels.

    They go round from the upper left of the sampled picture; None for a network without such a layer.
    """
    transformer = next((layer for layer in network.layers if isinstance(layer, SpatialTransformer)), None)
    if transformer is None:
        return None
    affine = compute(network, transformer.input[1], faces).reshape(-1, 2, 3)
    # In the transformer's coordinates, from the centre of the first pixel to that of the last.
    corners = np.array([(-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)])
    return (corners @ affine.transpose(0, 2, 1) + 1) * (FACE_SIZE - 1) / 2


def spatial_masks(network: keras.Model, faces: Faces) -> Maps | None:
    """Return what an attentional network's layer `spatial_mask` lets pass, 0 to 1; None for a network without it."""
    mask = next((layer for layer in network.layers if layer.name == "spatial_mask"), None)
    return None if mask is None else enlarged(compute(network, mask.output, faces)[..., 0])


def compute(network: keras.Model, output: keras.KerasTensor, faces: Faces) -> npt.NDArray[np.float32]:
    """Return what the network computes at one of its tensors, (n, ...)."""
    pictures = np.asarray(faces, np.float32)[..., np.newaxis]
    return np.asarray(keras.Model(network.inputs[0], output).predict_on_batch(pictures))


def enlarged(maps: npt.NDArray[np.float32]) -> Maps:
    """Return maps of any size, float32 (n, height, width), in the size of the faces."""
    sized = [cv2.resize(each, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_LINEAR) for each in maps]
    return np.array(sized, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE)
