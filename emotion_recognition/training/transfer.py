"""Starting from a trained network instead of from chance: a few own pictures are then enough."""

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file


def start_from(path, network, emotions):
    """Give `network` the weights of the model file at `path`, layer by layer, as far as they fit; print what was taken.

    Where `emotions` differ from those of the file, the last layer takes the outputs that both have, in its own order;
    the others keep their random weights. UserError where the file holds another network.
    """
    trained = model_file.load(path)
    mine, theirs = with_weights(network), with_weights(trained.network)
    if [shapes(layer) for layer in mine[:-1]] != [shapes(layer) for layer in theirs[:-1]]:
        raise UserError(
            f"{path} holds another network ({trained.network.name}) than the {network.name} that is to be trained:"
            " name another --weights."
        )
    for layer, source in zip(mine[:-1], theirs[:-1], strict=True):
        layer.set_weights(source.get_weights())
    last = zip(mine[-1].get_weights(), theirs[-1].get_weights(), strict=True)
    mine[-1].set_weights([with_outputs_of(trained.emotions, source, emotions, own) for own, source in last])
    print(f"Starting from {path}: {describe_taken(len(mine), trained.emotions, emotions)}.")


def with_outputs_of(source_emotions, source, emotions, own) -> np.ndarray:
    """Return the weights `own` (..., emotions) with those of `source` for the emotions that both have."""
    weights = own.copy()
    for place, emotion in enumerate(emotions):
        if emotion in source_emotions:
            weights[..., place] = source[..., source_emotions.index(emotion)]
    return weights


def describe_taken(layers, source_emotions, emotions) -> str:
    """Return in words what was taken of a network with so many layers."""
    if set(emotions) == set(source_emotions):
        return f"{layers} of {layers} layers with weights"
    shared = [emotion for emotion in emotions if emotion in source_emotions]
    new = [emotion for emotion in emotions if emotion not in source_emotions]
    last = f", and of the last {', '.join(shared)}" if shared else ""
    return f"{layers - 1} of {layers} layers with weights{last}; new: {', '.join(new) or 'nothing'}"


def with_weights(network) -> list:
    """Return the layers of a network that have weights, in their order."""
    return [layer for layer in network.layers if layer.weights]


def shapes(layer) -> list:
    """Return the shapes of a layer's weights."""
    return [tuple(weights.shape) for weights in layer.weights]
