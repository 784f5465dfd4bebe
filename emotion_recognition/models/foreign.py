"""Other people's models, of Keras 2 and 3 -> networks of this project's form: gray faces 48x48 -> probabilities."""

import json

import keras
import numpy as np
from keras import layers

from emotion_recognition.errors import UserError
from emotion_recognition.evaluation import metrics
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS, FER2013_CODES, canonical
from emotion_recognition.models import older_keras, safety

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


def load(path, emotions=None, pixel_range=None):
    """Return (network, emotions, notes) of a foreign file: notes say in a sentence each what had to be assumed.

    `emotions` is fer2013, alphabetical, or names with commas between them; `pixel_range` is unit, byte or signed.
    """
    network = read_network(path)
    size, channels, number = check_form(network, path)
    # What had to be assumed is said, never hidden.
    notes = []
    if emotions is None:
        notes.append(f"the emotions are taken to be {', '.join(ALPHABETICAL[number])} (--emotions says otherwise)")
    names = order_of(emotions or "alphabetical", number, path)
    if pixel_range is None:
        pixel_range = "byte" if any(isinstance(layer, layers.Rescaling) for layer in all_layers(network)) else "unit"
        notes.append(f"the pixels are taken to be of the range {pixel_range} (--pixel-range says otherwise)")
    return adapt(network, path, size, channels, pixel_range), names, notes


def detect_order(path, faces) -> str:
    """Return as text how well each pixel range and order of emotions fits labelled faces, and the flags of the best.

    UserError where `faces` (`folders.Pictures`) is None, or the model does not fit them.
    """
    if faces is None:
        raise UserError("There is no folder `validation` to try the model on: name another --data.")
    with safety.naming_damage(path):
        network = read_network(path)
    size, channels, number = check_form(network, path)
    found = []
    for pixel_range in PIXEL_RANGES:
        with safety.naming_damage(path):
            adapted = adapt(network, path, size, channels, pixel_range)
            answers = metrics.network_outputs(adapted, faces.pictures).argmax(axis=1)
        for order in ("fer2013", "alphabetical") if number == len(FER2013_CODES) else ("alphabetical",):
            names = order_of(order, number, path)
            right = np.array([names[answer] for answer in answers]) == np.array(faces.emotions)[faces.labels]
            found.append((right.mean(), order, pixel_range))
    found.sort(reverse=True)
    lines = [f"{accuracy:8.1%}  --emotions {order} --pixel-range {pixel}" for accuracy, order, pixel in found]
    title = f"{path} is right on so many of {len(faces):,} validation pictures, the best fit first:"
    return "\n".join([title, *lines])


def read_network(path) -> keras.Model:
    """Return the Keras model in a file of any release, without compiling it."""
    if safety.is_archive(path):
        # How it was trained is not read, and may name functions of those who trained it.
        configuration = {**safety.read_archive(path), "compile_config": None}
        safety.refuse_foreign_objects(configuration, path)
        safety.refuse_giants(configuration, path)
        return safety.load_whole(path)
    with safety.open_hdf5(path) as file:
        if "model_config" not in file.attrs:
            raise UserError(
                f"{path} holds weights without a network: save the whole model (emotions.py knows those of the classic CNN)."
            )
        configuration = json.loads(file.attrs["model_config"])
        safety.refuse_foreign_objects(configuration, path)
        is_older = not older_keras.as_text(file.attrs.get("keras_version", "")).startswith("3")
        if is_older:
            configuration = older_keras.modernise(configuration)
        safety.refuse_giants(configuration, path)
        if is_older:
            network = safety.build(configuration)
            older_keras.put_weights(network, file["model_weights"], path)
            return network
    return safety.load_whole(path)


def check_form(network, path) -> tuple[int, int, int]:
    """Return (size, channels, number of outputs) of a network; UserError where it is not for faces and emotions."""
    if not network.built or len(network.inputs) != 1 or len(network.outputs) != 1:
        raise UserError(f"{path} has not one input and one output: name another --model.")
    shape, outputs = tuple(network.inputs[0].shape), tuple(network.outputs[0].shape)
    is_face = len(shape) == 4 and shape[1] == shape[2] and shape[1] in SIZES and shape[3] in (1, 3)
    if not is_face or len(outputs) != 2 or outputs[1] not in ALPHABETICAL:
        raise UserError(
            f"{path} turns {shape[1:]} into {outputs[1:]}, not gray or coloured faces of 48x48 or 64x64 into 5 to 8"
            " emotions: name another --model."
        )
    return shape[1], shape[3], outputs[1]


def order_of(emotions, number, path) -> tuple:
    """Return the names of the outputs, as `--emotions` says them; UserError where they are not as many as outputs."""
    named = {"alphabetical": ALPHABETICAL[number], "fer2013": FER2013_CODES}.get(emotions)
    try:
        names = named or tuple(canonical(name) for name in emotions.split(","))
    except ValueError as error:
        raise UserError(f"--emotions: {error}.") from error
    if len(names) != number or len(set(names)) != number:
        raise UserError(f"{path} has {number} outputs: --emotions must name as many emotions, each once.")
    return names


def adapt(network, path, size, channels, pixel_range) -> keras.Model:
    """Return a network of this project's form around that of a foreign file, all of Keras' own layers."""
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


def needs_softmax(network, path) -> bool:
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


def gives_probabilities(network) -> bool:
    """Return whether the answers to random pictures are not below zero and sum to 1."""
    # Of every strength, faint ones too: sigmoids that have reached their ends could pass for probabilities.
    strengths = np.geomspace(0.0001, 255, 8).reshape(-1, 1, 1, 1)
    pictures = np.random.default_rng(0).random((8, *network.inputs[0].shape[1:])) * strengths
    # Of a network whose one input stands in a list, as in older files, Keras would warn when it is called itself.
    answers = keras.Model(network.inputs[0], network.outputs[0])(pictures.astype(np.float32), training=False)
    answers = keras.ops.convert_to_numpy(answers).astype(np.float32)
    # Asked so that NaN is no fault: `model_file.check_network` names weights that are not numbers. The sum may be off
    # by what 16 bits round.
    return not ((answers < 0).any() or (abs(answers.sum(axis=1) - 1) > 0.01).any())


def all_layers(network) -> list:
    """Return the layers of a network and of the networks inside it, in their order."""
    found = []
    for layer in network.layers:
        found += all_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return found
