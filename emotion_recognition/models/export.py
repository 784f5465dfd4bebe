"""Keras network -> LiteRT, and where converted models are kept."""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

STORED = ("float32", "float16")


def to_lite(network, weights: str = "float32") -> bytes:
    """Return a Keras network in LiteRT's form; its weights are stored as `weights`, float32 or float16.

    Computed is in float32 all the same. Only Keras on TensorFlow converts.
    """
    options = {}
    if weights == "float16":
        import tensorflow

        options = {
            "optimizations": [tensorflow.lite.Optimize.DEFAULT],
            "target_spec": {"supported_types": [tensorflow.float16]},
        }
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "network.tflite"
        network.export(path, format="litert", verbose=False, **options)
        return path.read_bytes()


def cache_folder() -> Path:
    """Return the folder in which this system keeps what can be made again."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "emotion-recognition"
