"""A data folder as one lossless file: on network drives and in notebooks, tens of thousands of small files are slow.

The file is an .npz archive. Every split has the arrays `<split>_names` (emotion/file, as bytes) and `<split>_faces`,
uint8 (n, 48, 48). Of the faces it holds how each pixel differs from its neighbours, which takes a fifth less space: the
sums down and across, modulo 256, are the gray levels. `copies.csv` and `votes.csv` hold the bytes of these tables.
"""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS

# Photos of faces unpack to less than twice their bytes. What unpacks to far more is a trap, which fills the memory.
MOST_COMPRESSED, HARMLESS_SIZE = 50, 10_000_000


def write(path: str | Path, splits: dict[str, Any], tables: dict[str, str]) -> None:
    """Write the faces of each split (name -> `folders.Pictures`) and the tables (name -> text) as one file."""
    arrays: dict[str, Any] = {
        name: np.frombuffer(text.encode(errors="surrogateescape"), np.uint8) for name, text in tables.items() if text
    }
    for split, faces in splits.items():
        arrays[f"{split}_names"] = np.char.encode(faces.names, "utf-8", "surrogateescape")
        down = np.diff(faces.pictures[..., 0], axis=1, prepend=np.uint8(0))
        arrays[f"{split}_faces"] = np.diff(down, axis=2, prepend=np.uint8(0))
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
        names, differences = self._array(f"{split}_names"), self._array(f"{split}_faces")
        if names is None:
            return None
        with self._naming_damage():
            shape = (len(names), FACE_SIZE, FACE_SIZE)
            if differences is None or differences.shape != shape or differences.dtype != np.uint8 or not len(names):
                raise ValueError("names and faces do not belong together")
            names = np.char.decode(names, "utf-8", "surrogateescape")
            if not {name.partition("/")[0] for name in names} <= set(EMOTIONS):
                raise ValueError("it names an unknown emotion")
            return differences.cumsum(axis=1, dtype=np.uint8).cumsum(axis=2, dtype=np.uint8), names

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
            size = archive.getinfo(f"{name}.npy").file_size
            if size > HARMLESS_SIZE + MOST_COMPRESSED * self.path.stat().st_size:
                raise ValueError(f"it would unpack to {size / 1e6:,.0f} MB")
            return np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)

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
