"""emotions.py: the weights that the classic script saved alone are read into the network that they are of."""

import h5py
import numpy as np
import pytest
from conftest import NETWORKS

from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import model_file
from emotions import as_model_file

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


def test_weights_alone_become_a_whole_model(tmp_path):
    network = NETWORKS["four_layer_cnn"](7)
    save_alone(tmp_path / "weights.h5", network.get_weights())
    model = model_file.load(as_model_file(tmp_path / "weights.h5", tmp_path / "whole"))
    assert model.emotions == tuple(emotion for emotion in EMOTIONS if emotion != "contempt")
    assert np.allclose(model.network(FACES), network(FACES), atol=1e-5)


def test_weights_of_another_network_are_refused(tmp_path):
    save_alone(tmp_path / "weights.h5", [np.zeros((4, 7)), np.zeros(7)])
    with pytest.raises(UserError, match="weights alone, but not of the four-layer CNN"):
        as_model_file(tmp_path / "weights.h5", tmp_path)


def test_what_is_no_file_of_weights_stays_as_it_is(tmp_path):
    (tmp_path / "text.h5").write_text("no model")
    model_file.save(tmp_path / "whole.h5", NETWORKS["deep_emotion"](2), EMOTIONS[:2], {})
    for name in ("text.h5", "whole.h5", "nowhere.h5"):
        assert as_model_file(tmp_path / name, tmp_path) == tmp_path / name
