"""The check of maps, on maps of which it is known whether they are right."""

import numpy as np
import pytest
from conftest import NETWORKS, bright_spot, see_spot

from emotion_recognition.explanation import faithfulness, occlusion

RANDOM, BLOB = faithfulness.RANDOM, faithfulness.BLOB


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


def test_a_face_is_covered_with_its_mean_gray():
    face, seen = np.repeat(np.array([0, 200], np.uint8), 48 * 24).reshape(48, 48), []
    faithfulness.curve_areas(lambda views: seen.append(views) or see_spot(views), [face], [0], face[np.newaxis])
    for place, expected in ((0, face), (faithfulness.STEPS, 100), (faithfulness.STEPS + 1, 100), (-1, face)):
        assert (seen[0][place] == expected).all()


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
    others = np.stack([2 * maps[0] + 1, -maps[1], np.zeros((48, 48)), maps[0]])
    same, opposite, flat, other = faithfulness.similarities(maps, others)
    assert (same, opposite, flat) == (pytest.approx(1), pytest.approx(-1), 0)
    assert abs(other) < 0.1


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


@pytest.mark.parametrize(
    ("make_maps", "deletion", "verdict"),
    [
        (
            lambda faces, chosen: occlusion.occlusion_maps(see_spot, faces, chosen),
            (0, 0.05),
            "it hardly changes when the weights are shuffled.",
        ),
        (
            lambda faces, chosen: 255.0 - faces,
            (0.95, 1),
            "it does not beat random order or centre blob on deletion"
            " and hardly changes when the weights are shuffled.",
        ),
    ],
    ids=["knows", "darkness"],
)
def test_the_check_tells_a_map_that_knows_from_one_that_does_not(make_maps, deletion, verdict):
    faces, chosen = np.stack([bright_spot()] * 9), np.zeros(9, int)
    rows = faithfulness.check("it", make_maps, see_spot, NETWORKS["deep_emotion"](2), faces, chosen)
    assert [row["method"] for row in rows] == ["it", RANDOM, BLOB]
    assert deletion[0] < rows[0]["deletion"] < deletion[1]
    assert rows[0]["insertion"] == pytest.approx(1 - rows[0]["deletion"])
    assert rows[1][f"deletion minus {RANDOM}"] == 0
    assert rows[0]["similarity when shuffled"] == pytest.approx(1)
    assert faithfulness.table(rows)[-1] == verdict
