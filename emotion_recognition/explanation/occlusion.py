"""Occlusion maps: cover parts of a face, and see by how much the emotion's probability falls. For any network."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models.classifier import EmotionClassifier

Faces = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]
Indices = Sequence[int] | npt.NDArray[np.integer]
Classify = Callable[[Faces], npt.NDArray[np.floating]]
"""Turns faces into probabilities, (n, emotions)."""

# In pixels; how they were chosen is told in `occlusion_maps`.
PATCH, STRIDE, BLUR = 8, 4, 5.0
# Of a live view: fewer and larger patches, half the work (deletion area 0.166 instead of 0.160).
QUICK_PATCH, QUICK_STRIDE = 12, 6
# So many patches are classified at once: the faces of the next frame get their turn soon.
PATCHES_AT_ONCE = 16


def occlusion_maps(
    classify: Classify, faces: Sequence[Faces] | Faces, chosen: Indices, patch: int = PATCH, stride: int = STRIDE
) -> Maps:
    """Return by how much the emotion's probability falls where a patch covers the face (Zeiler and Fergus, 2014, 4.2).

    `classify` is called once for each face, with all its patches. The value of a pixel is the mean fall over the
    patches that cover it: -1 to 1, below 0 where the emotion becomes more probable. Under the patch the face is
    blurred.

    The patches were chosen by the deletion area (see `faithfulness`) on 100 PublicTest faces with the first model.h5:
    0.160. It is 0.157 with the mean gray under the patch, 0.167 and 0.159 with a blur of 3 and 10, 0.159 with patches
    of 12 pixels and 0.166 with those in steps of 6: little depends on it, and small patches show more detail. Where
    parts are deleted by blurring them instead, this blur is better than the gray (0.155 and 0.172).
    """
    patches = make_patches(patch, stride)
    coverings = patches.sum(axis=0)
    maps = []
    for face, covered, emotion in zip(faces, blurred(faces), chosen, strict=True):
        views = np.concatenate([face[np.newaxis], np.where(patches, covered, face)])
        probabilities = classify(views)[:, emotion]
        maps.append(np.tensordot(probabilities[0] - probabilities[1:], patches, axes=1) / coverings)
    return np.array(maps, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE)


def make_patches(patch: int = PATCH, stride: int = STRIDE) -> npt.NDArray[np.bool_]:
    """Return which pixels each patch covers, bool (patches, 48, 48); those at the border lie partly outside."""
    corners = range(stride - patch, FACE_SIZE, stride)
    patches = np.zeros((len(corners), len(corners), FACE_SIZE, FACE_SIZE), bool)
    for row, top in enumerate(corners):
        for column, left in enumerate(corners):
            patches[row, column, max(0, top) : top + patch, max(0, left) : left + patch] = True
    return patches.reshape(-1, FACE_SIZE, FACE_SIZE)


def blurred(faces: Sequence[Faces] | Faces) -> Faces:
    """Return the faces without their details, of the same shape."""
    return np.array([cv2.GaussianBlur(face, (0, 0), BLUR) for face in faces], np.uint8)


def quick_map(classifier: EmotionClassifier, face: Faces, emotion: str) -> Maps:
    """Return the map of one face, uint8 (48, 48), for a live view: coarser, in half the time, a few patches at once."""

    def classify(faces: Faces) -> npt.NDArray[np.floating]:
        parts = range(0, len(faces), PATCHES_AT_ONCE)
        return np.concatenate([classifier.probabilities(faces[part : part + PATCHES_AT_ONCE]) for part in parts])

    chosen = [classifier.emotions.index(emotion)]
    return occlusion_maps(classify, [face], chosen, QUICK_PATCH, QUICK_STRIDE)[0]
