"""The optimizers: how weights move, and how far in each step."""

from functools import partial

import keras
from keras.optimizers.schedules import CosineDecay

KINDS = {
    "rmsprop": keras.optimizers.RMSprop,
    "adam": partial(keras.optimizers.Adam, weight_decay=0.05),
    "adamw": partial(keras.optimizers.AdamW, weight_decay=0.01),
    # Keras keeps the decay out of the momentum: 5e-3 here is what papers call 5e-4.
    "sgd": partial(keras.optimizers.SGD, momentum=0.9, nesterov=True, weight_decay=5e-3),
}


def warmup_cosine(
    name: str, highest: float, epochs: int, steps: int, warmup_steps: int | None = None, rise: float = 10
) -> keras.optimizers.Optimizer:
    """Return an optimizer whose learning rate rises to `highest`, then falls to zero along half a cosine.

    An epoch has so many `steps`; the rise takes one epoch, or `warmup_steps`, and begins at `highest / rise`.
    """
    warmup_steps = max(1, steps if warmup_steps is None else warmup_steps)
    fall = max(1, epochs * steps - warmup_steps)
    optimizer = KINDS[name](CosineDecay(highest / rise, fall, warmup_target=highest, warmup_steps=warmup_steps))
    # Only what multiplies features should be small; batch normalisation and biases may be what they like.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def average_momentum(steps: int) -> float:
    """Return the momentum of a moving average of weights that reaches back over an eighth of all steps, at most 500.

    Over 500 steps of a short training, as on a few photos, the average would still be much of what it began with.
    """
    return 1 - 1 / min(500, 1 + steps / 8)
