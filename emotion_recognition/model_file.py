"""`model.h5`: a whole Keras model in HDF5, what is written beside the weights, and reading files that may be anything.

Two attributes at the root of the file: `emotions` (JSON list, in the order of the outputs) and `training` (JSON:
network, data, settings, seed, versions, validation accuracy). A file is data, never code.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np

import emotion_recognition.layers  # noqa: F401 - registers the project's own layers for loading
from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.labels import EMOTIONS, canonical
from emotion_recognition.pictures import FACE_SIZE

# A layer is named by the module it comes from; these are the only ones whose code may be run.
TRUSTED_MODULES = ("keras", "emotion_recognition")

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


def load(path) -> TrainedModel:
    """Read a model file of this project; UserError where it is missing, damaged, unsafe or of another form."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not there: name another --model, or train one.")
    if not h5py.is_hdf5(path):
        raise UserError(f"{path} is no HDF5 file: name a model that Keras saved as .h5.")
    try:
        with h5py.File(path) as file:
            refuse_links(file, path)
            configuration = read_json(file, "model_config", path)
            emotions = read_json(file, "emotions", path)
            training = json.loads(file.attrs.get("training", "{}"))
        refuse_foreign_objects(configuration, path)
        network = keras.models.load_model(path, compile=False)
    except UserError:
        raise
    # A damaged file can make HDF5 and Keras raise almost anything; all of it means the same to a person.
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{path} is damaged or no whole Keras model ({reason}): copy or train it again.") from error
    emotions = check_emotions(emotions, path)
    check_network(network, emotions, path)
    return TrainedModel(network, emotions, training)


def read_json(file, attribute, path):
    """Return the JSON value of an attribute at the root of an HDF5 file."""
    if attribute not in file.attrs:
        raise UserError(f"{path} has no attribute `{attribute}`: no training script of this project wrote it.")
    return json.loads(file.attrs[attribute])


def refuse_links(group, path):
    """Refuse links to other files, at any depth."""
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise UserError(f"{path} links to another file ({link.filename}): do not trust it, a model is one file.")
        if isinstance(link, h5py.SoftLink):
            continue
        if isinstance(item := group[name], h5py.Group):
            refuse_links(item, path)
        elif item.is_virtual or item.external:
            raise UserError(f"{path} keeps {item.name} in another file: do not trust it, a model is one file.")


def refuse_foreign_objects(configuration, path):
    """Refuse Lambda layers and objects that neither Keras nor this project defines, at any depth."""
    if isinstance(configuration, list):
        for value in configuration:
            refuse_foreign_objects(value, path)
    if not isinstance(configuration, dict):
        return
    name = configuration.get("class_name")
    module = configuration.get("module") or "keras"
    registered = configuration.get("registered_name") or "keras"
    is_trusted = module.split(".")[0] in TRUSTED_MODULES and registered.split(">")[0] in (*TRUSTED_MODULES, name)
    if name == "Lambda" or name == "__lambda__" or not is_trusted:
        raise UserError(f"{path} contains code of its own ({name}): do not trust it, a model is data.")
    for value in configuration.values():
        refuse_foreign_objects(value, path)


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
    if not network.built:
        raise UserError(f"{path} does not say of what shape its inputs are: name another --model.")
    expected = [(None, FACE_SIZE, FACE_SIZE, 1)], [(None, len(emotions))]
    found = [tuple(each.shape) for each in network.inputs], [tuple(each.shape) for each in network.outputs]
    if found != expected:
        raise UserError(
            f"{path} turns {found[0]} into {found[1]}, not {expected[0]} into {expected[1]}: name another --model."
        )
    if not all(np.isfinite(weights).all() for weights in network.get_weights()):
        raise UserError(f"{path} has weights that are not numbers: train it again with a lower --learning-rate.")
