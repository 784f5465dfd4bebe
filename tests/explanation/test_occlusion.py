"""Occlusion maps of made-up classifiers, of which one pixel decides."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import bright_spot, see_spot

from emotion_recognition.explanation import occlusion
from emotion_recognition.explanation.occlusion import PATCH, PATCHES_AT_ONCE, STRIDE, quick_map


def test_patches_cover_every_pixel_equally_often():
    patches = occlusion.make_patches()
    assert patches.shape[1:] == (48, 48) and patches.dtype == bool
    assert np.unique(patches.sum(axis=0)).tolist() == [(PATCH // STRIDE) ** 2]
    assert patches.sum(axis=(1, 2)).max() == PATCH**2
    assert len({patch.tobytes() for patch in patches}) == len(patches)


def test_occlusion_finds_the_one_pixel_that_counts():
    face = bright_spot()
    fall = 1 - occlusion.blurred(face[np.newaxis])[0, 9, 33] / 255
    for_it, against_it = occlusion.occlusion_maps(see_spot, np.stack([face, face]), np.array([0, 1]))
    # All patches over the pixel's own place cover it, and none that is a patch away or more.
    assert for_it[9, 33] == pytest.approx(fall) and for_it.max() == for_it[9, 33]
    y, x = np.mgrid[:48, :48]
    assert not for_it[(abs(y - 9) >= PATCH) | (abs(x - 33) >= PATCH)].any()
    # What speaks for one of two emotions speaks against the other.
    np.testing.assert_allclose(against_it, -for_it, atol=1e-6)


def test_occlusion_of_no_faces():
    assert occlusion.occlusion_maps(see_spot, np.empty((0, 48, 48), np.uint8), []).shape == (0, 48, 48)


def test_a_few_patches_at_once_find_the_spot_that_counts():
    sizes = []

    def probabilities(faces):
        sizes.append(len(faces))
        return see_spot(faces)[:, ::-1]

    classifier = SimpleNamespace(emotions=("sad", "happy"), probabilities=probabilities)
    importance = quick_map(classifier, bright_spot(), "happy")
    assert importance.shape == (48, 48) and importance[9, 33] == importance.max() > 0.5
    assert max(sizes) == PATCHES_AT_ONCE, "other faces would wait for a larger batch"
