"""Weights of a MobileNet that has learned faces, as a TensorFlow.js graph model -> arrays by layer.

`faceres.json` lists names, shapes and types; `faceres.bin` holds the values one after the other in that order. They are
Savchenko's HSE_FaceRec_tf (MobileNet 1.0 trained on VGGFace2, for research), as the npm package @vladmandic/human
3.3.6 (MIT) distributes them.
"""

import json
from pathlib import Path

import numpy as np

from emotion_recognition.errors import UserError

# What the network saw of the blue, green and red channel was less these means of VGGFace2.
CHANNEL_MEANS = (103.939, 116.779, 123.68)

BLOCKS = 13


def read(folder) -> dict[str, tuple[np.ndarray, np.ndarray]]:
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
        layers = {"conv1": (values["conv1/convolution/merged_input"], values["conv1_bn/batchnorm_1/sub"])}
        for block in range(1, BLOCKS + 1):
            depthwise, pointwise = f"conv_dw_{block}", f"conv_pw_{block}"
            factor = values[f"{depthwise}_bn/batchnorm_1/mul"].reshape(1, 1, -1, 1)
            kernel = values[f"{depthwise}/depthwise_kernel"] * factor
            layers[depthwise] = kernel, values[f"{depthwise}_bn/batchnorm_1/sub"]
            kernel = values[f"{pointwise}/convolution/merged_input"]
            layers[pointwise] = kernel, values[f"{pointwise}_bn/batchnorm_1/sub"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{listing} is damaged or of another network ({error}): get it again.") from error
    # A gray face has the same level in all three channels, so their kernels add up.
    kernel, bias = layers["conv1"]
    layers["conv1"] = kernel.sum(axis=2, keepdims=True), bias
    return layers


def read_values(listing: Path) -> dict[str, np.ndarray]:
    """Return all values that a TensorFlow.js listing names, float32, by their names."""
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
