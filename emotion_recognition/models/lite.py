"""`.tflite` model files: the network as LiteRT runs it, without Keras, and what is attached to it.

After the network, as LiteRT's metadata convention has it, a ZIP archive is appended to the file: `labels.txt` names the
emotions, a line each, in the order of the outputs; `model.json` holds the SHA-256 of the network's own bytes, that of
the .h5 file which it was made from, how its weights are stored, the record of the training, and notes (`LiteModel`).
"""

import hashlib
import importlib
import io
import json
import logging
import os
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import canonical

logger = logging.getLogger(__name__)

LABELS, RECORD = "labels.txt", "model.json"

# More threads than this wait for each other: a face is little work.
MOST_THREADS = 4

# Networks for pictures of faces are far smaller.
LARGEST_FILE = 300_000_000


@dataclass(frozen=True)
class LiteModel:
    """A network in LiteRT's form, the emotions of its outputs in order, and what is known of where it comes from."""

    content: bytes
    emotions: tuple[str, ...]
    made_from: str = ""
    """SHA-256 of the .h5 file."""
    weights: str = "float32"
    """How the weights are stored: float32 or float16, computed with in float32; or int8, mostly computed in 8 bits."""
    training: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What had to be assumed of a model of another project."""


def write(path: str | Path, model: LiteModel) -> None:
    """Write a .tflite file whole or not at all."""
    record = {
        "sha256": digest(model.content),
        "made_from": model.made_from,
        "weights": model.weights,
        "training": model.training,
        "notes": model.notes,
    }
    with written_whole(path) as temporary:
        temporary.write_bytes(model.content)
        with zipfile.ZipFile(temporary, "a") as archive:
            for name, text in ((LABELS, "\n".join(model.emotions) + "\n"), (RECORD, json.dumps(record, indent=1))):
                # A fixed date: the same model gives the same bytes.
                archive.writestr(zipfile.ZipInfo(name), text)


def read(path: str | Path) -> LiteModel:
    """Read a .tflite file that `write` wrote; UserError where it is missing, damaged or somebody else's.

    LiteRT can crash on damaged bytes, so that they are compared with their digest before it sees them. A digest finds
    damage, not malice.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not there: name another --model, or train one.")
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"{path} is far larger than a network for faces: name another --model.")
    contents = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(contents)) as archive:
            content = contents[: min(member.header_offset for member in archive.infolist())]
            labels, record = archive.read(LABELS).decode(), json.loads(archive.read(RECORD))
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        raise UserError(
            f"{path} is cut off, or nobody wrote into it what it tells: copy it again, or make it of its .h5 with"
            f" `python evaluate.py --model NAME.h5 --save-as {path.name}`."
        ) from error
    try:
        if record["sha256"] != digest(content):
            raise UserError(f"{path} is damaged: copy it again.")
        emotions = tuple(canonical(name) for name in labels.splitlines())
        return LiteModel(
            content,
            emotions,
            record["made_from"],
            record["weights"],
            dict(record["training"]),
            tuple(record.get("notes", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}): copy it again.") from error


def digest(contents: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(contents).hexdigest()


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tell_notes(path: str | Path, notes: Sequence[str]) -> None:
    """Log what had to be assumed of a model of another project, if anything."""
    if notes:
        logger.warning("%s does not say how it is read: %s.", path, "; ".join(notes))


class LiteFunction:
    """A network that LiteRT runs, with an interpreter for every thread that calls it.

    RuntimeError or ValueError where LiteRT lacks one of its operators.
    """

    def __init__(self, content: bytes):
        self._content, self._local = content, threading.local()
        # What LiteRT cannot run is noticed here.
        self._interpreter()

    def __call__(self, array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what the network puts out, float32 (n, ...), for `array`, float32 (n, ...)."""
        interpreter, outputs = self._interpreter(), []
        [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()
        # One by one: together they are no quicker, and take memory for all of them.
        for one in array:
            interpreter.set_tensor(given["index"], one[np.newaxis])
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(result["index"]))
        return np.concatenate(outputs)

    @property
    def shapes(self) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """The shapes of all inputs and outputs, -1 where any number will do."""
        details = self._interpreter().get_input_details(), self._interpreter().get_output_details()
        inputs, outputs = ([tuple(map(int, each["shape_signature"])) for each in side] for side in details)
        return inputs, outputs

    def _interpreter(self) -> Any:
        if not hasattr(self._local, "interpreter"):
            # Who shares a machine among processes tells each so how many cores it has.
            told = os.environ.get("OMP_NUM_THREADS", "")
            threads = min(MOST_THREADS, int(told) if told.isdigit() else os.cpu_count() or 1)
            self._local.interpreter = interpreter_class()(model_content=self._content, num_threads=threads)
            self._local.interpreter.allocate_tensors()
        return self._local.interpreter


def interpreter_class() -> Any:
    """Return LiteRT's interpreter, or TensorFlow's own where LiteRT is not installed."""
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        return importlib.import_module("tensorflow.lite").Interpreter


def open_function(model: LiteModel, path: str | Path) -> LiteFunction:
    """Return the function of a model; UserError where LiteRT cannot run it, or it takes or gives something else."""
    try:
        function = LiteFunction(model.content)
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"{path} cannot be run by this LiteRT ({reason}): name its .h5 file as --model.") from error
    wanted = [(-1, FACE_SIZE, FACE_SIZE, 1)], [(-1, len(model.emotions))]
    if function.shapes != wanted:
        raise UserError(
            f"{path} turns {function.shapes[0]} into {function.shapes[1]}, not {wanted[0]} into {wanted[1]}: name"
            " another --model."
        )
    return function
