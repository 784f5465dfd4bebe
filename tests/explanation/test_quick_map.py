"""The coarse map of a live view."""

from types import SimpleNamespace

import numpy as np

from emotion_recognition.explanation.occlusion import PATCHES_AT_ONCE, quick_map


def test_a_few_patches_at_once_find_the_spot_that_counts():
    sizes = []

    def probabilities(faces):
        """Happy is how white the pixel at row 9 and column 33 is."""
        sizes.append(len(faces))
        white = faces[:, 9, 33] / 255
        return np.stack([1 - white, white], axis=1)

    face = np.zeros((48, 48), np.uint8)
    face[9, 33] = 255
    importance = quick_map(SimpleNamespace(emotions=("sad", "happy"), probabilities=probabilities), face, "happy")
    assert importance.shape == (48, 48) and importance[9, 33] == importance.max() > 0.5
    assert max(sizes) == PATCHES_AT_ONCE, "other faces would wait for a larger batch"
