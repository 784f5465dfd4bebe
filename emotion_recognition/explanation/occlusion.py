"""Which parts of a face decide: maps of importance, for any network that reads faces of this form.

Faces are uint8 (n, 48, 48), gray; `chosen` is int (n,): of each face, the place of the emotion that is explained among
the outputs. Maps are float32 (n, 48, 48), one value for each pixel of the faces.
"""

import cv2
import keras
import numpy as np

from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models.layers import SpatialTransformer

# In pixels; how they were chosen is told in `occlusion_maps`.
PATCH, STRIDE, BLUR = 8, 4, 5.0
# Of a live view: fewer and larger patches, half the work (deletion area 0.166 instead of 0.160).
QUICK_PATCH, QUICK_STRIDE = 12, 6
# So many patches are classified at once: the faces of the next frame get their turn soon.
PATCHES_AT_ONCE = 16


def occlusion_maps(classify, faces, chosen, patch=PATCH, stride=STRIDE) -> np.ndarray:
    """Return by how much the emotion's probability falls where a patch covers the face (Zeiler and Fergus, 2014, 4.2).

    `classify` turns faces into probabilities (n, emotions); it is called once for each face, with all its patches. The
    value of a pixel is the mean fall over the patches that cover it: -1 to 1, below 0 where the emotion becomes more
    probable. Under the patch the face is blurred.

    Chosen by the deletion area (see `explanation_check`) on 100 PublicTest faces with the first model.h5: 0.160. It is
    0.157 with the mean gray under the patch, 0.167 and 0.159 with a blur of 3 and 10, 0.159 with patches of 12 pixels
    and 0.166 with those in steps of 6: little depends on it, and small patches show more detail. Where parts are
    deleted by blurring them instead, this blur is better than the gray (0.155 and 0.172).
    """
    patches = make_patches(patch, stride)
    coverings = patches.sum(axis=0)
    maps = []
    for face, covered, emotion in zip(faces, blurred(faces), chosen, strict=True):
        views = np.concatenate([face[np.newaxis], np.where(patches, covered, face)])
        probabilities = classify(views)[:, emotion]
        maps.append(np.tensordot(probabilities[0] - probabilities[1:], patches, axes=1) / coverings)
    return np.array(maps, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE)


def make_patches(patch=PATCH, stride=STRIDE) -> np.ndarray:
    """Return which pixels each patch covers, bool (patches, 48, 48); those at the border lie partly outside."""
    corners = range(stride - patch, FACE_SIZE, stride)
    patches = np.zeros((len(corners), len(corners), FACE_SIZE, FACE_SIZE), bool)
    for row, top in enumerate(corners):
        for column, left in enumerate(corners):
            patches[row, column, max(0, top) : top + patch, max(0, left) : left + patch] = True
    return patches.reshape(-1, FACE_SIZE, FACE_SIZE)


def blurred(faces) -> np.ndarray:
    """Return the faces without their details, of the same shape."""
    return np.array([cv2.GaussianBlur(face, (0, 0), BLUR) for face in faces])


def sampled_corners(network, faces) -> np.ndarray | None:
    """Return where a spatial transformer looks: the corners of what it samples, float (n, 4, 2), x and y in pixels.

    They go round from the upper left of the sampled picture; None for a network without such a layer.
    """
    transformer = next((layer for layer in network.layers if isinstance(layer, SpatialTransformer)), None)
    if transformer is None:
        return None
    affine = predict(network, transformer.input[1], faces).reshape(-1, 2, 3)
    # In the transformer's coordinates, from the centre of the first pixel to that of the last.
    corners = np.array([(-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)])
    return (corners @ affine.transpose(0, 2, 1) + 1) * (FACE_SIZE - 1) / 2


def spatial_masks(network, faces) -> np.ndarray | None:
    """Return what an attentional network's layer `spatial_mask` lets pass, 0 to 1; None for a network without it."""
    mask = next((layer for layer in network.layers if layer.name == "spatial_mask"), None)
    return None if mask is None else enlarged(predict(network, mask.output, faces)[..., 0])


def predict(network, output, faces) -> np.ndarray:
    """Return what the network computes at a tensor of its own."""
    pictures = np.asarray(faces, np.float32)[..., np.newaxis]
    return np.asarray(keras.Model(network.inputs, output).predict_on_batch(pictures))


def enlarged(maps) -> np.ndarray:
    """Return maps of any size, float32 (n, height, width), in the size of the faces."""
    sized = [cv2.resize(each, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_LINEAR) for each in maps]
    return np.array(sized, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE)


def quick_map(classifier, face: np.ndarray, emotion: str) -> np.ndarray:
    """Return the map of one face, uint8 (48, 48), for a live view: coarser, in half the time, a few patches at once."""

    def classify(faces):
        parts = range(0, len(faces), PATCHES_AT_ONCE)
        return np.concatenate([classifier.probabilities(faces[part : part + PATCHES_AT_ONCE]) for part in parts])

    place = classifier.emotions.index(emotion)
    return occlusion_maps(classify, [face], [place], QUICK_PATCH, QUICK_STRIDE)[0]
