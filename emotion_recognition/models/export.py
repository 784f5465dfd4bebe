"""Keras network -> LiteRT, and where converted models are kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from emotion_recognition.models.lite import LiteFunction, digest
from emotion_recognition.places import cache_folder

if TYPE_CHECKING:
    import keras


def to_lite(network: "keras.Model", weights: str = "float32") -> bytes:
    """Return a Keras network of one input and one output in LiteRT's form, for any number of inputs at once.

    Its weights are stored as `weights`, float32 or float16; computed is in float32 all the same. Only Keras on
    TensorFlow converts; what TensorFlow raises where LiteRT lacks an operator is no public class.
    """
    import tensorflow

    signature = [tensorflow.TensorSpec(network.inputs[0].shape, tensorflow.float32)]
    # Without autograph, which would write code of its own into a temporary file; Keras' layers do not need it.
    function = tensorflow.function(
        lambda inputs: network(inputs, training=False), input_signature=signature, autograph=False
    )
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], network)
    # Else the weights are not made part of the network.
    converter.experimental_lower_to_saved_model = False
    if weights == "float16":
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tensorflow.float16]
    return converter.convert()


def try_lite(network: "keras.Model") -> bytes | None:
    """Return a Keras network in LiteRT's form; None where LiteRT lacks a layer, or Keras runs on another backend."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return None
    try:
        content = to_lite(network)
        LiteFunction(content)
        return content
    # No public module has the converter's own error.
    except Exception:
        return None


def cached_path(made_from: str, emotions: str | None = None, pixel_range: str | None = None) -> Path:
    """Return where the LiteRT form of a model file of this SHA-256, read in this way, is kept."""
    flags = "".join(f"_{digest(flag.encode())[:8]}" for flag in (emotions, pixel_range) if flag)
    return cache_folder() / f"{made_from}{flags}.tflite"
