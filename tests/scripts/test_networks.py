"""The networks: their sizes, what goes in and comes out, and what the scripts that train them save."""

import shutil

import conftest
import keras
import numpy as np
import pytest
from conftest import NETWORKS
from pretrained_files import write_pretrained

from emotion_recognition.training import progress, targets
from emotion_recognition.training.run import TrainingRun

PARAMETERS = {"four_layer_cnn": 2_345_607, "little_vgg": 1_328_167, "attentional": 1_976_520, "deep_emotion": 47_657}
EMOTIONS = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")


def build(name, emotions=7):
    """Return a new network, always with the same weights."""
    keras.utils.set_random_seed(0)
    return NETWORKS[name](emotions)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Seven drawn faces, float32 (7, 48, 48, 1), one of each emotion."""
    generator = np.random.default_rng(0)
    return np.stack([conftest.draw_face(code, generator) for code in range(7)])[..., np.newaxis].astype(np.float32)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    network = build(name)
    assert network.name == name
    assert network.count_params() == PARAMETERS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("emotions", [5, 8])
def test_gray_levels_become_probabilities(name, emotions, faces):
    network = build(name, emotions)
    first = next(layer for layer in network.layers if not isinstance(layer, keras.layers.InputLayer))
    assert np.allclose(keras.ops.convert_to_numpy(first(faces)), faces / 255)
    probabilities = network.predict_on_batch(faces)
    assert probabilities.shape == (7, emotions)
    assert (probabilities >= 0).all()
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_the_attentional_network_is_made_of_keras_own_layers():
    for operation in build("attentional").operations:
        assert isinstance(operation, keras.Layer)
        assert type(operation).__module__.startswith("keras.")


def test_the_spatial_mask_weighs_places(faces):
    network = build("attentional")
    masks = keras.Model(network.inputs, network.get_layer("spatial_mask").output).predict_on_batch(faces)
    assert masks.shape == (7, 12, 12, 1)
    assert 0 <= masks.min() < masks.max() <= 1
    assert np.ptp(masks, axis=(1, 2, 3)).min() > 0.01


@pytest.mark.slow
def test_deep_emotion_starts_by_looking_at_the_whole_face_and_learns_where_to_look(faces):
    network = build("deep_emotion")
    parts = [network.get_layer(name).output for name in ("affine_values", "spatial_transformer")]
    affine_values, sampled = keras.Model(network.inputs, parts).predict_on_batch(faces)
    assert (affine_values == [1, 0, 0, 0, 1, 0]).all()
    assert np.allclose(sampled, faces / 255, atol=1e-5)

    network.compile("adam", "sparse_categorical_crossentropy")
    before = network.get_weights()
    for _ in range(4):
        network.train_on_batch(faces, np.arange(7))
    # Four layers localise, six classify, with weights and biases; dropout adds the state of its generator.
    assert len(network.trainable_variables) == 20
    for old, new in zip(before, network.get_weights(), strict=True):
        assert not np.array_equal(old, new)


@pytest.mark.parametrize("network", ["attentional", "deep_emotion"])
def test_a_model_is_named_after_its_network(network, call_script, tmp_path):
    (tmp_path / f"{network}.h5").touch()
    result = call_script("classification_attentional.py", "--network", network)
    conftest.assert_one_sentence(result, f"{network}.h5 exists already")


DEEP_EMOTION = ("classification_attentional.py", "--network", "deep_emotion")


@pytest.mark.slow
@pytest.mark.parametrize(
    "line, left_out",
    [
        (("classification_little_vgg.py",), 0.5),
        (("emotions.py", "--mode", "train"), 0.5),
        (("classification_pretrained.py", "--size", "32", "--blocks", "6"), 0.5),
        (DEEP_EMOTION, 0.5),
        ((*DEEP_EMOTION, "--keep-prior"), 0),
        ((*DEEP_EMOTION, "--class-weights"), 0),
        ((*DEEP_EMOTION, "--teacher", conftest.REPOSITORY / "model.h5"), 0),
    ],
)
def test_the_best_epoch_is_saved_calibrated_and_without_half_of_the_prior(
    line, left_out, small_data, succeed, monkeypatch, tmp_path
):
    data = shutil.copytree(small_data, tmp_path / "data")
    for path in sorted((data / "train/happy").iterdir())[:9]:
        path.unlink()
    write_pretrained(tmp_path / "models")
    saved = []
    monkeypatch.setattr(progress, "best_row", lambda history: history[0])
    monkeypatch.setattr(TrainingRun, "save", lambda run, *given, **found: saved.append((*given, found["temperature"])))
    succeed(*line, "--epochs", "2", "--batch-size", "16")
    [(network, training, train, *_, temperature)] = saved
    best = {each.path: values for each, values in zip(training.model.weights, training.best_weights, strict=True)}
    *others, kernel, bias = network.weights
    assert all(np.array_equal(each, best[each.path]) for each in others if each.path in best)
    assert not all(map(np.array_equal, training.weights, training.best_weights))
    prior = targets.smoothed_labels(train).mean(axis=0)
    assert np.allclose(kernel * temperature, best[kernel.path], atol=1e-5)
    assert np.allclose(bias * temperature, best[bias.path] - left_out * np.log(prior), atol=1e-5)
