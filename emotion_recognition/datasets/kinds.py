"""All kinds of data sets by their names: which one a path holds, and which flags have a meaning for it."""

import inspect
from pathlib import Path
from typing import Any

from emotion_recognition.datasets import folders
from emotion_recognition.datasets.ckplus import CkPlus, CkPlus48
from emotion_recognition.datasets.emoji import Emoji
from emotion_recognition.datasets.fer2013 import Fer2013
from emotion_recognition.datasets.ferg import Ferg
from emotion_recognition.datasets.jaffe import Jaffe
from emotion_recognition.datasets.photos import Photos
from emotion_recognition.datasets.splits import SPLITS
from emotion_recognition.errors import UserError
from emotion_recognition.faces.detectors import as_detector

# In the order in which they are tried: photos are what no other kind recognises.
KINDS: dict[str, Any] = {
    "emoji": Emoji,
    "fer2013": Fer2013,
    "ckplus": CkPlus,
    "jaffe": Jaffe,
    "ferg": Ferg,
    "ckplus48": CkPlus48,
    "photos": Photos,
}


def recognise(source: str | Path) -> str:
    """Return the name of the kind of data set that a path holds; UserError where it is prepared already."""
    if Path(source).is_dir() and any(folders.has_split(source, split) for split in SPLITS):
        raise UserError(f"{source} is prepared already: name it with --data, or make it one file with --pack.")
    return next(name for name, kind in KINDS.items() if kind.recognises(Path(source)))


def open_dataset(source: str | Path, kind: str, **options: Any) -> Any:
    """Open a data set of this kind; `options` go to its class in `KINDS`.

    The option `detector`, as `EmotionRecogniser` takes it, is for sets of pictures in which faces have to be found.

    Iterating what is returned gives a `Sample` or a `Rejected` for each row or picture; `unit` says which of them,
    `description` how they are split. UserError where the source is no such data set, or has no use for an option.
    """
    if kind not in KINDS:
        raise UserError(f"There is no kind of data set {kind}: choose --dataset from {', '.join(KINDS)}.")
    taken = inspect.signature(KINDS[kind]).parameters
    finds_faces = "find_faces" in taken
    for name in options:
        if name not in taken and not (name == "detector" and finds_faces):
            flag = name.replace("_", "-")
            raise UserError(f"{source} is read as {kind}, which has no use for --{flag}: leave it out.")
    if finds_faces:
        options["find_faces"] = as_detector(options.pop("detector", "haar")).detect
    return KINDS[kind](Path(source), **options)
