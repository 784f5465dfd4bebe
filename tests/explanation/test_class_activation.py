"""Class activation maps of networks whose weights are set by hand."""

import keras
import numpy as np
import pytest
from conftest import NETWORKS
from keras import layers

from emotion_recognition.explanation import class_activation
from emotion_recognition.explanation.class_activation import class_activation_maps, find_last_convolution

KERNEL = np.array([0.01, -0.02, 0.005])
DENSE = np.array([[1.0, -2.0], [0.5, 1.0], [3.0, 0.25]])


def body():
    """Return the layers of a network whose activation maps can be computed by hand, without its softmax."""
    return [
        layers.Conv2D(4, 3, padding="same"),
        layers.Conv2D(3, 1, use_bias=False, name="last"),
        layers.GlobalAveragePooling2D(),
    ]


def classify():
    return layers.Dense(2, use_bias=False, name="scores")


def sequential():
    return keras.Sequential([keras.Input((48, 48, 1)), *body(), layers.Dense(2, "softmax", use_bias=False)])


def functional():
    features = faces = keras.Input((48, 48, 1))
    for layer in [*body(), classify(), layers.Activation("softmax")]:
        features = layer(features)
    return keras.Model(faces, features)


def nested():
    faces = keras.Input((48, 48, 1))
    return keras.Model(faces, sequential()(layers.Rescaling(1.0)(faces)))


def softmax_layer():
    faces = keras.Input((48, 48, 1))
    return keras.Model(faces, layers.Softmax()(keras.Sequential([*body(), classify()])(faces)))


def set_by_hand(network):
    """Give a network of these known weights: its features are the face times 0.01, -0.02 and 0.005."""
    first = np.zeros((3, 3, 1, 4))
    first[1, 1, 0, 0] = 1
    last = np.zeros((1, 1, 4, 3))
    last[0, 0, 0] = KERNEL
    network.set_weights([first, np.zeros(4), last, DENSE])
    return network


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(7).integers(0, 256, (3, 48, 48), np.uint8)


def expected_maps(faces, weights):
    """Return the maps for channels of these weights, float (n, 3)."""
    importance = np.array(weights) @ KERNEL / 48**2
    return np.maximum(importance[:, np.newaxis, np.newaxis] * faces, 0)


needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the gradients are TensorFlow's")


@needs_tensorflow
@pytest.mark.parametrize("make", [sequential, functional, nested])
def test_activation_maps_as_computed_by_hand(make, faces, monkeypatch):
    monkeypatch.setattr(class_activation, "BATCH_SIZE", 2)
    network = set_by_hand(make())
    before, chosen = np.array(network(faces[..., np.newaxis])), np.array([1, 0, 0])
    maps = class_activation_maps(network, faces, chosen)
    np.testing.assert_allclose(maps, expected_maps(faces, DENSE.T[chosen]), rtol=1e-4, atol=1e-9)
    assert maps[1].any() and not maps[0].any()
    # The network is what it was before (`predict` would still be what it was compiled to).
    np.testing.assert_array_equal(network(faces[..., np.newaxis]), before)


@needs_tensorflow
def test_activation_maps_where_only_probabilities_are_there(faces):
    network, chosen = set_by_hand(softmax_layer()), np.array([0, 1, 1])
    probabilities = network.predict(faces[..., np.newaxis], verbose=0)
    maps = class_activation_maps(network, faces, chosen)
    # The gradient of log(probability) is that of the score less the mean of all scores.
    weights = DENSE.T[chosen] - probabilities @ DENSE.T
    np.testing.assert_allclose(maps, expected_maps(faces, weights), rtol=1e-3, atol=1e-8)


@pytest.mark.slow
@needs_tensorflow
@pytest.mark.parametrize("make", [NETWORKS["little_vgg"], NETWORKS["attentional"], NETWORKS["deep_emotion"]])
def test_activation_maps_of_the_projects_networks(make, faces):
    maps = class_activation_maps(make(7), faces, np.array([0, 3, 6]))
    assert maps.shape == (3, 48, 48) and maps.dtype == np.float32
    assert maps.min() >= 0 and np.isfinite(maps).all()


def test_the_last_convolution():
    assert find_last_convolution(nested()).name == "last"
    depthwise = keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(2, 3), layers.DepthwiseConv2D(3, name="it")])
    assert find_last_convolution(depthwise).name == "it"
    separable = keras.Sequential([keras.Input((48, 48, 1)), layers.SeparableConv2D(2, 3, name="it"), layers.Flatten()])
    assert find_last_convolution(separable).name == "it"
    dense = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(2)])
    assert find_last_convolution(dense) is None
