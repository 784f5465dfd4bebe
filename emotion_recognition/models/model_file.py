"""`model.h5`: a whole Keras model in HDF5, what is written beside the weights, and reading files that may be anything.

Two attributes at the root of the file: `emotions` (JSON list, in the order of the outputs) and `training` (JSON:
network, data, settings, seed, versions, validation accuracy). A file is data, never code.
"""

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS, canonical
from emotion_recognition.models import foreign, safety

# What newer releases of Keras write of every layer and older ones refuse to read; left out where it says nothing.
NEWER_DEFAULTS = {
    "input_axes": None,
    "output_axes": None,
    "quantization_config": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}


@dataclass(frozen=True)
class TrainedModel:
    """A Keras model, the emotions of its outputs in order, and the record of its training (may be empty)."""

    network: keras.Model
    emotions: tuple
    training: dict


def save(path, network: keras.Model, emotions, training: dict):
    """Write a model file whole or not at all: the old file at `path` stays until the new one is complete."""
    with written_whole(path) as temporary:
        # Keras would remind us that HDF5 is not its newest format.
        logging.getLogger("absl").setLevel(logging.ERROR)
        network.save(temporary, include_optimizer=False)
        with h5py.File(temporary, "r+") as file:
            configuration = json.loads(file.attrs["model_config"])
            file.attrs["model_config"] = json.dumps(without_newer_defaults(configuration))
            file.attrs["emotions"] = json.dumps(list(emotions))
            file.attrs["training"] = json.dumps(training)


def without_newer_defaults(configuration):
    """Return a configuration that older releases of Keras 3 read too, which have the same defaults unnamed."""
    if isinstance(configuration, list):
        return [without_newer_defaults(value) for value in configuration]
    if not isinstance(configuration, dict):
        return configuration
    return {
        key: without_newer_defaults(value)
        for key, value in configuration.items()
        if key not in NEWER_DEFAULTS or value != NEWER_DEFAULTS[key]
    }


def load(path, emotions=None, pixel_range=None) -> TrainedModel:
    """Read a model file; UserError where it is missing, damaged, unsafe, or no network for faces and emotions.

    `emotions` and `pixel_range` tell of other people's models what a file of this project says itself (see
    `foreign.load`); what they leave open is assumed, and said on standard error.
    """
    path = Path(path)
    training, notes = {}, []
    with safety.naming_damage(path):
        if is_foreign(path):
            network, names, notes = foreign.load(path, emotions, pixel_range)
        elif emotions or pixel_range:
            raise UserError(f"{path} says itself how it is read: leave out --emotions and --pixel-range.")
        else:
            network, names, training = load_own(path)
    check_network(network, names, path)
    if notes:
        print(f"{path} does not say how it is read: {'; '.join(notes)}.", file=sys.stderr)
    return TrainedModel(network, names, training)


def is_foreign(path) -> bool:
    """Return whether a file lacks what every model file of this project says."""
    if safety.is_archive(path):
        return True
    with h5py.File(path) as file:
        return "emotions" not in file.attrs


def load_own(path) -> tuple[keras.Model, tuple, dict]:
    """Return (network, emotions, record of the training) of a file that `save` wrote."""
    with safety.open_hdf5(path) as file:
        configuration = read_json(file, "model_config", path)
        emotions = check_emotions(read_json(file, "emotions", path), path)
        training = json.loads(file.attrs.get("training", "{}"))
    safety.refuse_foreign_objects(configuration, path)
    safety.refuse_giants(configuration, path)
    return safety.load_whole(path), emotions, training


def read_json(file, attribute, path):
    """Return the JSON value of an attribute at the root of an HDF5 file."""
    if attribute not in file.attrs:
        raise UserError(f"{path} has no attribute `{attribute}`: no training script of this project wrote it.")
    return json.loads(file.attrs[attribute])


def check_emotions(emotions, path) -> tuple:
    """Return the emotions as a tuple of names this project knows."""
    try:
        names = tuple(canonical(emotion) for emotion in emotions)
        if len(set(names)) < len(names):
            raise ValueError("one of them is named twice")
        return names
    except (TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: its attribute `emotions` is no list of {', '.join(EMOTIONS)} ({error}).") from error


def check_network(network, emotions, path):
    """Refuse a network of other inputs or outputs, and one whose weights are not numbers."""
    expected = [(None, FACE_SIZE, FACE_SIZE, 1)], [(None, len(emotions))]
    found = [tuple(each.shape) for each in network.inputs], [tuple(each.shape) for each in network.outputs]
    if found != expected:
        raise UserError(
            f"{path} turns {found[0]} into {found[1]}, not {expected[0]} into {expected[1]}: name another --model."
        )
    if not all(np.isfinite(weights).all() for weights in network.get_weights()):
        raise UserError(f"{path} has weights that are not numbers: train it again with a lower --learning-rate.")
