"""Starting from a trained network instead of from chance: a few own pictures are then enough."""

from emotion_recognition import model_file
from emotion_recognition.errors import UserError


def start_from(path, network, emotions):
    """Give `network` the weights of the model file at `path`, layer by layer, as far as they fit; print what was taken.

    The last layer keeps its random weights where `emotions` are not those of the file. UserError where the file holds
    another network.
    """
    trained = model_file.load(path)
    mine, theirs = with_weights(network), with_weights(trained.network)
    is_same = trained.emotions == tuple(emotions)
    pairs = list(zip(mine, theirs, strict=False)) if is_same else list(zip(mine[:-1], theirs[:-1], strict=False))
    if len(mine) != len(theirs) or any(shapes(layer) != shapes(source) for layer, source in pairs):
        raise UserError(
            f"{path} holds another network ({trained.network.name}) than the {network.name} that is to be trained:"
            " name another --weights."
        )
    for layer, source in pairs:
        layer.set_weights(source.get_weights())
    new = "" if is_same else f"; the last is new, for {path} knows {', '.join(trained.emotions)}"
    print(f"Starting from {path}: {len(pairs)} of {len(mine)} layers with weights{new}.")


def with_weights(network) -> list:
    """Return the layers of a network that have weights, in their order."""
    return [layer for layer in network.layers if layer.weights]


def shapes(layer) -> list:
    """Return the shapes of a layer's weights."""
    return [tuple(weights.shape) for weights in layer.weights]
