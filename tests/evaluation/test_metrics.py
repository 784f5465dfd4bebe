"""Metrics against values computed by hand."""

from math import log

import numpy as np
import pytest

from emotion_recognition.evaluation import metrics


def rows(*seen, sure=0.9) -> np.ndarray:
    """Return probabilities (n, 4): `sure` for the emotion of each index in `seen`, the rest shared by the others."""
    probabilities = np.full((len(seen), 4), (1 - sure) / 3)
    probabilities[np.arange(len(seen)), seen] = sure
    return probabilities


# Three of five are right; nobody is neutral, and nobody is seen as sad.
LABELS = np.array([0, 0, 0, 1, 3])
PROBABILITIES = np.concatenate([rows(0, 0, 1, sure=0.9), rows(1, 2, sure=0.5)])


def test_measure_gives_the_values_computed_by_hand():
    figures = metrics.measure(PROBABILITIES, LABELS)
    assert figures["pictures"] == 5
    assert figures["confusion"] == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    assert figures["accuracy"] == 3 / 5
    assert figures["precision"] == [1, 1 / 2, None, None]
    assert figures["recall"] == [2 / 3, 1, None, 0]
    # Means over angry, happy and sad: there is no neutral picture. The values of F1 are 4/5, 2/3 and 0.
    assert figures["balanced_accuracy"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert figures["macro_f1"] == pytest.approx((4 / 5 + 2 / 3 + 0) / 3)
    # Of three at 0.9 two are right, of two at 0.5 one is.
    assert figures["expected_calibration_error"] == pytest.approx((abs(2 - 2.7) + abs(1 - 1.0)) / 5)
    expected = -(2 * log(0.9) + log(0.1 / 3) + log(0.5) + log(0.5 / 3)) / 5
    assert figures["negative_log_likelihood"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("labels", "share", "error", "likelihood", "ends"),
    [
        # (1 + z^2 / 2n - z^2 / 2n) / (1 + z^2 / n), and no more than everything.
        ([0, 1, 2, 3], 1, 0, 0, [1 / (1 + 1.959964**2 / 4), 1]),
        # The logarithm of nothing is cut off.
        ([1, 0, 3, 2], 0, 1, -log(1e-7), [0, 1 - 1 / (1 + 1.959964**2 / 4)]),
    ],
    ids=["perfect", "hopeless"],
)
def test_predictions_that_are_all_right_or_all_wrong(labels, share, error, likelihood, ends):
    figures = metrics.measure(np.eye(4), np.array(labels))
    assert {figures[name] for name in ("accuracy", "balanced_accuracy", "macro_f1")} == {share}
    assert figures["precision"] == figures["recall"] == [share] * 4
    assert figures["expected_calibration_error"] == error
    assert figures["negative_log_likelihood"] == pytest.approx(likelihood)
    assert figures["accuracy_interval"] == pytest.approx(ends)


@pytest.mark.parametrize(
    ("right", "number", "low", "high"),
    # Published values: Newcombe (1998), table I, method 3 (Wilson's score).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval(right, number, low, high):
    assert metrics.wilson_interval(right, number) == pytest.approx([low, high], abs=5e-5)


def test_reliability_counts_each_bin_with_its_upper_edge():
    # Of 15 bins of width 1/15: 0.9 lies in the 14th, 0.5 in the 8th; one third is the upper edge of the 5th.
    thirds = np.array([[1 / 3, 1 / 3, 1 / 3, 0]])
    numbers, confidences, right = metrics.reliability(
        np.concatenate([PROBABILITIES, thirds, np.eye(4)[:1]]), np.append(LABELS, (0, 3))
    )
    filled = {4: (1, 1 / 3, 1), 7: (2, 1.0, 1), 13: (3, 2.7, 2), 14: (1, 1.0, 0)}
    for each in range(15):
        assert (numbers[each], confidences[each], right[each]) == pytest.approx(filled.get(each, (0, 0, 0)))
