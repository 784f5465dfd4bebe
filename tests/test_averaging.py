"""The mean of several networks: its weights, what cannot be averaged, and the command as people run it."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import NETWORKS, REPOSITORY, assert_one_sentence, sentences

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file
from emotion_recognition.training import averaging

MODEL = REPOSITORY / "model.h5"


def average(folder, *arguments):
    """Run the command in `folder`."""
    command = [sys.executable, "-m", "emotion_recognition.training.averaging", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def relative(tmp_path_factory):
    """A model file whose weights are a little larger than those of model.h5."""
    model = model_file.load(MODEL)
    model.network.set_weights([1.02 * weights for weights in model.network.get_weights()])
    path = tmp_path_factory.mktemp("relative") / "relative.h5"
    model_file.save(path, model.network, model.emotions, {"seed": 5})
    return path


def test_every_weight_is_averaged_and_the_statistics_too():
    one, other = NETWORKS["little_vgg"](2), NETWORKS["little_vgg"](2)
    other.set_weights([weights + 1 for weights in one.get_weights()])
    for mean, weights in zip(averaging.mean_weights([one, other]), one.get_weights(), strict=True):
        assert np.allclose(mean, weights + 0.5)


@pytest.mark.slow
def test_the_average_is_a_model_that_says_of_what_it_is_made(relative, small_data, tmp_path):
    result = average(tmp_path, MODEL, relative, "--data", small_data)
    assert result.returncode == 0, result.stderr
    assert not sentences(result)
    assert result.stdout.count("validation pictures are right") == 3 and "Wrote averaged.h5" in result.stdout
    averaged, model = (model_file.load(path) for path in (tmp_path / "averaged.h5", MODEL))
    assert averaged.emotions == model.emotions
    first, second = averaged.training["average_of"]
    assert first == {"file": str(MODEL), **model.training} and second == {"file": str(relative), "seed": 5}
    # All but the last layer, which has a temperature of its own.
    pairs = zip(averaged.network.get_weights()[:-2], model.network.get_weights()[:-2], strict=True)
    assert all(np.allclose(mine, 1.01 * theirs, atol=1e-6) for mine, theirs in pairs)


@pytest.mark.slow
def test_networks_without_common_roots_are_refused(small_data, tmp_path):
    """Channels change places in both layers that know them: the same answers, but no mean to speak of."""
    model = model_file.load(MODEL)
    weights = model.network.get_weights()
    order = np.random.default_rng(0).permutation(weights[0].shape[-1])
    for place in range(6):
        weights[place] = weights[place][..., order]
    weights[6] = weights[6][:, :, order]
    model.network.set_weights(weights)
    model_file.save(tmp_path / "stranger.h5", model.network, model.emotions, {})
    result = average(tmp_path, MODEL, "stranger.h5", "--data", small_data)
    assert_one_sentence(result, "worse than each of them")
    assert not (tmp_path / "averaged.h5").exists()


@pytest.mark.parametrize(
    "emotions, build, words",
    [
        (("happy", "sad"), NETWORKS["little_vgg"], "other emotions"),
        (None, NETWORKS["four_layer_cnn"], "another network"),
    ],
)
def test_what_cannot_be_averaged_is_refused(emotions, build, words):
    model = model_file.load(MODEL)
    emotions = emotions or model.emotions
    other = model_file.TrainedModel(build(len(emotions)), emotions, {})
    with pytest.raises(UserError, match=f"^b.h5 .*{words}"):
        averaging.check_alike(["a.h5", "b.h5"], [model, other])


def test_a_network_of_another_project_is_refused():
    model = model_file.load(MODEL)
    wrapped = keras.Sequential([keras.Input((48, 48, 1)), model.network])
    with pytest.raises(UserError, match=r"^a\.h5 is the model of another project"):
        averaging.check_alike(["a.h5"], [model_file.TrainedModel(wrapped, model.emotions, {})])


def test_mistakes_end_in_one_sentence(relative, tmp_path):
    assert_one_sentence(average(tmp_path, MODEL), "name two or more")
    (tmp_path / "averaged.h5").write_text("mine")
    assert_one_sentence(average(tmp_path, MODEL, relative), "averaged.h5 exists already")
    assert_one_sentence(average(tmp_path, MODEL, relative, "--output", "new.h5", "--data", "nowhere"), "nowhere")
    assert_one_sentence(average(tmp_path, MODEL, relative, "--output", "new.keras"), "ends in .h5")
    assert (tmp_path / "averaged.h5").read_text() == "mine" and not (tmp_path / "new.h5").exists()
