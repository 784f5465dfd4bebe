"""The last layer after training: rare emotions made likelier, and probabilities that are as sure as they are right."""

import keras
import numpy as np
import pytest

from emotion_recognition.datasets import folders
from emotion_recognition.training import calibration


def some_faces(*labels) -> folders.Pictures:
    """Return black faces with these labels, of two emotions."""
    names = np.array([f"{index}.png" for index in range(len(labels))])
    return folders.Pictures(np.zeros((len(labels), 48, 48, 1), np.uint8), np.array(labels), names, ("happy", "sad"))


def network_of_one_answer(*logits):
    """Return a network that answers the same to every picture."""
    network = keras.Sequential(
        [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(len(logits), activation="softmax")]
    )
    network.layers[-1].set_weights([np.ones((48 * 48, len(logits))), np.array(logits)])
    return network


def test_calibration_divides_the_logits():
    # A network that is far too sure: its logits are 8 apart, and every fourth answer is wrong.
    network = network_of_one_answer(4.0, -4.0)
    temperature, accuracy = calibration.calibrate(network, some_faces(*[0, 0, 0, 1] * 10))
    assert accuracy == 0.75
    # Right are 3 of 4, so the logits should be log(3) apart; more than 4 is never divided by.
    assert temperature == pytest.approx(4)
    kernel, bias = network.layers[-1].get_weights()
    assert np.allclose(kernel, 1 / 4) and np.allclose(bias, [1, -1])


def test_a_few_pictures_that_are_all_right_make_no_network_surer():
    network = network_of_one_answer(1.0, -1.0)
    assert calibration.calibrate(network, some_faces(0, 0, 0)) == (1.0, 1.0)
    assert np.allclose(network.layers[-1].get_weights()[1], [1, -1])


@pytest.mark.parametrize(
    "targets, gap",
    [
        # Nine times as rare: three times as likely.
        ([[1, 0]] * 9 + [[0, 1]], np.log(3)),
        # What was learned counts, not the labels: of smoothed labels or teachers' answers the mean is milder.
        ([[0.8, 0.2]] * 10, np.log(4) / 2),
        # An emotion without pictures keeps the network finite: as if it had one.
        ([[1, 0]] * 4, np.log(4) / 2),
    ],
)
def test_half_of_the_prior_of_the_targets_is_taken_out(targets, gap):
    network = network_of_one_answer(0.0, 0.0)
    calibration.leave_out_prior(network, np.array(targets))
    _, bias = network.layers[-1].get_weights()
    assert bias[1] - bias[0] == pytest.approx(gap, abs=1e-6)


def test_temperature_one_changes_nothing_and_the_best_undoes_overconfidence():
    # Of ten answers alike, six are right: the honest probability is 0.6. Logits three times as large claim more.
    honest = np.tile([0.6, 0.2, 0.1, 0.1], (10, 1))
    labels = np.array([0] * 6 + [1, 1, 2, 3])
    np.testing.assert_allclose(calibration.with_temperature(honest, 1.0), honest)
    overconfident = calibration.with_temperature(honest, 1 / 3)
    assert overconfident[0, 0] > 0.9
    assert calibration.best_temperature(overconfident, labels) == pytest.approx(3, rel=0.01)
    underconfident = calibration.with_temperature(honest, 2)
    assert calibration.best_temperature(underconfident, labels) == pytest.approx(0.5, rel=0.01)
