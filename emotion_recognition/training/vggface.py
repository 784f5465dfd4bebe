"""A MobileNet that has learned faces: its weights out of a TensorFlow.js graph model, and what they need to learn on.

`faceres.json` lists names, shapes and types; `faceres.bin` holds the values one after the other in that order.
"""

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.models import lite
from emotion_recognition.models.classifier import compile_inference
from emotion_recognition.training import augmentation

Weights = dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]
"""Kernel and bias by the name of the layer."""

SOURCE = "Savchenko's HSE_FaceRec_tf: MobileNet 1.0 trained on VGGFace2, from the npm package @vladmandic/human 3.3.6"
LICENCE = "MIT for the package; VGGFace2 is for research"

# What each pointwise convolution puts out.
CHANNELS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)

EPSILON = 1e-3  # of batch normalisation

# Faces whose features are in memory at once.
AT_ONCE = 64


def read(folder: str | Path) -> Weights:
    """Return kernel and bias, float32, of `conv1` and, for i from 1 to 13, of `conv_dw_i` and `conv_pw_i`.

    Batch normalisation is folded in. `conv1` takes gray faces, (3, 3, 1, 32). UserError where the files are missing,
    cut off or of another network.
    """
    listing = Path(folder) / "faceres.json"
    if not listing.is_file():
        raise UserError(
            f"{listing} is not there: get it with `npm pack @vladmandic/human@3.3.6` (folder models), unpack it, and"
            " name its folder with --pretrained."
        )
    try:
        values = read_values(listing)
        kernel = values["conv1/convolution/merged_input"].reshape(3, 3, 3, 32)
        # A gray face has the same level in all three channels, so their kernels add up.
        layers = {"conv1": (kernel.sum(axis=2, keepdims=True), values["conv1_bn/batchnorm_1/sub"])}
        for block, (before, after) in enumerate(pairwise((32, *CHANNELS)), start=1):
            depthwise, pointwise = f"conv_dw_{block}", f"conv_pw_{block}"
            kernel = values[f"{depthwise}/depthwise_kernel"] * values[f"{depthwise}_bn/batchnorm_1/mul"].reshape(-1, 1)
            layers[depthwise] = kernel.reshape(3, 3, before, 1), values[f"{depthwise}_bn/batchnorm_1/sub"]
            kernel = values[f"{pointwise}/convolution/merged_input"].reshape(1, 1, before, after)
            layers[pointwise] = kernel, values[f"{pointwise}_bn/batchnorm_1/sub"]
        return layers
    except (OSError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{listing}, or the .bin beside it, is damaged or of another network ({error}).") from error


def read_values(listing: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Return all values that a TensorFlow.js listing names, float32, by their names; ValueError for too few or many."""
    manifest = json.loads(listing.read_text(encoding="utf-8"))["weightsManifest"][0]
    contents = (listing.parent / manifest["paths"][0]).read_bytes()
    values, start = {}, 0
    for weights in manifest["weights"]:
        kind = np.dtype(weights.get("quantization", weights)["dtype"]).newbyteorder("<")
        number = int(np.prod(weights["shape"], dtype=np.int64))
        values[weights["name"]] = (
            np.frombuffer(contents, kind, number, start).reshape(weights["shape"]).astype(np.float32)
        )
        start += number * kind.itemsize
    if start != len(contents):
        raise ValueError(f"{len(contents)} bytes in place of {start}")
    return values


def run_apart(network: keras.Model) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]:
    """Return what a network computes as a function that takes any number of inputs."""
    function = compile_inference(network)
    return lambda inputs: np.concatenate([function(part) for part in in_parts(inputs)])


def in_parts(inputs: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return inputs, (n, ...), in parts of at most `AT_ONCE`."""
    return np.array_split(inputs, math.ceil(len(inputs) / AT_ONCE))


def without_enlarging(network: keras.Model, size: int) -> keras.Model:
    """Return a trained network as one that takes faces, (n, size, size, 1), which are enlarged already.

    UserError where it is another network, or enlarges them to another size.
    """
    names = [layer.name for layer in network.layers]
    if "enlarge_rows" not in names or network.get_layer("enlarge_rows").units != size:
        raise UserError(f"A --teacher here is a network of classification_pretrained.py with --size {size}.")
    # The rows are turned back into columns, and get their channel.
    faces = features = keras.Input((size, size, 1))
    for layer in network.layers[names.index("enlarge_rows") + 3 :]:
        features = layer(features)
    return keras.Model(faces, features)


def start_from(
    folder: str | Path, stem: keras.Model, body: keras.Model, pictures: npt.NDArray[np.uint8]
) -> dict[str, str]:
    """Give a frozen and a learning part of the MobileNet what it has learned of faces; return where that comes from.

    Some of the pictures, uint8 (n, 48, 48, 1), tell the statistics of the body's batch normalisation. UserError as from
    `read`.
    """
    some = pictures[np.random.default_rng(0).permutation(len(pictures))[:1024]]
    faces = augmentation.enlarged(some, stem.input.shape[1])
    weights = read(folder)
    for layer in stem.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    put_normalisation_back(body, weights, run_apart(stem)(faces))
    digest = lite.file_digest(Path(folder) / "faceres.bin")
    return {"file": "faceres.bin", "sha256": digest, "source": SOURCE, "licence": LICENCE}


def put_normalisation_back(network: keras.Model, weights: Weights, inputs: npt.NDArray[np.float32]) -> None:
    """Give each batch normalisation the statistics of these inputs, and the gamma and beta that undo them.

    So the network computes what it did when it was published with normalisation folded into its `weights`; without
    normalisation it would learn slowly. Each is named after its convolution, with `_bn`.
    """
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    convolutions = [network.get_layer(layer.name.removesuffix("_bn")) for layer in normalisations]
    for normalisation, convolution in zip(normalisations, convolutions, strict=True):
        kernel, bias = weights[convolution.name]
        convolution.set_weights([kernel])
        # Until the statistics are known, it only adds the bias.
        one = np.ones_like(bias)
        normalisation.set_weights([one, bias, 0 * one, one - EPSILON])
    outputs = keras.Model(network.input, [convolution.output for convolution in convolutions])
    every = [[moments(each) for each in outputs.predict_on_batch(part)] for part in in_parts(inputs)]
    for normalisation, of_parts in zip(normalisations, zip(*every, strict=True), strict=True):
        mean, square = np.mean(of_parts, axis=0)
        variance, bias = (square - mean**2).astype(np.float32), normalisation.get_weights()[1]
        normalisation.set_weights([np.sqrt(variance + EPSILON), mean + bias, mean, variance])


def moments(output: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return mean and mean square, (2, channels), of what a layer puts out, (n, height, width, channels)."""
    return np.mean([output, np.square(output)], axis=(1, 2, 3), dtype=np.float64)
