"""The optimizers: their kinds, their learning rate step by step, and which weights decay."""

import numpy as np
import pytest
from conftest import NETWORKS

from emotion_recognition.cli.options import LEARNING_RATES
from emotion_recognition.training.optimizers import KINDS, average_momentum, warmup_cosine


def rates(optimizer, steps) -> list[float]:
    """Return the learning rate before each step, and after the last."""
    found = []
    for step in range(steps + 1):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_the_learning_rate_rises_and_falls_to_zero():
    # Five steps from a tenth to the whole rate, then half a cosine over twenty.
    found = rates(warmup_cosine("sgd", 0.5, 5, 5), 25)
    assert np.allclose(found[:6], [0.05, 0.14, 0.23, 0.32, 0.41, 0.5])
    assert np.allclose(found[5:], [0.25 * (1 + np.cos(np.pi * step / 20)) for step in range(21)], atol=1e-6)


@pytest.mark.parametrize("warmup_steps", [0, 1, None])
def test_a_training_of_one_step_has_a_learning_rate(warmup_steps):
    assert rates(warmup_cosine("adam", 1e-3, 1, 1, warmup_steps), 1) == pytest.approx([1e-4, 1e-3])


def test_the_rise_may_take_other_steps_than_those_of_an_epoch():
    assert np.allclose(rates(warmup_cosine("adamw", 0.5, 4, 5, 2, rise=25), 2), [0.02, 0.26, 0.5])


@pytest.mark.parametrize("name, decay", [("rmsprop", None), ("adam", 0.05), ("adamw", 0.01), ("sgd", 5e-3)])
def test_optimizers_are_those_of_their_names(name, decay):
    optimizer = warmup_cosine(name, 1.0, 2, 5)
    assert type(optimizer).__name__.lower() == name and optimizer.weight_decay == decay
    assert name != "sgd" or (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    assert set(LEARNING_RATES) < set(KINDS)


def test_only_what_multiplies_features_decays():
    network, optimizer = NETWORKS["little_vgg"](2), warmup_cosine("sgd", 1.0, 2, 5)
    optimizer.build(network.trainable_variables)
    decaying = {v.name for v in network.trainable_variables if optimizer._use_weight_decay(v)}
    assert decaying == {"kernel"}


def test_the_average_of_a_short_training_forgets_what_it_began_with():
    assert average_momentum(4370) == pytest.approx(0.998)
    # What is left of the first weights in the average of a whole training.
    assert all(average_momentum(steps) ** steps < 0.001 for steps in (40, 144, 1000, 4000))
    assert average_momentum(0) == 0
