"""Starting from trained weights: what is taken of them, and a training from them as people run it."""

import json
import re
import shutil

import h5py
import numpy as np
import pytest
from conftest import NETWORKS, assert_one_sentence

from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import model_file
from emotion_recognition.training import transfer

SEVEN = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The model file of a little VGG."""
    path = tmp_path_factory.mktemp("trained") / "trained.h5"
    model_file.save(path, NETWORKS["little_vgg"](7), SEVEN, {})
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "emotions, taken",
    [
        (EMOTIONS, "20 of 21 layers with weights, and of the last angry, disgusted, .*, surprised; new: contempt."),
        (SEVEN[:2], "20 of 21 layers with weights, and of the last angry, disgusted; new: nothing."),
        (tuple(reversed(SEVEN)), "21 of 21 layers with weights."),
    ],
)
def test_the_last_layer_takes_the_outputs_of_shared_emotions(emotions, taken, trained, capsys):
    network = NETWORKS["little_vgg"](len(emotions))
    before = [weights.copy() for weights in network.layers[-1].get_weights()]
    transfer.start_from(trained, network, emotions)
    source = model_file.load(trained).network
    pairs = zip(network.layers[:-1], source.layers[:-1], strict=True)
    for mine, theirs in ((mine.get_weights(), theirs.get_weights()) for mine, theirs in pairs):
        assert all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))
    weights = zip(network.layers[-1].get_weights(), source.layers[-1].get_weights(), before, strict=True)
    for mine, theirs, random in weights:
        for place, emotion in enumerate(emotions):
            expected = theirs[..., SEVEN.index(emotion)] if emotion in SEVEN else random[..., place]
            assert np.array_equal(mine[..., place], expected)
    assert re.fullmatch(f"Starting from {re.escape(str(trained))}: {taken}\n", capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("build", [NETWORKS["four_layer_cnn"], NETWORKS["attentional"], NETWORKS["deep_emotion"]])
def test_every_network_goes_on_from_its_own_model_file(build, tmp_path):
    trained, network = build(7), build(7)
    model_file.save(tmp_path / "trained.h5", trained, SEVEN, {})
    faces = np.random.default_rng(0).uniform(0, 255, (4, 48, 48, 1)).astype("float32")
    assert not np.allclose(network(faces), trained(faces), atol=1e-3)
    transfer.start_from(tmp_path / "trained.h5", network, SEVEN)
    assert np.allclose(network(faces), trained(faces), atol=1e-6)


@pytest.mark.slow
def test_a_few_pictures_are_enough_to_go_on_from_a_trained_network(trained, call_script, small_data, tmp_path):
    """Six emotions, four pictures of each: the training starts with the weights and ends with a model of six."""
    data = tmp_path / "few"
    for emotion in SEVEN[:6]:
        (data / "train" / emotion).mkdir(parents=True)
        for picture in sorted((small_data / "train" / emotion).iterdir())[:4]:
            shutil.copy(picture, data / "train" / emotion)
    settings = ("--data", data, "--epochs", "2", "--batch-size", "6", "--weights", trained)
    result = call_script("classification_little_vgg.py", *settings)
    assert result.returncode == 0, result.stderr
    assert "20 of 21 layers" in result.stdout
    with h5py.File(tmp_path / "little_vgg.h5") as file:
        assert json.loads(file.attrs["emotions"]) == list(SEVEN[:6])
        record = json.loads(file.attrs["training"])
    assert record["weights"] == model_file.origin(trained) and record["learning_rate"] == 1e-3
    # Two epochs of few steps move the weights a little.
    end, start = model_file.load(tmp_path / "little_vgg.h5").network, model_file.load(trained).network
    moved = np.abs(end.layers[1].get_weights()[0] - start.layers[1].get_weights()[0]).max()
    assert 0 < moved < 0.05


def test_weights_of_another_network_end_in_one_sentence(trained, call_script, small_data):
    result = call_script("emotions.py", "--mode", "train", "--data", small_data, "--dry-run", "--weights", trained)
    assert_one_sentence(result, trained, "another network (little_vgg) than the four_layer_cnn", "--weights")
