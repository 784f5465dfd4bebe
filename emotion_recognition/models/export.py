"""Keras network -> LiteRT, and where converted models are kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.models.lite import LiteFunction, digest
from emotion_recognition.places import cache_folder

if TYPE_CHECKING:
    import keras
    import numpy.typing as npt


# So many examples tell how wide the numbers of each layer spread.
SPREAD_EXAMPLES = 500

# So many tell what the 8 bits lose; more take longer, and bring nothing.
LOSS_EXAMPLES = 6000

# Keeps the corrections of the last layer small where the examples say little of them (ridge regression).
RIDGE = 10.0


def to_lite(network: "keras.Model", weights: str = "float32", examples: "npt.NDArray[np.uint8] | None" = None) -> bytes:
    """Return a Keras network of one input and one output in LiteRT's form, for any number of inputs at once.

    Its weights are stored as `weights`: float32; float16, which is computed in float32 all the same; or int8, in which
    all layers but dense ones are also computed: `examples` of faces, uint8 (n, 48, 48, 1), show how wide their numbers
    spread.
    UserError on another backend than TensorFlow, where LiteRT lacks an operator, and for int8 where the last layer is
    not a dense one.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise UserError("Only TensorFlow converts a network for LiteRT: set KERAS_BACKEND=tensorflow.")
    try:
        if weights == "int8":
            assert examples is not None
            network = with_corrected_end(network, examples)
        return convert(network, weights, examples)
    except (UserError, MemoryError):
        raise
    # No public module has the converter's own error.
    except Exception as error:
        raise UserError("TensorFlow cannot convert this network for LiteRT: keep it as .h5.") from error


def convert(network: "keras.Model", weights: str, examples: "npt.NDArray[np.uint8] | None") -> bytes:
    """Return a Keras network in LiteRT's form, as it is."""
    import tensorflow

    signature = [tensorflow.TensorSpec(network.inputs[0].shape, tensorflow.float32)]
    # Without autograph, which would write code of its own into a temporary file; Keras' layers do not need it.
    function = tensorflow.function(
        lambda inputs: network(inputs, training=False), input_signature=signature, autograph=False
    )
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
    # Else the weights are not made part of the network.
    converter.experimental_lower_to_saved_model = False
    if weights == "float32":
        return converter.convert()
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
        return converter.convert()
    assert examples is not None
    step = max(1, len(examples) // SPREAD_EXAMPLES)
    converter.representative_dataset = lambda: ([face[None].astype("float32")] for face in examples[::step])
    # Only the debugger can leave layers in float32: dense ones, since the last says small differences of large numbers.
    debugger = tensorflow.lite.experimental
    options = debugger.QuantizationDebugOptions(denylisted_ops=["FULLY_CONNECTED", "SOFTMAX"])
    quantised = debugger.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return quantised.get_nondebug_quantized_model()


def with_corrected_end(network: "keras.Model", examples: "npt.NDArray[np.uint8]") -> "keras.Model":
    """Return the network with a last layer that makes up for what 8 bits lose before it, as the examples show.

    What is lost of its sums is foretold from what the 8 bits find, by linear regression. UserError where the last layer
    is not a dense one.
    """
    import keras

    last = network.layers[-1]
    if not isinstance(last, keras.layers.Dense):
        raise UserError(
            f"The last layer of this network, {last.name}, is no dense one, as --weights int8 wants it: leave it out."
        )
    before = keras.Model(network.inputs, last.input)
    faces = examples[:: max(1, len(examples) // LOSS_EXAMPLES)].astype("float32")
    exact, found = (LiteFunction(convert(before, weights, examples))(faces) for weights in ("float32", "int8"))
    kernel, bias = last.get_weights()
    found, lost = np.c_[found, np.ones(len(found))], (exact - found) @ kernel
    change = np.linalg.solve(found.T @ found + RIDGE * np.eye(found.shape[1]), found.T @ lost)
    corrected = keras.layers.Dense.from_config(last.get_config())
    changed = keras.Model(network.inputs, corrected(before.output), name=network.name)
    corrected.set_weights([kernel + change[:-1], bias + change[-1]])
    return changed


def try_lite(network: "keras.Model") -> bytes | None:
    """Return a Keras network in LiteRT's form; None where LiteRT lacks a layer, or Keras runs on another backend."""
    try:
        content = to_lite(network)
        LiteFunction(content)
        return content
    except (UserError, RuntimeError, ValueError):
        return None


def cached_path(made_from: str, emotions: str | None = None, pixel_range: str | None = None) -> Path:
    """Return where the LiteRT form of a model file of this SHA-256, read in this way, is kept."""
    flags = "".join(f"_{digest(flag.encode())[:8]}" for flag in (emotions, pixel_range) if flag)
    return cache_folder() / f"{made_from}{flags}.tflite"
