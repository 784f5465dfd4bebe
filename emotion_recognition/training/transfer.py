"""Starting from a trained network instead of from chance: a few own pictures are then enough."""

from collections.abc import Sequence

import keras
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file


def start_from(path: str, network: keras.Model, emotions: Sequence[str]) -> None:
    """Give `network` the weights of the model file at `path`, layer by layer, as far as they fit; print what was taken.

    Where `emotions` differ from those of the file, the last layer takes the outputs that both have, in its own order;
    the others keep their random weights. UserError where the file holds another network.
    """
    trained = model_file.load(path)
    mine, theirs = ([layer for layer in each.layers if layer.weights] for each in (network, trained.network))
    if shapes(mine[:-1]) != shapes(theirs[:-1]):
        raise UserError(
            f"{path} holds another network ({trained.network.name}) than the {network.name} that is to be trained, or"
            " one of another size: name another --weights, or the flags that it was trained with."
        )
    for layer, source in zip(mine[:-1], theirs[:-1], strict=True):
        layer.set_weights(source.get_weights())
    last = zip(mine[-1].get_weights(), theirs[-1].get_weights(), strict=True)
    mine[-1].set_weights([with_outputs_of(trained.emotions, source, emotions, own) for own, source in last])
    print(f"Starting from {path}: {describe_taken(len(mine), trained.emotions, emotions)}.")


def shapes(layers: Sequence[keras.Layer]) -> list[list[tuple[int, ...]]]:
    """Return the shapes of the weights of each layer."""
    return [[weights.shape for weights in layer.weights] for layer in layers]


def with_outputs_of(
    source_emotions: Sequence[str], source: npt.NDArray, emotions: Sequence[str], own: npt.NDArray
) -> npt.NDArray:
    """Return the weights `own` (..., emotions) with those of `source` for the emotions that both have."""
    weights = own.copy()
    for place, emotion in enumerate(emotions):
        if emotion in source_emotions:
            weights[..., place] = source[..., source_emotions.index(emotion)]
    return weights


def describe_taken(layers: int, source_emotions: Sequence[str], emotions: Sequence[str]) -> str:
    """Return in words what was taken of a network with so many layers."""
    if set(emotions) == set(source_emotions):
        return f"{layers} of {layers} layers with weights"
    shared = [emotion for emotion in emotions if emotion in source_emotions]
    new = [emotion for emotion in emotions if emotion not in source_emotions]
    last = f", and of the last {', '.join(shared)}" if shared else ""
    return f"{layers - 1} of {layers} layers with weights{last}; new: {', '.join(new) or 'nothing'}"
