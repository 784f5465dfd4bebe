"""Short trainings of the little VGG, and whether two of them ended alike."""

import h5py
import numpy as np
from conftest import read_csv

SCRIPT = "classification_little_vgg.py"
# Three short epochs; 84 pictures are five whole batches and a rest.
SETTINGS = ("--epochs", "3", "--batch-size", "16", "--learning-rate", "0.002", "--seed", "5")


def read_history(folder, name="little_vgg") -> list[dict]:
    """Return the rows of a history without their seconds, which no two runs share."""
    rows = read_csv(folder / f"{name}_history.csv")
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def read_weights(path) -> list:
    """Return the weights in a model file, layer by layer; their names count the networks that a process has made."""
    with h5py.File(path) as file:
        layers = file["model_weights"]
        of_layers = [layers[name] for name in layers.attrs["layer_names"]]
        return [layer[name][()] for layer in of_layers for name in layer.attrs["weight_names"]]


def assert_same_weights(first, second):
    first, second = read_weights(first), read_weights(second)
    assert len(first) == len(second) > 20
    for values, others in zip(first, second, strict=True):
        np.testing.assert_array_equal(values, others)


def assert_same_result(first, second):
    assert read_history(first) == read_history(second)
    assert_same_weights(first / "little_vgg.h5", second / "little_vgg.h5")
