"""Other people's networks -> networks of this project's form: gray faces 48x48 -> probabilities."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from emotion_recognition.errors import UserError
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS, FER2013_CODES, canonical
from emotion_recognition.models import safety
from emotion_recognition.models.predict import network_outputs

# What a network wants of gray levels 0 to 255: factor and offset.
PIXEL_RANGES = {"unit": (1 / 255, 0.0), "byte": (1.0, 0.0), "signed": (1 / 127.5, -1.0)}

# The class folders that are in circulation, by their number: the alphabetical order of the names in them.
ALPHABETICAL = {
    5: ("angry", "happy", "neutral", "sad", "surprised"),
    6: tuple(emotion for emotion in EMOTIONS if emotion not in ("contempt", "neutral")),
    7: tuple(emotion for emotion in EMOTIONS if emotion != "contempt"),
    8: EMOTIONS,
}
SIZES = (48, 64)


def adapt(
    network: keras.Model, path: Path, emotions: str | None = None, pixel_range: str | None = None
) -> tuple[keras.Model, tuple[str, ...], list[str]]:
    """Return (network of this project's form, emotions, notes): notes say in a sentence each what had to be assumed.

    `emotions` is fer2013, alphabetical, or names with commas between them; `pixel_range` is unit, byte or signed.
    """
    number = check_form(network, path)
    notes = []
    if emotions is None:
        notes.append(f"the emotions are taken to be {', '.join(ALPHABETICAL[number])} (--emotions says otherwise)")
    names = order_of(emotions or "alphabetical", number, path)
    if pixel_range is None:
        pixel_range = "byte" if any(isinstance(layer, layers.Rescaling) for layer in all_layers(network)) else "unit"
        notes.append(f"the pixels are taken to be of the range {pixel_range} (--pixel-range says otherwise)")
    return put_around(network, path, pixel_range), names, notes


def detect_order(
    path: Path, pictures: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], emotions: Sequence[str]
) -> str:
    """Return as text how well each pixel range and order of emotions fits labelled faces, and the flags of the best.

    `pictures` is uint8 (n, 48, 48, 1), `labels` are places in `emotions`. UserError where the model does not fit them.
    """
    network, _ = safety.read_network(path)
    number = check_form(network, path)
    true, found = np.array(emotions)[labels], []
    for pixel_range in PIXEL_RANGES:
        compute = put_around(network, path, pixel_range).predict_on_batch
        answers = network_outputs(compute, pictures).argmax(axis=1)
        for order in ("fer2013", "alphabetical") if number == len(FER2013_CODES) else ("alphabetical",):
            names = np.array(order_of(order, number, path))
            found.append(((names[answers] == true).mean(), order, pixel_range))
    found.sort(reverse=True)
    lines = [f"{accuracy:8.1%}  --emotions {order} --pixel-range {pixel}" for accuracy, order, pixel in found]
    title = f"{path} is right on so many of {len(labels):,} validation pictures, the best fit first:"
    return "\n".join([title, *lines])


def check_form(network: keras.Model, path: Path) -> int:
    """Return the number of a network's outputs; UserError where it is not for faces and emotions."""
    if not network.built or len(network.inputs) != 1 or len(network.outputs) != 1:
        raise UserError(f"{path} has not one input and one output: name another --model.")
    shape, outputs = tuple(network.inputs[0].shape), tuple(network.outputs[0].shape)
    is_face = len(shape) == 4 and shape[1] == shape[2] and shape[1] in SIZES and shape[3] in (1, 3)
    if not is_face or len(outputs) != 2 or outputs[1] not in ALPHABETICAL:
        raise UserError(
            f"{path} turns {shape[1:]} into {outputs[1:]}, not gray or coloured faces of 48x48 or 64x64 into 5 to 8"
            " emotions: name another --model."
        )
    return outputs[1]


def order_of(emotions: str, number: int, path: Path) -> tuple[str, ...]:
    """Return the names of the outputs, as `--emotions` says them; UserError where they are not as many as outputs."""
    named = {"alphabetical": ALPHABETICAL[number], "fer2013": FER2013_CODES}.get(emotions)
    try:
        names = named or tuple(canonical(name) for name in emotions.split(","))
    except ValueError as error:
        raise UserError(f"--emotions: {error}.") from error
    if len(names) != number or len(set(names)) != number:
        raise UserError(f"{path} has {number} outputs: --emotions must name as many emotions, each once.")
    return names


def put_around(network: keras.Model, path: Path, pixel_range: str) -> keras.Model:
    """Return a network of this project's form around a foreign one, all of Keras' own layers."""
    _, size, _, channels = network.inputs[0].shape
    factor, offset = PIXEL_RANGES[pixel_range]
    faces = keras.Input((FACE_SIZE, FACE_SIZE, 1))
    pictures = layers.Rescaling(factor, offset)(faces)
    if size == 64:
        # Not `Resizing`: Keras would take the call of the layers behind it for one in training.
        pictures = layers.AveragePooling2D(3)(layers.UpSampling2D(4, interpolation="bilinear")(pictures))
    if channels == 3:
        pictures = layers.Concatenate()([pictures] * 3)
    outputs = network(pictures)
    if needs_softmax(network, path):
        outputs = layers.Softmax()(outputs)
    return keras.Model(faces, outputs, name="foreign")


def needs_softmax(network: keras.Model, path: Path) -> bool:
    """Return whether a network gives logits instead of probabilities; UserError where it gives neither."""
    if gives_probabilities(network):
        return False
    activations = [layer.activation for layer in all_layers(network) if hasattr(layer, "activation")]
    if activations and activations[-1] is not keras.activations.linear:
        name = getattr(activations[-1], "__name__", "an unknown activation")
        raise UserError(
            f"{path} ends in {name}, and what it gives for a face does not sum to 1: name another --model, which ends"
            " in softmax or without an activation."
        )
    return True


def gives_probabilities(network: keras.Model) -> bool:
    """Return whether the answers to random pictures are not below zero and sum to 1."""
    # Of every strength, faint ones too: sigmoids that have reached their ends could pass for probabilities.
    strengths = np.geomspace(0.0001, 255, 8).reshape(-1, 1, 1, 1)
    pictures = np.random.default_rng(0).random((8, *network.inputs[0].shape[1:])) * strengths
    answers = keras.ops.convert_to_numpy(network(pictures.astype(np.float32), training=False)).astype(np.float32)
    # Asked so that NaN is no fault: `model_file.check_network` names weights that are not numbers. The sum may be off
    # by what 16 bits round.
    return not ((answers < 0).any() or (abs(answers.sum(axis=1) - 1) > 0.01).any())


def all_layers(network: keras.Model) -> list[keras.Layer]:
    """Return the layers of a network and of the networks inside it, in their order."""
    found = []
    for layer in network.layers:
        found += all_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found
