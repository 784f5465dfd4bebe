"""emotions.py: the weights of the classic script, which hold no network."""

import h5py
import numpy as np
import pytest
from foreign_files import FACES, convolve, pool, random_weights, relu, softmax, write_weights

from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import model_file
from emotions import as_model_file

SEVEN = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")


def test_the_weights_that_the_classic_script_saved_alone(tmp_path):
    shapes = [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (3, 3, 64, 128), (128,), (3, 3, 128, 128), (128,)]
    values = random_weights(*shapes, (2048, 1024), (1024,), (1024, 7), (7,))
    names = ["conv2d", "conv2d_1", "conv2d_2", "conv2d_3", "dense", "dense_1"]
    weights = {
        name: {"kernel": kernel, "bias": bias}
        for name, kernel, bias in zip(names, values[::2], values[1::2], strict=True)
    }
    with h5py.File(tmp_path / "model.h5", "w") as file:
        write_weights(file, weights | {"dropout": {}, "flatten": {}}, b"2.4.0")
        # In the order of the network, with layers between them that have no weights.
        order = ["conv2d", "conv2d_1", "dropout", "conv2d_2", "conv2d_3", "flatten", "dense", "dense_1"]
        file.attrs["layer_names"] = np.array([name.encode() for name in order])
    model = model_file.load(as_model_file(tmp_path / "model.h5", tmp_path / "whole"))
    x = relu(convolve(FACES / 255, *values[0:2]))
    x = pool(relu(convolve(x, *values[2:4])))
    x = pool(relu(convolve(x, *values[4:6])))
    x = pool(relu(convolve(x, *values[6:8]))).reshape(3, -1)
    expected = softmax(relu(x @ values[8] + values[9]) @ values[10] + values[11])
    assert model.emotions == SEVEN
    assert np.allclose(model.network(FACES), expected, atol=1e-4)


def test_other_weights_alone_are_refused(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        write_weights(file, {"dense": {"kernel": np.zeros((4, 7)), "bias": np.zeros(7)}}, b"2.4.0")
    with pytest.raises(UserError, match="weights alone, but not of the four-layer CNN"):
        as_model_file(tmp_path / "weights.h5", tmp_path)
