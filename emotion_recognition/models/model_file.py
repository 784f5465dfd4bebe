"""`model.h5`: a whole Keras model in HDF5, and what is written beside the weights.

Two attributes at the root of the file: `emotions` (JSON list, in the order of the outputs) and `training` (JSON:
network, data, settings, seed, versions, validation accuracy).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS, canonical
from emotion_recognition.models import configuration, foreign, lite, safety


@dataclass(frozen=True)
class TrainedModel:
    """A Keras model, the emotions of its outputs in order, and the record of its training (may be empty)."""

    network: keras.Model
    emotions: tuple[str, ...]
    training: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What had to be assumed of a model of another project."""

    def probabilities(self, faces: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the probabilities of the emotions, (n, emotions), in faces (n, 48, 48, 1), gray levels 0 to 255."""
        return self.network.predict_on_batch(faces)


def save(path: str | Path, network: keras.Model, emotions: Sequence[str], training: dict[str, Any]) -> None:
    """Write a model file whole or not at all: the old file at `path` stays until the new one is complete."""
    with written_whole(path) as temporary:
        save_silently(network, temporary)
        with h5py.File(temporary, "r+") as file:
            layers = configuration.without_newer_settings(json.loads(file.attrs["model_config"]))
            file.attrs["model_config"] = json.dumps(layers)
            file.attrs["emotions"] = json.dumps(list(emotions))
            file.attrs["training"] = json.dumps(training)


def save_silently(network: keras.Model, path: Path) -> None:
    """Write a network as HDF5, without Keras' reminder that this is not its newest format."""

    def is_other(record: logging.LogRecord) -> bool:
        return "HDF5" not in record.getMessage()

    logger = logging.getLogger("absl")
    logger.addFilter(is_other)
    try:
        network.save(path, include_optimizer=False)
    finally:
        logger.removeFilter(is_other)


def load(path: str | Path, emotions: str | None = None, pixel_range: str | None = None) -> TrainedModel:
    """Read a model file; UserError where it is missing, damaged, unsafe, or no network for faces and emotions.

    `emotions` and `pixel_range` tell of other people's models what a file of this project says itself (see
    `foreign.adapt`); what they leave open is assumed, and logged as a warning.
    """
    path = Path(path)
    network, attributes = safety.read_network(path)
    # Some damage shows only when the network is tried.
    with safety.naming_damage(path):
        if "emotions" not in attributes:
            network, names, notes = foreign.adapt(network, path, emotions, pixel_range)
            trained = TrainedModel(check_network(network, names, path), names, {}, tuple(notes))
        elif emotions or pixel_range:
            raise UserError(f"{path} says itself how it is read: leave out --emotions and --pixel-range.")
        else:
            names = read_emotions(attributes["emotions"], path)
            training = dict(json.loads(attributes.get("training", "{}")))
            trained = TrainedModel(check_network(network, names, path), names, training)
    lite.tell_notes(path, trained.notes)
    return trained


def origin(path: str | Path) -> dict[str, Any]:
    """Return what the record of a network says of a model file that it learned from: name, SHA-256 and own record.

    What that one learned from is named without records: a record of HDF5 holds no more than 64 KB.
    """
    training: dict[str, Any] = {}
    if h5py.is_hdf5(path):
        with h5py.File(path) as file:
            training = json.loads(file.attrs.get("training", "{}"))

    def without_record(value: Any) -> Any:
        if isinstance(value, list):
            return [without_record(each) for each in value]
        return {name: each for name, each in value.items() if name != "training"} if isinstance(value, dict) else value

    training = {name: without_record(value) for name, value in training.items()}
    return {"file": Path(path).name, "sha256": lite.file_digest(path), "training": training}


def load_weights(path: str | Path, network: keras.Model) -> keras.Model:
    """Return a network with the weights that a file holds alone; UserError where they are those of another one."""
    try:
        network.load_weights(path)
    except safety.DAMAGE as error:
        raise UserError(f"{path} holds weights alone, but not of {network.name}: save the whole model.") from error
    return network


def read_emotions(text: str, path: Path) -> tuple[str, ...]:
    """Return the names in the attribute `emotions`, in this project's spelling; UserError where it holds others."""
    try:
        names = tuple(canonical(emotion) for emotion in json.loads(text))
        if len(set(names)) < len(names):
            raise ValueError("one of them is named twice")
        return names
    except (TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: its attribute `emotions` is no list of {', '.join(EMOTIONS)} ({error}).") from error


def check_network(network: keras.Model, emotions: Sequence[str], path: Path) -> keras.Model:
    """Return the network; UserError where its inputs or outputs are others, or its weights or answers make no sense."""
    expected = [(None, FACE_SIZE, FACE_SIZE, 1)], [(None, len(emotions))]
    found = [tuple(each.shape) for each in network.inputs], [tuple(each.shape) for each in network.outputs]
    if found != expected:
        raise UserError(
            f"{path} turns {found[0]} into {found[1]}, not {expected[0]} into {expected[1]}: name another --model."
        )
    if not all(np.isfinite(weights).all() for weights in network.get_weights()):
        raise UserError(f"{path} has weights that are not numbers: train it again with a lower --learning-rate.")
    if not foreign.gives_probabilities(network):
        raise UserError(f"{path} gives no probabilities: its last layer must be a softmax; name another --model.")
    return network
