"""The layers of face networks since 2017, each as its release of Keras wrote it: they compute what they did."""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
from foreign_files import (
    CONVOLUTION,
    FACES,
    convolution,
    convolve,
    dense,
    initializer,
    plain,
    random_weights,
    sequential_parts,
    softmax,
    write_model,
)
from keras import layers

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file

# What convolutions that work channel by channel say beside what all say.
DEPTHWISE = {
    **CONVOLUTION,
    "depth_multiplier": 1,
    "depthwise_initializer": initializer("VarianceScaling"),
    "depthwise_regularizer": None,
    "depthwise_constraint": None,
}
NORMALISATION = {"momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True, "gamma_initializer": "ones"}
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
SLOPES = {"alpha_initializer": initializer("Zeros"), "alpha_regularizer": None, "alpha_constraint": None}
POLICY = {"class_name": "Policy", "config": {"name": "float32"}}
WITHOUT_NOISE = {"noise_shape": None, "seed": None}

# Release, class, settings, names and shapes of the weights, and the same layer of today.
CASES = [
    ("2.4.0", "SeparableConv2D", {**DEPTHWISE, "filters": 5, "groups": 1, "dtype": POLICY},
     {"depthwise_kernel": (3, 3, 4, 1), "pointwise_kernel": (1, 1, 4, 5)},
     layers.SeparableConv2D(5, 3, padding="same", use_bias=False)),
    ("2.2.4", "DepthwiseConv2D", DEPTHWISE, {"depthwise_kernel": (3, 3, 4, 1)},
     layers.DepthwiseConv2D(3, padding="same", use_bias=False)),
    ("2.4.0", "Conv2DTranspose", {**CONVOLUTION, "filters": 5, "groups": 1, "output_padding": None},
     {"kernel": (3, 3, 5, 4)}, layers.Conv2DTranspose(5, 3, padding="same", use_bias=False)),
    ("2.4.0", "SpatialDropout2D", {"rate": 0.5, **WITHOUT_NOISE, "trainable": False}, {}, layers.Identity()),
    ("2.12.0", "GaussianNoise", {"stddev": 0.5, "seed": None}, {}, layers.Identity()),
    ("2.2.4", "GaussianDropout", {"rate": 0.5}, {}, layers.Identity()),
    ("2.2.4", "AlphaDropout", {"rate": 0.5}, {}, layers.Identity()),
    ("2.11.0", "RandomRotation", {"factor": 0.1, "fill_mode": "reflect", "fill_value": 0.0, "interpolation": "bilinear",
     "seed": None, "rng_type": "stateful"}, {}, layers.Identity()),
    ("2.1.6", "PReLU", {**SLOPES, "shared_axes": [1, 2]}, {"alpha": (1, 1, 4)}, layers.PReLU(shared_axes=[1, 2])),
    ("2.4.0", "PReLU", {**SLOPES, "shared_axes": None}, {"alpha": (46, 46, 4)}, layers.PReLU()),
    ("2.1.6", "LeakyReLU", {"alpha": 0.1}, {}, layers.LeakyReLU(0.1)),
    ("2.1.6", "ThresholdedReLU", {"theta": 0.5}, {}, layers.ReLU(threshold=0.5)),
    ("2.1.6", "ELU", {"alpha": 0.7}, {}, layers.ELU(0.7)),
    ("2.2.4", "ReLU", {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0}, {}, layers.ReLU(6)),
    ("1.13", "Activation", {"activation": "relu_v2"}, {}, layers.ReLU()),
    ("1.13", "Activation", {"activation": "softmax_v2"}, {}, layers.Softmax()),
    ("1.13", "BatchNormalizationV1", {**NORMALISATION, "axis": [3]}, dict.fromkeys(STATISTICS, (4,)),
     layers.BatchNormalization()),
    ("2.0", "BatchNormalizationV2", {**NORMALISATION, "axis": [3]}, dict.fromkeys(STATISTICS, (4,)),
     layers.BatchNormalization()),
    ("2.4.0", "BatchNormalization", {**NORMALISATION, "axis": [3], "renorm": False, "renorm_clipping": None,
     "renorm_momentum": 0.99, "virtual_batch_size": None}, dict.fromkeys(STATISTICS, (4,)),
     layers.BatchNormalization()),
    ("2.4.0", "SyncBatchNormalization", {**NORMALISATION, "axis": [3]}, dict.fromkeys(STATISTICS, (4,)),
     layers.BatchNormalization()),
    ("2.4.0", "LayerNormalization", {"axis": [3], "epsilon": 0.001, "center": True, "scale": True},
     {"gamma": (4,), "beta": (4,)}, layers.LayerNormalization()),
    ("2.1.6", "GlobalAveragePooling2D", {"data_format": "channels_last"}, {}, layers.GlobalAveragePooling2D()),
    ("2.6.0", "GlobalMaxPooling2D", {"data_format": "channels_last", "keepdims": False}, {},
     layers.GlobalMaxPooling2D()),
    ("2.2.4", "AveragePooling2D", {"pool_size": [2, 2], "padding": "valid", "strides": [2, 2],
     "data_format": "channels_last"}, {}, layers.AveragePooling2D(2)),
    ("2.2.4", "ZeroPadding2D", {"padding": [[1, 1], [1, 1]], "data_format": "channels_last"}, {},
     layers.ZeroPadding2D()),
    ("2.2.4", "UpSampling2D", {"size": [2, 2], "data_format": "channels_last", "interpolation": "nearest"}, {},
     layers.UpSampling2D()),
    ("2.5.0", "Rescaling", {"scale": 0.5, "offset": -1.0}, {}, layers.Rescaling(0.5, -1)),
]  # fmt: skip


@pytest.mark.parametrize("release, kind, settings, shapes, today", CASES, ids=lambda value: str(value)[:24])
def test_a_layer_of_keras_2(release, kind, settings, shapes, today, tmp_path):
    kernel, *values = random_weights((3, 3, 1, 4), *shapes.values())
    values = [np.abs(value) + 0.5 for value in values] if "moving_variance" in shapes else values
    features = convolve(FACES / 255, kernel)
    today.build(features.shape)
    today.set_weights(values)
    expected = np.array(today(features, training=False)).reshape(len(FACES), -1)
    matrix, offset = random_weights((expected.shape[1], 7), (7,))
    parts = [
        convolution("first", 4, batch_input_shape=[None, 48, 48, 1], activation="linear", use_bias=False),
        plain(kind, "tried", **settings),
        plain("Flatten", "flatten", data_format="channels_last"),
        dense("last", 7, "softmax"),
    ]
    weights = {
        "first": {"kernel": kernel},
        "tried": dict(zip(shapes, values, strict=True)),
        "flatten": {},
        "last": {"kernel": matrix, "bias": offset},
    }
    configuration = {"class_name": "Sequential", "config": {"name": "old", "layers": parts}}
    write_model(tmp_path / "old.h5", configuration, weights, release.encode())
    network = model_file.load(tmp_path / "old.h5", "fer2013", "unit").network
    assert np.allclose(network(FACES, training=False), softmax(expected @ matrix + offset), atol=1e-4)


def functional(layer_parts, output):
    """Return the configuration of a Functional network of Keras 2; each layer names the one before it, and its call."""
    for part, before in layer_parts:
        part["name"] = part["config"]["name"]
        part["inbound_nodes"] = [[[*before, 0, {}]]] if before else []
    parts = [part for part, _ in layer_parts]
    values = {"name": "whole", "layers": parts, "input_layers": [["faces", 0, 0]], "output_layers": [[*output, 0]]}
    return {"class_name": "Functional", "config": values}


@pytest.mark.parametrize("is_last", [False, True])
def test_a_network_inside_a_functional_one_counts_its_calls_from_1(is_last, tmp_path):
    """As in every network of Keras 2 that goes on from a pretrained one."""
    inner, weights, forward = sequential_parts()
    softmax_inside = inner if is_last else [*inner[:4], dense("dense_1", 7, "linear")]
    base = {"class_name": "Sequential", "config": {"name": "base", "layers": softmax_inside}}
    faces = plain("InputLayer", "faces", batch_input_shape=[None, 48, 48, 1], sparse=False, ragged=False)
    parts = [(faces, None), (base, ("faces", 0))]
    if not is_last:
        parts.append((plain("Activation", "answer", activation="softmax"), ("base", 1)))
    stored = {f"{layer}/{name}": value for layer, values in weights.items() for name, value in values.items()}
    configuration = functional(parts, ("base", 1) if is_last else ("answer", 0))
    names = {"faces": {}, "base": stored} | ({} if is_last else {"answer": {}})
    write_model(tmp_path / "old.h5", configuration, names, b"2.4.0")
    network = model_file.load(tmp_path / "old.h5", "fer2013", "unit").network
    assert np.allclose(network(FACES), forward(FACES / 255), atol=1e-5)


def test_the_hard_sigmoid_of_keras_2_is_refused(tmp_path):
    parts, weights, _ = sequential_parts()
    parts.insert(1, plain("Activation", "hard", activation="hard_sigmoid"))
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights | {"hard": {}})
    with pytest.raises(UserError, match="hard_sigmoid, which Keras 3 computes otherwise"):
        model_file.load(path)


# What releases of Keras 3 write and others do not know, of the kinds of layers that have it.
SETTINGS_OF_KERAS_3 = {
    "SeparableConv2D": {"groups": 1},
    "BatchNormalization": {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
    "LayerNormalization": {"rms_scaling": False},
    "Dense": {"quantization_config": None},
    "InputLayer": {"ragged": False, "optional": False},
}


def network_of_keras_3():
    """Return a small network of layers that differ between releases."""
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.SeparableConv2D(4, 3, strides=4, activation="relu"),
            layers.BatchNormalization(),
            layers.SpatialDropout2D(0.5),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )


def change_layers(path, change):
    """Let `change` add to the settings of each layer in a model file of Keras 3."""

    def changed(text) -> str:
        configuration = json.loads(text)
        for layer in configuration["config"]["layers"]:
            change(layer)
        return json.dumps(configuration)

    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = changed(file.attrs["model_config"])
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"config.json": changed(members["config.json"])}).items():
            archive.writestr(name, content)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_settings_that_hold_nothing_are_left_out(ending, tmp_path):
    network, path = network_of_keras_3(), tmp_path / f"model.{ending}"
    network.save(path)

    def change(layer):
        layer["config"] |= {"of_a_later_release": None, **SETTINGS_OF_KERAS_3.get(layer["class_name"], {})}

    change_layers(path, change)
    found = model_file.load(path, "fer2013", "unit").network
    assert np.allclose(found(FACES), network(FACES / 255), atol=1e-6)


@pytest.mark.parametrize("ending", ["h5", "keras"])
def test_settings_that_hold_something_are_refused_by_name(ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    network_of_keras_3().save(path)
    change_layers(
        path, lambda layer: layer["config"].update(SETTINGS_OF_KERAS_3.get(layer["class_name"], {}), groups=2)
    )
    with pytest.raises(
        UserError, match=r"has a layer \w+ with groups = 2, which Keras 3\.\S+ does not know: name another"
    ):
        model_file.load(path)
