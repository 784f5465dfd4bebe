"""What a model file says of its layers, in the words of any release of Keras -> what today's Keras builds.

A file is data, never code: only layers that compute with what the file holds come through.
"""

import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from emotion_recognition.errors import UserError
from emotion_recognition.models import layers as own_layers

OWN_PACKAGE = "emotion_recognition"
NEW_CLASSES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "ThresholdedReLU": "ReLU",
}
NEW_SETTINGS = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "ThresholdedReLU": {"theta": "threshold"},
}
NEW_ACTIVATIONS = {"softmax_v2": "softmax", "relu_v2": "relu"}

# Settings that end so matter to training or to the speed alone.
NO_EFFECT = ("_initializer", "_regularizer", "_constraint", "rng_type", "implementation")
# What Keras 2 writes of the first layer of a Sequential network, which has an input layer since Keras 3.
ONLY_FIRST = ("batch_input_shape", "input_dtype")
# Settings that some releases write and others do not know. With these values they say no more than their absence.
SAYS_NOTHING = {
    "groups": 1,
    "input_axes": None,
    "output_axes": None,
    "quantization_config": None,
    "ragged": False,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
    "rms_scaling": False,
    "time_major": False,
}

# Keras' own layers that run what is in the file, or read the files that it names.
NOT_DATA = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
NOT_DATA |= {"StringLookup", "IntegerLookup", "TextVectorization"}
# The marks by which Keras 3 tells tuples and the like in JSON.
MARKS = {"__keras_tensor__", "__tuple__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__"}


def without_newer_settings(value: Any) -> Any:
    """Return a configuration that older releases of Keras 3 read too, which have the same defaults unnamed."""
    if isinstance(value, list):
        return [without_newer_settings(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: without_newer_settings(each) for key, each in value.items() if not says_nothing(key, each)}


def says_nothing(key: str, value: Any) -> bool:
    """Return whether a setting that not every release knows says no more than its absence."""
    return key in SAYS_NOTHING and value == SAYS_NOTHING[key]


def modernise(value: Any, path: Path) -> Any:
    """Return a configuration, or any part of one, in the words of today's Keras.

    UserError where it names what is no layer of Keras or of this project, runs code or reads other files, and where a
    layer has a setting that today's layer lacks.
    """
    if isinstance(value, list):
        return [modernise(each, path) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("class_name")
    if kind is None or kind in MARKS:
        return {key: modernise(each, path) for key, each in value.items()}
    if kind in ("Policy", "PolicyV1"):
        return value["config"]["name"]
    # How a network was trained may name functions of those who trained it.
    rest = {key: modernise(each, path) for key, each in value.items() if key not in ("config", "compile_config")}
    if kind == "Sequential":
        name, module, values = kind, "keras", modernise_sequential(value["config"], path)
    elif kind in ("Model", "Functional"):
        name, module, values = "Model", "keras", modernise_functional(value["config"], path)
    else:
        place, found = find_class(value, path)
        name, module = keras.saving.get_registered_name(found), place.__name__
        values = modernise_layer(found, value, path)
    # Keras tells by the module whether it reads the configuration as Keras 3 or as Keras 2 writes it.
    names = {"module": module, "registered_name": name} if "module" in value else {}
    return {**rest, **names, "class_name": name, "config": values}


def modernise_sequential(values: Any, path: Path) -> dict:
    """Return the configuration of a Sequential network, whose input is a layer of its own since Keras 3."""
    # The first releases wrote the layers alone.
    values = values if isinstance(values, dict) else {"layers": values}
    layers = modernise(values["layers"], path)
    if layers[0]["class_name"] != "InputLayer":
        # Where a network is the first part of another, its input is that of both.
        inner = layers[0]["config"].get("layers")
        shape = inner[0]["config"]["batch_shape"] if inner else values["layers"][0]["config"].get("batch_input_shape")
        layers = [{"class_name": "InputLayer", "config": {"batch_shape": shape}}, *layers] if shape else layers
    return {"name": values.get("name"), "layers": layers}


def modernise_functional(values: dict, path: Path) -> dict:
    """Return the configuration of a network whose layers name those that they follow."""
    values = modernise(values, path)
    kinds = {layer["name"]: layer["class_name"] for layer in values["layers"]}
    calls = [call for layer in values["layers"] for call in layer["inbound_nodes"] if isinstance(call, list)]
    # Keras 2, which alone writes calls as lists, counts from 1 the calls of a network inside a network.
    for reference in (reference for call in calls for reference in call):
        reference[1] -= kinds.get(reference[0]) in ("Model", "Sequential")
    # Keras 3 sees to that itself where such a network gives the output, unless it is a Sequential one.
    for reference in values["output_layers"] if calls else []:
        reference[1] -= kinds.get(reference[0]) == "Sequential"
    # One input or output in a list makes Keras 3 take and give lists.
    for key in ("input_layers", "output_layers"):
        if len(values[key]) == 1:
            [values[key]] = values[key]
    return values


def modernise_layer(found: type, layer: dict, path: Path) -> dict:
    """Return a layer's settings by today's names, without those that say nothing; UserError for one that is unknown."""
    kind, known, values = layer["class_name"], known_settings(found), {}
    for key, value in layer["config"].items():
        key = NEW_SETTINGS.get(kind, {}).get(key, key)
        if key.endswith(NO_EFFECT) or key in ONLY_FIRST:
            continue
        if key in known:
            values[key] = modernise_setting(key, value, path)
        elif value is not None and key != "trainable" and not says_nothing(key, value):
            raise UserError(
                f"{path} has a layer {kind} with {key} = {value!r}, which Keras {keras.__version__} does not know: name"
                " another --model, or install another release of Keras."
            )
    return values


def modernise_setting(key: str, value: Any, path: Path) -> Any:
    """Return the value of one setting of a layer as it is written today."""
    if key == "activation" and isinstance(value, str):
        return NEW_ACTIVATIONS.get(value, value)
    # Keras 2 wrote the one axis of a normalisation as a list.
    return value[0] if key == "axis" and isinstance(value, list) and len(value) == 1 else modernise(value, path)


def known_settings(found: type) -> set[str]:
    """Return the names of the settings that a class takes."""
    names: set[str] = set()
    for each in found.__mro__:
        if "__init__" in vars(each):
            parameters = inspect.signature(vars(each)["__init__"]).parameters.values()
            names |= {parameter.name for parameter in parameters}
            # A class that takes no others passes none on to its parents.
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
                break
    return names


def find_class(value: dict, path: Path) -> tuple[ModuleType, type]:
    """Return the class that a configuration names, and its module; UserError where the class is not to be trusted."""
    # Keras writes the package of a registered class before its name.
    package, _, kind = (value.get("registered_name") or value["class_name"]).rpartition(">")
    kind, origin = NEW_CLASSES.get(kind, kind), value.get("module") or "keras"
    place: ModuleType | None
    if package == OWN_PACKAGE:
        place, parent = own_layers, keras.Layer
    elif origin.startswith("keras.src.ops."):
        # Operations between layers, such as a division by 255.
        place, parent = sys.modules.get(origin), keras.Operation
    elif hasattr(keras.dtype_policies, kind):
        place, parent = keras.dtype_policies, keras.dtype_policies.DTypePolicy
    else:
        place, parent = keras.layers, keras.Layer
    found = getattr(place, kind, None)
    is_named_right = package in ("", "keras", OWN_PACKAGE) and origin.split(".")[0] in ("keras", OWN_PACKAGE)
    if place and is_named_right and kind not in NOT_DATA and isinstance(found, type) and issubclass(found, parent):
        return place, found
    raise UserError(f"{path} contains code of its own or reads other files ({value['class_name']}): do not trust it.")
