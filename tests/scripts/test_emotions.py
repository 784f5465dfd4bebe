"""emotions.py: the weights that the classic script saved alone are read into the network that they are of."""

import runpy
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from conftest import NETWORKS, PORTRAIT, REPOSITORY, assert_one_sentence, sentences

from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.recogniser import MODEL
from emotion_recognition.video import sources, window
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.window import NoWindow

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


def test_weights_alone_are_read_as_keras_3_saves_them(tmp_path):
    network, path = NETWORKS["four_layer_cnn"](7), tmp_path / "four.weights.h5"
    network.save_weights(path)
    classifier = EmotionClassifier.of_weights(path, NETWORKS["four_layer_cnn"])
    np.testing.assert_allclose(classifier.probabilities(FACES), network(FACES), atol=1e-5)


def test_weights_alone_by_the_wrong_name_are_to_be_renamed(tmp_path):
    network = NETWORKS["four_layer_cnn"](7)
    network.save_weights(tmp_path / "four.weights.h5")
    (tmp_path / "four.weights.h5").rename(tmp_path / "renamed.h5")
    save_alone(tmp_path / "older.weights.h5", network.get_weights())
    for name, ending in (("renamed.h5", r"\.weights\.h5, as Keras 3"), ("older.weights.h5", r"\.h5 only, as Keras 2")):
        with pytest.raises(UserError, match=f"{name} holds weights alone: rename it to end in {ending} wrote them"):
            EmotionClassifier.of_weights(tmp_path / name, NETWORKS["four_layer_cnn"])


def test_weights_of_another_network_are_refused(tmp_path, call_script):
    save_alone(tmp_path / "weights.h5", [np.zeros((4, 7)), np.zeros(7)])
    result = call_script("emotions.py", "--mode", "display", "--model", "weights.h5", PORTRAIT)
    assert_one_sentence(result, "weights.h5 holds weights alone, but not of four_layer_cnn")


def test_the_window_ends_while_a_camera_has_nothing_new(monkeypatch):
    camera, keys, given = Source("Camera 0"), ["", "quit"], []
    frames = (given.append(number) or Frame(None, number, 0.0) for number in range(9))
    camera.is_video, camera._read = True, lambda: frames
    monkeypatch.setattr(sources, "find_sources", lambda names: [camera])
    monkeypatch.setattr(window, "open_window", NoWindow)
    monkeypatch.setattr(NoWindow, "wait", lambda self: keys.pop(0))
    display = runpy.run_path(str(REPOSITORY / "emotions.py"), run_name="script")["display"]
    display(SimpleNamespace(model=MODEL, detector="haar", sources=[]))
    assert given == [0, 1]


def test_what_cannot_be_read_is_named_and_the_others_are_shown(call_script, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    result = call_script("emotions.py", "--mode", "display", "broken.jpg", "nothing.mp4", PORTRAIT)
    assert f"{PORTRAIT}: face at" in result.stdout and result.returncode == 1
    assert [line.split()[0] for line in sentences(result)] == ["broken.jpg", "nothing.mp4"]
