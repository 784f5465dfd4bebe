"""Predicting: probabilities of many pictures, and failures that are not the fault of the model file."""

import numpy as np
import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.models.predict import network_outputs, predict


def read_pixels(pictures):
    """Stand for a network: its probabilities are the first four levels of the top row, as they are."""
    assert pictures.dtype == np.float32
    return pictures[:, 0, :4, 0]


def failing(error):
    """Return what stands for a network that cannot be run."""

    def compute(pictures):
        raise error

    return compute


class OutOfMemoryError(RuntimeError):
    """As PyTorch's, of which it has the name alone."""


def test_the_mirrored_picture_is_averaged():
    pictures = np.zeros((1, 48, 48, 1), np.uint8)
    pictures[0, 0, 1] = pictures[0, 0, -4] = 1
    assert predict(read_pixels, pictures).tolist() == [[0, 1, 0, 0]]
    assert predict(read_pixels, pictures, flip=True).tolist() == [[0, 0.5, 0, 0.5]]


@pytest.mark.parametrize("answer", [(0, 0), (1, 1), (1.5, -0.5), (np.nan, 1)])
def test_what_are_no_probabilities_is_refused(answer):
    with pytest.raises(UserError, match="no probabilities"):
        predict(lambda pictures: np.array([answer]), np.zeros((1, 48, 48, 1), np.uint8))


def test_batches_are_put_together():
    pictures = np.random.default_rng(0).integers(0, 256, (600, 48, 48, 1), np.uint8)
    assert np.array_equal(network_outputs(read_pixels, pictures), pictures[:, 0, :4, 0])


def test_a_full_memory_is_called_so():
    with pytest.raises(MemoryError, match="256 pictures"):
        predict(failing(OutOfMemoryError("CUDA out of memory")), np.zeros((1, 48, 48, 1), np.uint8))


def test_other_failures_stay_what_they_are():
    error = RuntimeError("cuDNN could not be started")
    with pytest.raises(RuntimeError) as raised:
        predict(failing(error), np.zeros((1, 48, 48, 1), np.uint8))
    assert raised.value is error
