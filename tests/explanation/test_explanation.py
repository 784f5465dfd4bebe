"""Maps of importance, where the right answer is known: made-up classifiers, and networks of known weights."""

import keras
import numpy as np
import pytest
from conftest import NETWORKS
from keras import layers

from emotion_recognition.explanation import class_activation, faithfulness, occlusion, regions
from emotion_recognition.explanation.occlusion import PATCH, STRIDE

RANDOM, BLOB = faithfulness.RANDOM, faithfulness.BLOB


def bright_spot(row=9, column=33):
    """Return a black face with one white pixel."""
    face = np.zeros((48, 48), np.uint8)
    face[row, column] = 255
    return face


def see_spot(faces):
    """Return as probabilities how white the pixel of `bright_spot` is, and the rest."""
    white = faces[:, 9, 33] / 255
    return np.stack([white, 1 - white], axis=1)


def test_patches_cover_every_pixel_equally_often():
    patches = occlusion.make_patches()
    assert patches.shape[1:] == (48, 48) and patches.dtype == bool
    assert np.unique(patches.sum(axis=0)).tolist() == [(PATCH // STRIDE) ** 2]
    assert patches.sum(axis=(1, 2)).max() == PATCH**2
    assert len({patch.tobytes() for patch in patches}) == len(patches)


def test_occlusion_finds_the_one_pixel_that_counts():
    face = bright_spot()
    fall = 1 - occlusion.blurred(face[np.newaxis])[0, 9, 33] / 255
    for_it, against_it = occlusion.occlusion_maps(see_spot, np.stack([face, face]), np.array([0, 1]))
    # All patches over the pixel's own place cover it, and none that is a patch away or more.
    assert for_it[9, 33] == pytest.approx(fall) and for_it.max() == for_it[9, 33]
    y, x = np.mgrid[:48, :48]
    assert not for_it[(abs(y - 9) >= PATCH) | (abs(x - 33) >= PATCH)].any()
    # What speaks for one of two emotions speaks against the other.
    np.testing.assert_allclose(against_it, -for_it, atol=1e-6)


def test_occlusion_of_no_faces():
    assert occlusion.occlusion_maps(see_spot, np.empty((0, 48, 48), np.uint8), []).shape == (0, 48, 48)


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


needs_tensorflow = pytest.mark.skipif(not class_activation.is_possible(), reason="the gradients are TensorFlow's")


@needs_tensorflow
@pytest.mark.parametrize("make", [sequential, functional, nested])
def test_activation_maps_as_computed_by_hand(make, faces):
    network = set_by_hand(make())
    before, chosen = network.predict(faces[..., np.newaxis], verbose=0), np.array([0, 1, 0])
    maps = class_activation.compile_maps(network)(faces, chosen)
    np.testing.assert_allclose(maps, expected_maps(faces, DENSE.T[chosen]), rtol=1e-4, atol=1e-9)
    assert maps[0].any() and not maps[1].any()
    # The network is what it was before.
    np.testing.assert_array_equal(network.predict(faces[..., np.newaxis], verbose=0), before)


@needs_tensorflow
def test_activation_maps_where_only_probabilities_are_there(faces):
    network, chosen = set_by_hand(softmax_layer()), np.array([0, 1, 1])
    probabilities = network.predict(faces[..., np.newaxis], verbose=0)
    maps = class_activation.compile_maps(network)(faces, chosen)
    # The gradient of log(probability) is that of the score less the mean of all scores.
    weights = DENSE.T[chosen] - probabilities @ DENSE.T
    np.testing.assert_allclose(maps, expected_maps(faces, weights), rtol=1e-3, atol=1e-8)


@needs_tensorflow
@pytest.mark.parametrize("make", [NETWORKS["little_vgg"], NETWORKS["attentional"], NETWORKS["deep_emotion"]])
def test_activation_maps_of_the_projects_networks(make, faces):
    maps = class_activation.compile_maps(make(7))(faces, np.array([0, 3, 6]))
    assert maps.shape == (3, 48, 48) and maps.dtype == np.float32
    assert maps.min() >= 0 and np.isfinite(maps).all()


def test_the_last_convolution():
    assert class_activation.find_last_convolution(nested()).name == "last"
    depthwise = keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(2, 3), layers.DepthwiseConv2D(3, name="it")])
    assert class_activation.find_last_convolution(depthwise).name == "it"
    separable = keras.Sequential([keras.Input((48, 48, 1)), layers.SeparableConv2D(2, 3, name="it"), layers.Flatten()])
    assert class_activation.find_last_convolution(separable).name == "it"
    dense = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(2)])
    assert class_activation.find_last_convolution(dense) is None


def test_where_the_spatial_transformer_looks(faces):
    network = NETWORKS["deep_emotion"](7)
    whole = [[0, 0], [47, 0], [47, 47], [0, 47]]
    np.testing.assert_allclose(occlusion.sampled_corners(network, faces), [whole] * 3, atol=1e-4)
    # Half as wide and moved to the right by a quarter of the width; turned upside down.
    network.get_layer("affine_values").bias.assign([0.5, 0, 0.5, 0, -1, 0])
    corners = occlusion.sampled_corners(network, faces)[2]
    np.testing.assert_allclose(corners, [[23.5, 47], [47, 47], [47, 0], [23.5, 0]], atol=1e-4)


def test_what_the_spatial_mask_lets_pass(faces):
    network = NETWORKS["attentional"](7)
    mask = network.get_layer("spatial_mask")
    mask.set_weights([np.zeros_like(mask.kernel), np.log([3.0])])
    masks = occlusion.spatial_masks(network, faces)
    assert masks.shape == (3, 48, 48)
    np.testing.assert_allclose(masks, 0.75, atol=1e-6)


def test_networks_without_attention(faces):
    network = sequential()
    assert occlusion.spatial_masks(network, faces) is None
    assert occlusion.sampled_corners(network, faces) is None


def test_blocks_in_the_order_of_their_importance():
    importance = np.zeros((1, 48, 48))
    importance[0, 4:8, 8:12], importance[0, 44:, 44:] = 1, 2
    (orders,) = faithfulness.block_orders(importance)
    assert np.unique(orders[44:, 44:]) == [0] and np.unique(orders[4:8, 8:12]) == [1]
    # The rest in reading order.
    assert (orders[0, 0], orders[0, 4], orders[47, 43]) == (2, 3, 143)


@pytest.mark.parametrize("sign", [1, -1])
def test_areas_where_one_pixel_decides(sign):
    face = bright_spot()
    step = 1 / faithfulness.STEPS
    deletion, insertion = faithfulness.curve_areas(see_spot, [face], [0], sign * face[np.newaxis].astype(float))
    # Taken first, the pixel makes the curve fall within the first step; taken among the last, within the last one.
    first = step / 2 if sign > 0 else 1 - step / 2
    assert deletion == pytest.approx(first) and insertion == pytest.approx(1 - first)


def test_baselines():
    (blob,) = faithfulness.centre_blobs(1)
    assert blob[23, 23] == blob.max() and blob[0, 0] == blob.min() and blob[10, 23] > blob[4, 23]
    maps = faithfulness.random_maps(2)
    np.testing.assert_array_equal(maps, faithfulness.random_maps(2))
    assert not np.array_equal(*maps) and not np.array_equal(maps, faithfulness.random_maps(2, seed=1))


def test_shuffled_weights_come_back():
    network = NETWORKS["deep_emotion"](7)
    before = network.get_weights()
    with pytest.raises(KeyError), faithfulness.shuffled_weights(network):
        kernel = network.get_weights()[0]
        assert not np.array_equal(kernel, before[0])
        np.testing.assert_array_equal(np.sort(kernel.ravel()), np.sort(before[0].ravel()))
        raise KeyError
    for now, then in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_similarities():
    maps = np.random.default_rng(3).random((4, 48, 48))
    others = np.stack([np.exp(maps[0]), -maps[1], np.zeros((48, 48)), maps[0]])
    same, opposite, flat, other = faithfulness.similarities(maps, others)
    assert (same, opposite, flat) == (pytest.approx(1), pytest.approx(-1), 0)
    assert abs(other) < 0.1
    assert faithfulness.mean_ranks(np.array([5, 2, 5, 9])).tolist() == [2.5, 1, 2.5, 4]


def test_mean_with_margin():
    mean, margin = faithfulness.mean_with_margin(np.array([1.0, 2.0, 3.0, 6.0]))
    assert mean == 3 and margin == pytest.approx(1.959964 * np.sqrt(14 / 3) / 2)


def row(**figures):
    """Return a row of the check for a method that passes, but for what is named."""
    usual = {
        "method": "it",
        f"deletion minus {RANDOM}": -0.2,
        f"{RANDOM} margin": 0.1,
        f"deletion minus {BLOB}": -0.1,
        f"{BLOB} margin": 0.05,
        "similarity when shuffled": 0.1,
    }
    return {**usual, **figures}


def test_verdicts():
    passes = "it passes: it beats both on deletion, and changes with the weights."
    assert faithfulness.verdict(row()) == passes
    unmeasured = row(**{f"{RANDOM} margin": np.nan, f"{BLOB} margin": np.nan})
    assert faithfulness.verdict(unmeasured) == "it does not beat random order or centre blob on deletion."
    unsure = row(**{f"{BLOB} margin": 0.1})
    assert faithfulness.verdict(unsure) == "it does not beat centre blob on deletion."
    worse = row(**{f"deletion minus {RANDOM}": 0.1, f"{BLOB} margin": 0.2, "similarity when shuffled": 0.9})
    assert faithfulness.verdict(worse) == (
        "it does not beat random order or centre blob on deletion and hardly changes when the weights are shuffled."
    )


def test_the_check_tells_a_map_that_knows_from_one_that_does_not():
    class Classifier:
        network = NETWORKS["deep_emotion"](2)
        probabilities = staticmethod(see_spot)
        compile = staticmethod(lambda: None)

    faces, chosen = np.stack([bright_spot()] * 9), np.zeros(9, int)
    methods = {
        "knows": lambda faces, chosen: occlusion.occlusion_maps(see_spot, faces, chosen),
        "darkness": lambda faces, chosen: 255.0 - faces,
    }
    rows = {row["method"]: row for row in faithfulness.check(methods, Classifier, faces, chosen)}
    assert list(rows) == ["knows", "darkness", RANDOM, BLOB]
    assert rows["knows"]["deletion"] < 0.05 < 0.95 < rows["darkness"]["deletion"]
    assert rows[RANDOM][f"deletion minus {RANDOM}"] == 0
    assert rows["darkness"]["similarity when shuffled"] == pytest.approx(1)
    knows, darkness = faithfulness.table(rows.values())[-2:]
    assert knows == "knows hardly changes when the weights are shuffled."
    assert darkness.startswith("darkness does not beat random order or centre blob")


def test_every_pixel_belongs_to_one_region():
    masks = regions.region_masks()
    assert list(masks) == [*regions.BOXES, regions.CHEEKS, regions.OUTSIDE]
    np.testing.assert_array_equal(np.sum(list(masks.values()), axis=0), np.ones((48, 48)))
    assert masks["brows and eyes"][15, 12] and masks["nose"][28, 24] and masks["mouth and chin"][38, 24]
    assert masks[regions.CHEEKS][26, 11] and masks[regions.OUTSIDE][2, 2]


def test_shares_of_a_map():
    importance = np.full((48, 48), -5.0)
    importance[15, 12], importance[38, 24] = 3, 1
    assert regions.shares(importance) == {
        "brows and eyes": 0.75,
        "nose": 0,
        "mouth and chin": 0.25,
        regions.CHEEKS: 0,
        regions.OUTSIDE: 0,
    }
    assert set(regions.shares(np.zeros((48, 48))).values()) == {0.0}
    *_, happy, area = regions.share_table({"happy": importance})
    assert happy.split() == ["happy", "75.0%", "0.0%", "25.0%", "0.0%", "0.0%"]
    assert area.split()[0] == "(area)" and sum(float(each[:-1]) for each in area.split()[1:]) == pytest.approx(100, 1)


def test_mean_maps():
    faces = np.stack([np.full((48, 48), level, np.uint8) for level in (10, 20, 90, 200)])
    labels = np.array([0, 0, 2, 0])
    means, maps, numbers = regions.mean_maps(
        lambda faces, chosen: faces * 2.0 + chosen[:, None, None], faces, labels, ("angry", "happy", "sad"), most=2
    )
    assert numbers == {"angry": 2, "sad": 1}
    assert (means["angry"] == 15).all() and (maps["angry"] == 30).all() and (maps["sad"] == 182).all()
