"""Other people's model files, written attribute by attribute as old releases of Keras wrote them.

Beside each stands its forward pass in NumPy, which knows nothing of Keras.
"""

import json

import h5py
import keras
import numpy as np
from keras import layers

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)


def random_weights(*shapes) -> list:
    generator = np.random.default_rng(1)
    return [generator.normal(0, 0.1, shape).astype(np.float32) for shape in shapes]


def convolve(x, kernel, bias=0, padding=0):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    size = kernel.shape[0]
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias


def pool(x):
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    exponentials = np.exp(x - x.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def initializer(name):
    return {"class_name": name, "config": {"seed": None, "dtype": "float32"}}


# What Keras 2 wrote of a layer with weights, and what matters to its training alone.
TRAINING = {
    "use_bias": True,
    "kernel_initializer": initializer("VarianceScaling"),
    "bias_initializer": initializer("Zeros"),
    "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
    "bias_regularizer": None,
    "activity_regularizer": None,
    "kernel_constraint": None,
    "bias_constraint": None,
}


# What every convolution of Keras 2 says beside that.
CONVOLUTION = {
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "same",
    "data_format": "channels_last",
    "dilation_rate": [1, 1],
    "activation": "linear",
    "use_bias": False,
}


def plain(kind, name, **values):
    return {"class_name": kind, "config": {"name": name, "trainable": True, "dtype": "float32", **values}}


def convolution(name, filters, **values):
    """Return the configuration of a convolution, with all that Keras 2.2 wrote of it."""
    usual = {**TRAINING, **CONVOLUTION, "use_bias": True, "padding": "valid", "activation": "relu"}
    return plain("Conv2D", name, filters=filters, **{**usual, **values})


def dense(name, units, activation):
    return plain("Dense", name, units=units, activation=activation, **TRAINING)


def write_weights(group, weights, version):
    """Write {layer: {weight: values}} as Keras 2 did: names as bytes, values in a group of the layer's name."""
    group.attrs["layer_names"] = np.array([name.encode() for name in weights])
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", version
    for layer, values in weights.items():
        names = [f"{layer}/{name}:0" for name in values]
        group.create_group(layer).attrs["weight_names"] = np.array([name.encode() for name in names])
        for name, value in zip(names, values.values(), strict=True):
            group[layer][name] = value


def write_model(path, configuration, weights, version=b"2.2.4"):
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, b"tensorflow"
        file.attrs["model_config"] = json.dumps(configuration).encode()
        write_weights(file.create_group("model_weights"), weights, version)
    return path


def sequential_parts(side=48):
    """Return the layers of a small Sequential network of Keras 2.2, its weights, and what it gives for pictures."""
    parts = [
        convolution("conv2d_1", 4, batch_input_shape=[None, side, side, 1]),
        plain("MaxPooling2D", "pool", pool_size=[2, 2], padding="valid", strides=[2, 2], data_format="channels_last"),
        plain("Dropout", "dropout_1", rate=0.25, noise_shape=None, seed=None),
        plain("Flatten", "flatten_1", data_format="channels_last"),
        dense("dense_1", 7, "softmax"),
    ]
    kernel, bias, matrix, offset = random_weights((3, 3, 1, 4), (4,), ((side // 2 - 1) ** 2 * 4, 7), (7,))
    weights = {
        "conv2d_1": {"kernel": kernel, "bias": bias},
        "pool": {},
        "dropout_1": {},
        "flatten_1": {},
        "dense_1": {"kernel": matrix, "bias": offset},
    }

    def forward(x):
        return softmax(pool(relu(convolve(x, kernel, bias))).reshape(len(x), -1) @ matrix + offset)

    return parts, weights, forward


def colour_network(last="linear"):
    """Return a network of Keras 3 for coloured faces."""
    return keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.Flatten(),
            layers.Dense(7, activation=last, name="answer"),
        ]
    )
