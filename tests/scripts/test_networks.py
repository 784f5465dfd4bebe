"""The networks: their sizes, what goes in and comes out, saving and loading, and the script that trains two of them."""

import conftest
import keras
import numpy as np
import pytest
from conftest import NETWORKS

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


def multiply_adds(network) -> int:
    """Return the multiplications of convolutions and dense layers for one face."""
    total = 0
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            # Each weight of a convolution is used at every place of its output.
            total += int(np.prod(layer.kernel.shape) * np.prod(layer.output.shape[1:-1]))
    return total


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters(name):
    network = build(name)
    assert network.name == name
    assert network.count_params() == PARAMETERS[name]


@pytest.mark.slow
def test_the_attentional_network_costs_at_most_twice_the_little_vgg():
    assert round(multiply_adds(build("attentional")) / multiply_adds(build("little_vgg")), 2) == 1.85


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
    # The last layer can be calibrated.
    last = network.layers[-1]
    last.set_weights([weights / 2 for weights in last.get_weights()])
    # Half the logits are the square roots of the odds.
    expected = np.sqrt(probabilities)
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(network.predict_on_batch(faces), expected, atol=1e-5)


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
