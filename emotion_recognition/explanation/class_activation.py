"""Gradient class activation maps: where the last convolution has found what speaks for an emotion.

Faces, `chosen` and maps are those of `explanation`. The gradients are TensorFlow's: other backends have no such maps.
"""

from contextlib import contextmanager

import keras
import numpy as np

from emotion_recognition.evaluation.metrics import SMALLEST_PROBABILITY
from emotion_recognition.explanation.occlusion import enlarged
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models.foreign import all_layers


def is_possible() -> bool:
    """Return whether this backend gives the gradients: TensorFlow alone does."""
    return keras.backend.backend() == "tensorflow"


def compile_maps(network):
    """Return a function (faces, chosen) -> gradient class activation maps, 0 and above (Selvaraju et al., 2017, 3).

    The channels of the last convolution are added, each weighed by the mean gradient of the emotion's score with
    respect to it; what speaks against the emotion is cut off, and the map is enlarged to the size of the face. That
    takes the cells of the convolution for equal parts of the face; where convolutions are not padded they see a little
    less than that. The score is the emotion's input to the last softmax, or, where the last layer is no softmax, the
    logarithm of its probability. ValueError for a network without convolution.
    """
    import tensorflow

    convolution = find_last_convolution(network)
    if convolution is None:
        raise ValueError("the network has no convolution")

    def weigh_channels(faces, chosen):
        with tensorflow.GradientTape() as tape, recorded_outputs(convolution) as outputs:
            scores = tensorflow.gather(call_without_softmax(network, faces), chosen, batch_dims=1)
        # Of a convolution that is called several times, the last call counts.
        features = outputs[-1]
        weights = tensorflow.reduce_mean(tape.gradient(scores, features), axis=(1, 2), keepdims=True)
        return tensorflow.nn.relu(tensorflow.reduce_sum(weights * features, axis=-1))

    signature = [
        tensorflow.TensorSpec((None, FACE_SIZE, FACE_SIZE, 1), tensorflow.float32),
        tensorflow.TensorSpec((None,), tensorflow.int32),
    ]
    # Compiled at once: for this the network is changed for a moment, which must not happen while it is at work.
    compiled = tensorflow.function(weigh_channels, input_signature=signature).get_concrete_function()

    def maps(faces, chosen):
        pictures = tensorflow.constant(np.asarray(faces)[..., np.newaxis], tensorflow.float32)
        return enlarged(compiled(pictures, tensorflow.constant(chosen, tensorflow.int32)).numpy())

    return maps


def find_last_convolution(network):
    """Return the convolution nearest to the output, also within networks that are layers; None where there is none."""
    kinds = keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.SeparableConv2D
    return next((layer for layer in reversed(all_layers(network)) if isinstance(layer, kinds)), None)


@contextmanager
def recorded_outputs(layer):
    """Give a list that takes what the layer returns, wherever in a network it is called inside the block."""
    outputs, call = [], layer.call

    def recording_call(*arguments, **options):
        outputs.append(call(*arguments, **options))
        return outputs[-1]

    layer.call = recording_call
    try:
        yield outputs
    finally:
        del layer.call


def call_without_softmax(network, faces):
    """Return the scores (n, emotions) that the last softmax turns into probabilities, or else their logarithm."""
    last = all_layers(network)[-1]
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return keras.ops.log(network(faces, training=False) + SMALLEST_PROBABILITY)
    last.activation = keras.activations.linear
    try:
        return network(faces, training=False)
    finally:
        last.activation = keras.activations.softmax
