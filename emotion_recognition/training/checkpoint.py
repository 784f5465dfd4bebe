"""The state of a training between two epochs, in one HDF5 file that is written whole or not at all."""

import json

import h5py
import keras

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole


def write(path, network, settings, history, best_weights):
    """Write one HDF5 file with everything that the next epoch depends on."""
    optimizer_state = [keras.ops.convert_to_numpy(variable) for variable in network.optimizer.variables]
    groups = {"network": network.get_weights(), "optimizer": optimizer_state, "best": best_weights}
    with written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        file["settings"], file["history"] = json.dumps(settings), json.dumps(history)
        for group, arrays in groups.items():
            for index, values in enumerate(arrays):
                file[f"{group}/{index:04}"] = values


def read(path, network, settings):
    """Bring network and optimizer to the state in the checkpoint; return (history, weights of the best epoch)."""
    try:
        with h5py.File(path) as file:
            stored, history = json.loads(file["settings"][()]), json.loads(file["history"][()])
            groups = ("network", "optimizer", "best")
            state = {group: [values[()] for values in file[group].values()] for group in groups}
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}): start anew with --force.") from error
    different = [name for name in settings if stored.get(name) != settings[name]]
    if different:
        name = different[0]
        raise UserError(
            f"{path} was begun with {name} {stored.get(name)}, not {settings[name]}: use the same settings and data,"
            " or start anew with --force."
        )
    try:
        network.set_weights(state["network"])
        for variable, values in zip(network.optimizer.variables, state["optimizer"], strict=True):
            variable.assign(values)
    except ValueError as error:
        raise UserError(
            f"{path} is of another network, or of another release of Keras: start anew with --force."
        ) from error
    return history, state["best"]
