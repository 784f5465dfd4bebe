"""What Keras 2 wrote and Keras 3 cannot read: configurations in today's words, weights put into the layers in order."""

import inspect

import numpy as np
from keras import layers

from emotion_recognition.errors import UserError

# Of a layer's configuration, what only matters to training; older releases say it in words that are forgotten.
ONLY_TRAINING = ("_initializer", "_regularizer", "_constraint")
NEW_NAMES = {"softmax_v2": "softmax", "relu_v2": "relu"}
NEW_CLASSES = {"BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"}


def modernise(layer) -> dict:
    """Return the configuration of a layer or network, as any release wrote it, in the words of Keras 3."""
    kind, values = NEW_CLASSES.get(layer["class_name"], layer["class_name"]), layer["config"]
    if kind == "Sequential":
        return {**layer, "config": modernise_sequential(values)}
    if kind in ("Model", "Functional"):
        parts = [modernise(each) for each in values["layers"]]
        return {**layer, "class_name": "Functional", "config": {**values, "layers": parts}}
    values = {key: value for key, value in values.items() if not key.endswith(ONLY_TRAINING)}
    if kind == "InputLayer":
        shape = values.get("batch_input_shape") or values.get("batch_shape")
        return {**layer, "config": {"name": values.get("name"), "batch_shape": shape}}
    if isinstance(values.get("dtype"), dict):
        values["dtype"] = values["dtype"]["config"]["name"]
    if isinstance(values.get("axis"), list) and len(values["axis"]) == 1:
        values["axis"] = values["axis"][0]
    if kind == "LeakyReLU" and "alpha" in values:
        values["negative_slope"] = float(np.asarray(values["alpha"]))
    if values.get("activation") in NEW_NAMES:
        values["activation"] = NEW_NAMES[values["activation"]]
    known = {*inspect.signature(getattr(layers, kind).__init__).parameters, "name", "trainable", "dtype"}
    return {**layer, "class_name": kind, "config": {key: value for key, value in values.items() if key in known}}


def modernise_sequential(values) -> dict:
    """Return the configuration of a Sequential network: its input is a layer of its own in Keras 3."""
    values = values if isinstance(values, dict) else {"layers": values}
    first = values["layers"][0]["config"]
    modern = [modernise(each) for each in values["layers"]]
    if modern[0]["class_name"] != "InputLayer":
        # Where a network is the first part of another, its input is that of both.
        inner = modern[0]["config"].get("layers")
        shape = inner[0]["config"]["batch_shape"] if inner else first.get("batch_input_shape")
        modern.insert(0, {"class_name": "InputLayer", "config": {"batch_shape": shape}})
    return {"name": values.get("name"), "layers": modern}


def put_weights(network, group, path):
    """Give a network the weights that a file stores by layer, in the order in which the layers use them."""
    for layer in network.layers:
        variables = [*layer.trainable_variables, *layer.non_trainable_variables]
        variables = [variable for variable in variables if not variable.path.endswith("seed_generator_state")]
        stored = group[layer.name] if variables else None
        values = [stored[as_text(name)] for name in stored.attrs["weight_names"]] if variables else []
        if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
            raise UserError(f"{path}: the weights of its layer {layer.name} do not fit the layer: copy it again.")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value[()])


def as_text(value) -> str:
    """Return a name in a file, which older releases of h5py give as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)
