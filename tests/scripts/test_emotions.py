"""emotions.py: the weights that the classic script saved alone are read into the network that they are of."""

import h5py
import numpy as np
from conftest import NETWORKS, PORTRAIT, assert_one_sentence

from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models.classifier import EmotionClassifier

FACES = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)


def save_alone(path, weights):
    """Write weights as Keras 2.4 did, by layer in the order of the network, with a layer between that has none."""
    names = [f"layer_{number}" for number in range(len(weights) // 2)]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([name.encode() for name in (*names, "dropout")])
        file.create_group("dropout").attrs["weight_names"] = np.array([], "S1")
        for name, kernel, bias in zip(names, weights[::2], weights[1::2], strict=True):
            group = file.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()])
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = kernel, bias


def test_weights_alone_are_read_into_the_network_that_they_are_of(tmp_path):
    network = NETWORKS["four_layer_cnn"](7)
    save_alone(tmp_path / "weights.h5", network.get_weights())
    classifier = EmotionClassifier.of_weights(tmp_path / "weights.h5", NETWORKS["four_layer_cnn"])
    assert classifier.emotions == tuple(emotion for emotion in EMOTIONS if emotion != "contempt")
    np.testing.assert_allclose(classifier.probabilities(FACES), network(FACES), atol=1e-5)


def test_weights_of_another_network_are_refused(tmp_path, call_script):
    save_alone(tmp_path / "weights.h5", [np.zeros((4, 7)), np.zeros(7)])
    result = call_script("emotions.py", "--mode", "display", "--model", "weights.h5", PORTRAIT)
    assert_one_sentence(result, "weights.h5 holds weights alone, but not of four_layer_cnn")
