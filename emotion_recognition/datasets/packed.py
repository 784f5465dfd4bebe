"""A data folder as one lossless file: on network drives and in notebooks, tens of thousands of small files are slow.

The file is an .npz archive. Every split has the arrays `<split>_names` (emotion/file, text) and `<split>_mosaic_0` and
so on: the bytes of PNG files, each with up to 64 x 64 faces in rows. `copies.csv` and `votes.csv` hold the bytes of
these tables, where they are.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS

# Faces in a row and in a column of a mosaic: 9 million pixels, so that no reader takes it for a trap.
ACROSS = 64

# More is a trap: AffectNet, of the largest sets of emotions, has 440,000 labelled faces, and a mosaic of noise 10 MB.
MOST_FACES = 500_000
LARGEST_ARRAY = 100_000_000
# So is one that takes a small part of the bytes of its faces: that would be of one colour.
MOST_COMPRESSED = 200


def write(path: str | Path, splits: dict[str, Any], tables: dict[str, str]) -> None:
    """Write the faces of each split (name -> `folders.Pictures`) and the tables (name -> text) as one file."""
    arrays: dict[str, Any] = {
        name: as_bytes(text.encode(errors="surrogateescape")) for name, text in tables.items() if text
    }
    for split, faces in splits.items():
        if len(faces) > MOST_FACES:
            raise UserError(f"{len(faces):,} faces are too many for one file ({MOST_FACES:,}): train from the folder.")
        arrays[f"{split}_names"] = np.char.encode(faces.names, "utf-8", "surrogateescape")
        for number, start in enumerate(range(0, len(faces), ACROSS**2)):
            mosaic = make_mosaic(faces.pictures[start : start + ACROSS**2, ..., 0])
            arrays[f"{split}_mosaic_{number}"] = as_bytes(encode(mosaic))
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


class PackedData:
    """Reads a packed file; UserError where it is damaged or something else."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not zipfile.is_zipfile(self.path):
            raise UserError(f"{self.path} is no folder and no file of dataset_prepare.py --pack: name another --data.")

    def read_split(self, split: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return (pictures uint8 (n, 48, 48), names (n,) as emotion/file) of a split; None where there is none."""
        names = self._array(f"{split}_names")
        if names is None:
            return None
        with self._naming_damage():
            if names.ndim != 1 or not 0 < len(names) <= MOST_FACES:
                raise ValueError("it names no faces, or far more than a data set holds")
            size = self.path.stat().st_size
            if len(names) > MOST_COMPRESSED * size // FACE_SIZE**2 + ACROSS**2:
                raise ValueError(f"it announces {len(names):,} faces in {size:,} bytes")
            names = np.char.decode(names, "utf-8", "surrogateescape")
            mosaics = (self._array(f"{split}_mosaic_{number}") for number in range(-(-len(names) // ACROSS**2)))
            pictures = np.concatenate([split_mosaic(decode(mosaic)) for mosaic in mosaics])[: len(names)]
            emotions = {name.partition("/")[0] for name in names}
            if len(pictures) != len(names) or not emotions <= set(EMOTIONS):
                raise ValueError("names and pictures do not belong together")
        return pictures, names

    def has_split(self, split: str) -> bool:
        """Return whether the file has a split."""
        with self._naming_damage(), zipfile.ZipFile(self.path) as archive:
            return f"{split}_names.npy" in archive.namelist()

    def read_text(self, name: str) -> str:
        """Return the text of a table; empty where there is none."""
        contents = self._array(name)
        with self._naming_damage():
            return "" if contents is None else contents.tobytes().decode(errors="surrogateescape")

    def _array(self, name: str) -> np.ndarray | None:
        """Return an array of the archive; None where it has none of this name."""
        with self._naming_damage(), zipfile.ZipFile(self.path) as archive:
            if f"{name}.npy" not in archive.namelist():
                return None
            if archive.getinfo(f"{name}.npy").file_size > LARGEST_ARRAY:
                raise ValueError("it announces far more than a face data set holds")
            with archive.open(f"{name}.npy") as file:
                return np.load(io.BytesIO(file.read()), allow_pickle=False)

    @contextmanager
    def _naming_damage(self) -> Iterator[None]:
        """Turn what a damaged file makes its readers raise into one sentence."""
        try:
            yield
        except UserError:
            raise
        # Damaged bytes can make their readers raise almost anything; all of it means the same to a person.
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise UserError(
                f"{self.path} is damaged, or no file of dataset_prepare.py --pack ({reason}): make it again."
            ) from error


def make_mosaic(faces: np.ndarray) -> np.ndarray:
    """Return up to 64 x 64 faces, uint8 (n, 48, 48), as one picture, row by row; what remains free is black."""
    rows = -(-len(faces) // ACROSS)
    filled = np.zeros((rows * ACROSS, FACE_SIZE, FACE_SIZE), np.uint8)
    filled[: len(faces)] = faces
    tiles = filled.reshape(rows, ACROSS, FACE_SIZE, FACE_SIZE)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * FACE_SIZE, ACROSS * FACE_SIZE)


def split_mosaic(mosaic: np.ndarray) -> np.ndarray:
    """Return the faces of a mosaic, uint8 (n, 48, 48), the free places as well; ValueError for another shape."""
    tiles = mosaic.reshape(-1, FACE_SIZE, ACROSS, FACE_SIZE)
    return tiles.transpose(0, 2, 1, 3).reshape(-1, FACE_SIZE, FACE_SIZE)


def encode(picture: np.ndarray) -> bytes:
    """Return a gray picture as the bytes of a PNG file."""
    file = io.BytesIO()
    # Pillow chooses a filter for every line, which OpenCV does not: the files are 4 % smaller.
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def decode(contents: np.ndarray | None) -> np.ndarray:
    """Return the gray picture in an array of the bytes of a PNG file; ValueError where it is no mosaic."""
    if contents is None:
        raise ValueError("a mosaic of faces is missing")
    file = io.BytesIO(contents.tobytes())
    with Image.open(file, formats=("PNG",)) as picture:
        if picture.mode != "L" or picture.width != ACROSS * FACE_SIZE or picture.height > ACROSS * FACE_SIZE:
            raise ValueError("a picture in it is no mosaic of faces")
        return np.asarray(picture)


def as_bytes(contents: bytes) -> np.ndarray:
    """Return bytes as an array, uint8 (n,)."""
    return np.frombuffer(contents, np.uint8)
