"""Gradient class activation maps: where the last convolution has found what speaks for an emotion.

They are here to be compared with what others publish. In the check of `faithfulness` occlusion is far better.
The gradients are TensorFlow's: other backends have no such maps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.evaluation.metrics import SMALLEST_PROBABILITY
from emotion_recognition.explanation.attention import enlarged
from emotion_recognition.explanation.occlusion import Faces, Indices, Maps
from emotion_recognition.models.foreign import all_layers

# Faces whose gradients are held in memory at once.
BATCH_SIZE = 64


def class_activation_maps(network: keras.Model, faces: Faces, chosen: Indices) -> Maps:
    """Return gradient class activation maps, 0 and above (Selvaraju et al., 2017, section 3).

    The channels of the last convolution are added, each weighed by the mean gradient of the emotion's score with
    respect to it; what speaks against the emotion is cut off, and the map is enlarged to the size of the face. That
    takes the cells of the convolution for equal parts of the face; where convolutions are not padded they see a little
    less than that. The score is the emotion's input to the last softmax, or, where the last layer is no softmax, the
    logarithm of its probability. UserError for a network without convolution, and for another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError("Class activation maps need TensorFlow's gradients: set KERAS_BACKEND=tensorflow.")
    convolution = find_last_convolution(network)
    if convolution is None:
        raise UserError("Class activation maps need a convolution, and this network has none: use --method occlusion.")
    import tensorflow

    maps = []
    for start in range(0, len(faces), BATCH_SIZE):
        pictures = tensorflow.constant(np.asarray(faces[start : start + BATCH_SIZE])[..., np.newaxis], "float32")
        emotions = tensorflow.constant(chosen[start : start + BATCH_SIZE], "int32")
        with tensorflow.GradientTape() as tape, recorded_outputs(convolution) as outputs:
            scores = tensorflow.gather(call_without_softmax(network, pictures), emotions, batch_dims=1)
        # Of a convolution that is called several times, the last call counts.
        features = outputs[-1]
        weights = tensorflow.reduce_mean(tape.gradient(scores, features), axis=(1, 2), keepdims=True)
        maps.append(tensorflow.nn.relu(tensorflow.reduce_sum(weights * features, axis=-1)).numpy())
    return enlarged(np.concatenate(maps))


def find_last_convolution(network: keras.Model) -> keras.Layer | None:
    """Return the convolution nearest to the output, also within networks that are layers; None where there is none."""
    kinds = keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D
    return next((layer for layer in reversed(all_layers(network)) if isinstance(layer, kinds)), None)


@contextmanager
def recorded_outputs(layer: keras.Layer) -> Iterator[list[Any]]:
    """Give a list that takes what the layer returns, wherever in a network it is called inside the block."""
    outputs: list[Any] = []
    call = layer.call

    def recording_call(*arguments: Any, **options: Any) -> Any:
        outputs.append(call(*arguments, **options))
        return outputs[-1]

    layer.call = recording_call
    try:
        yield outputs
    finally:
        del layer.call


def call_without_softmax(network: keras.Model, pictures: Any) -> Any:
    """Return the scores (n, emotions) that the last softmax turns into probabilities, or else their logarithm."""
    last = all_layers(network)[-1]
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return keras.ops.log(network(pictures, training=False) + SMALLEST_PROBABILITY)
    last.activation = keras.activations.linear
    try:
        return network(pictures, training=False)
    finally:
        last.activation = keras.activations.softmax
