"""Folders of pictures, or one packed file -> arrays; and the lists beside the pictures: copies, votes."""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_recognition.datasets import packed
from emotion_recognition.datasets.packed import PackedData
from emotion_recognition.datasets.splits import SPLITS
from emotion_recognition.errors import UserError
from emotion_recognition.images import read_face, readable_suffixes
from emotion_recognition.labels import EMOTIONS, canonical

COPIES, REJECTED, VOTES = "copies.csv", "rejected.csv", "votes.csv"
# What people call the three splits.
SPELLINGS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val"),
    "test": ("test", "testing"),
}


@dataclass(frozen=True)
class Pictures:
    """Labelled faces: pictures uint8 (n, 48, 48, 1); labels int64 (n,), places in emotions; names, as emotion/file."""

    pictures: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    emotions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, chosen: np.ndarray) -> "Pictures":
        """Return only the faces that `chosen` (indices or booleans) picks."""
        return Pictures(self.pictures[chosen], self.labels[chosen], self.names[chosen], self.emotions)

    def of_emotions(self, emotions: Sequence[str]) -> "Pictures":
        """Return the faces of these emotions alone, with labels in their order."""
        places = np.array([emotions.index(each) if each in emotions else -1 for each in self.emotions])
        known = self.select(places[self.labels] >= 0)
        return Pictures(known.pictures, places[known.labels], known.names, tuple(emotions))

    @property
    def fingerprint(self) -> str:
        """SHA-256 over pictures and labels: two runs with the same one saw the same data."""
        return hashlib.sha256(self.pictures.tobytes() + self.labels.tobytes()).hexdigest()


def read_split(data: str | Path, split: str, emotions: tuple[str, ...] | None = None) -> Pictures | None:
    """Read all pictures of one split of `data`, a folder or a packed file; None where it has no such split.

    `emotions` gives the order of the labels; without it, it is that of `EMOTIONS`, as far as there are pictures.
    UserError names an unknown or empty class folder, an emotion that `emotions` lacks, and a picture that cannot be
    read.
    """
    read = PackedData(data).read_split(split) if Path(data).is_file() else read_folder(data, split)
    if read is None:
        return None
    pictures, names = read
    words = [name.partition("/")[0] for name in names]
    emotions = emotions or tuple(emotion for emotion in EMOTIONS if emotion in words)
    if missing := sorted(set(words) - set(emotions)):
        known = ", ".join(emotions)
        raise UserError(f"{data} holds pictures of {missing[0]} in {split}, which is not among {known}: remove them.")
    return Pictures(pictures[..., np.newaxis], np.array([emotions.index(word) for word in words]), names, emotions)


def read_examples(data: str | Path) -> np.ndarray:
    """Return the training faces, uint8 (n, 48, 48, 1); UserError where there are none."""
    faces = read_split(data, "train")
    if faces is None:
        raise UserError(f"{data} holds no pictures in `train`: name another --data.")
    return faces.pictures


def read_folder(data: str | Path, split: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return (pictures uint8 (n, 48, 48), names (n,) as emotion/file) of a split of a folder; None without it."""
    folder = find_split(data, split)
    if folder is None:
        return None
    paths = [(path, emotion) for emotion, place in find_classes(folder).items() for path in list_pictures(place)]
    return np.stack([read_face(path) for path, _ in paths]), np.array([f"{word}/{path.name}" for path, word in paths])


def read_votes(data: str | Path, faces: Pictures, emotions: Sequence[str] | None = None) -> np.ndarray:
    """Return how many people chose each emotion of `faces` for each of them, float32 (n, emotions).

    UserError where `data` holds no such votes.
    """
    rows = csv.DictReader(io.StringIO(read_text(data, VOTES), newline=""))
    try:
        votes = {
            f"{row['emotion']}/{row['name']}": [int(row[emotion]) for emotion in emotions or faces.emotions]
            for row in rows
        }
        return np.array([votes[name] for name in faces.names], np.float32)
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{data} holds no votes for its pictures: make it with dataset_prepare.py --labels fer2013new.csv --votes."
        ) from error


def read_text(data: str | Path, name: str) -> str:
    """Return the text of a table that lies beside the pictures, or in the packed file; empty where there is none."""
    if Path(data).is_file():
        return PackedData(data).read_text(name)
    path = Path(data) / name
    # Spreadsheets put a mark before the text; names of files may be no UTF-8.
    return path.read_text(encoding="utf-8-sig", errors="surrogateescape") if path.is_file() else ""


def pack(data: str | Path, path: str | Path, splits: Iterable[str] = SPLITS) -> dict[str, int]:
    """Write the splits of a folder as one packed file, return how many pictures each has; UserError without any."""
    found = {split: faces for split in splits if (faces := read_split(data, split)) is not None}
    if not found:
        raise UserError(f"There are no pictures for {' or '.join(splits)}: name other --splits.")
    packed.write(path, found, {name: read_text(data, name) for name in (COPIES, VOTES)})
    return {split: len(faces) for split, faces in found.items()}


def read_copies(data: str | Path) -> list[dict] | None:
    """Return the rows of the list of copies, None where there is no such list; UserError where it is something else."""
    text = read_text(data, COPIES)
    if not text:
        return None
    try:
        table = csv.DictReader(io.StringIO(text, newline=""))
        rows = list(table)
        if not {"group", "split", "emotion", "name"} <= set(table.fieldnames or ()):
            raise csv.Error("other columns")
    except csv.Error as error:
        raise UserError(
            f"{Path(data) / COPIES} is no list of copies as dataset_prepare.py writes it: rename or remove it."
        ) from error
    return rows


def read_copied_names(data: str | Path) -> list[str]:
    """Return the names (emotion/file) of the pictures in train of which another split holds an exact copy."""
    return [f"{row['emotion']}/{row['name']}" for row in read_copies(data) or [] if row["split"] == "train"]


def read_trained_names(data: str | Path, split: str) -> list[str] | None:
    """Return the names (emotion/file) of the pictures in `split` that also occur in train; None if not known."""
    rows = read_copies(data)
    # Where all pictures are for testing, none is a copy, and the training was on others.
    if rows is None or (not rows and not has_split(data, "train")):
        return None
    trained = {row["group"] for row in rows if row["split"] == "train"}
    return [f"{row['emotion']}/{row['name']}" for row in rows if row["split"] == split and row["group"] in trained]


def has_split(data: str | Path, split: str) -> bool:
    """Return whether the folder or the packed file `data` has a split."""
    return PackedData(data).has_split(split) if Path(data).is_file() else find_split(data, split) is not None


def find_split(data: str | Path, split: str) -> Path | None:
    """Return the folder of a split, however it is spelled, or None; UserError where `data` is no folder, or has two."""
    if not Path(data).is_dir():
        raise UserError(f"{data} is no folder: make it with dataset_prepare.py, or name another --data.")
    found = [each for each in sorted(Path(data).iterdir()) if each.name.lower() in SPELLINGS[split] and each.is_dir()]
    if len(found) > 1:
        raise UserError(f"{found[0]} and {found[1].name} are one split: merge the two folders.")
    return found[0] if found else None


def find_classes(folder: Path) -> dict[str, Path]:
    """Return the folder of each emotion, in the order of `EMOTIONS`; UserError for none, an unknown or an empty one."""
    classes: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir() or entry.name.startswith((".", "__")):
            continue
        try:
            emotion = canonical(entry.name)
        except ValueError as error:
            raise UserError(f"{entry}: {error}; rename or remove the folder.") from error
        if emotion in classes:
            raise UserError(f"{classes[emotion]} and {entry.name} are one emotion: merge the two folders.")
        if not list_pictures(entry):
            raise UserError(f"{entry} holds no pictures: fill or remove the folder.")
        classes[emotion] = entry
    if not classes:
        raise UserError(f"{folder} holds no folders of emotions, such as {folder / 'happy'}: name another folder.")
    return {emotion: classes[emotion] for emotion in EMOTIONS if emotion in classes}


def list_pictures(folder: Path) -> list[Path]:
    """Return the picture files in a folder, sorted by name; hidden files are none."""
    suffixes = readable_suffixes()
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
