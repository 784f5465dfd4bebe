"""FER-2013 (Goodfellow et al., 2013), which is released as a table -> samples."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from emotion_recognition.datasets import drawings, ferplus
from emotion_recognition.datasets.archives import BROKEN_ARCHIVE, LONGEST_LINE, TrapError, open_csv, read_lines
from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.datasets.splits import USAGES
from emotion_recognition.errors import UserError
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS, FER2013_CODES

PIXELS = FACE_SIZE * FACE_SIZE

# SHA-256 over code, usage and pixels of all 35,887 rows in their order (see `Fer2013.fingerprint`).
FER2013_FINGERPRINT = "344a8c8839cfdd717659c5e39599f70a067f6a242533f24965c86c8c4b74ad33"

# What such a table is called, the whole data set before its parts.
TABLES = ("fer2013.csv", "icml_face_data.csv", "train.csv")


@dataclass(frozen=True)
class Fer2013:
    """FER-2013's CSV, read row by row, in little memory; iterating gives a `Sample` or a `Rejected` for each row.

    The file may be plain or compressed, alone or in an archive. Its header names the columns `emotion` (0 to 6),
    `pixels` (2,304 gray levels, row after row) and, in most releases, `Usage` (Training, PublicTest, PrivateTest), in
    any order; without `Usage` every row is for training. `labels` names the table of FER+, whose labels are taken; with
    `votes` FER-2013's labels stay, and FER+'s votes are kept beside them. `drawn` adds so many drawn faces of each
    emotion for training, `seed` decides which. UserError where a file is no such table, or an archive that is damaged.
    """

    source: Path
    labels: Path | None = None
    votes: bool = False
    drawn: int = 0
    seed: int = 0
    _hash: Any = field(default_factory=hashlib.sha256, init=False, repr=False)

    unit: ClassVar[str] = "rows"
    description: ClassVar[str] = "split as it was released"

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path may hold this data set: a file, or the folder of one."""
        return not source.is_dir() or any((source / name).is_file() for name in TABLES[:2])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the samples read so far: the same for every column layout and compression of the same rows."""
        return self._hash.hexdigest()

    @property
    def is_original(self) -> bool:
        """Whether what was read is the complete data set as it was released."""
        return self.fingerprint == FER2013_FINGERPRINT

    def __iter__(self) -> Iterator[Sample | Rejected]:
        rows: Iterator[Sample | Rejected] = self._rows()
        if self.labels:
            rows = ferplus.with_votes(rows, self.labels, keep_labels=self.votes)
        # Nobody has voted on drawn faces.
        votes = (0,) * len(EMOTIONS) if self.votes else None
        return drawings.added_to(rows, self.drawn, self.seed, votes)

    def _rows(self) -> Iterator[Sample | Rejected]:
        source = Path(self.source)
        with open_csv(source, TABLES) as table:
            lines, row = read_lines(table), -1
            try:
                columns = parse_header(next(lines, b""), source)
                for row, line in enumerate(lines):
                    yield self._parse(row, line, columns)
            except TrapError as error:
                raise UserError(f"{source} is far larger than FER-2013: do not trust it.") from error
            # OSError is how bzip2 says that its data are broken.
            except (*BROKEN_ARCHIVE, OSError) as error:
                raise UserError(
                    f"{source} is damaged or cut off after row {row} ({error}): download it again."
                ) from error

    def _parse(self, row: int, line: bytes, columns: list[str]) -> Sample | Rejected:
        fields = [field.strip(b' "\t\r\n') for field in line.split(b",")]
        if len(line) >= LONGEST_LINE:
            return Rejected(row, "the line is far too long")
        if line.count(b'"') % 2:
            return Rejected(row, "a quotation mark is not closed: the line is cut off or damaged")
        if len(fields) != len(columns):
            return Rejected(row, f"{len(fields)} columns instead of {len(columns)}: the line is cut off or damaged")
        values = dict(zip(columns, fields, strict=True))
        if values["emotion"] not in (b"0", b"1", b"2", b"3", b"4", b"5", b"6"):
            return Rejected(row, f"unknown emotion code {as_text(values['emotion'])}")
        split = USAGES.get(as_text(values.get("usage", b"Training")).lower())
        if split is None:
            return Rejected(row, f"unknown usage {as_text(values['usage'])}")
        picture = parse_pixels(values["pixels"])
        if isinstance(picture, str):
            return Rejected(row, picture)
        code = int(values["emotion"])
        self._hash.update(f"{code},{split},".encode() + picture.tobytes())
        # The name holds the row's number, so that every picture can be traced back.
        return Sample(picture, FER2013_CODES[code], split, f"fer{row:07d}.png")


def parse_header(line: bytes, path: Path) -> list[str]:
    """Return the names of the columns in lower case; UserError when emotion or pixels are not among them."""
    columns = [as_text(name).strip('" \r\n\ufeff').lower() for name in line.split(b",")]
    if not {"emotion", "pixels"} <= set(columns):
        raise UserError(f"{path} is not FER-2013: its first line does not name the columns emotion and pixels.")
    return columns


def parse_pixels(text: bytes) -> np.ndarray | str:
    """Return the picture, uint8 (48, 48), or the reason why `text` holds none."""
    if text.translate(None, b"0123456789 "):
        # Only a blank stands between pixels, though Python knows other white space as well.
        strange = next(word for word in text.split(b" ") if word and not word.isdigit())
        return f"pixel {as_text(strange)} is no number from 0 to 255"
    values = np.fromstring(text, dtype=np.int64, sep=" ") if text else np.empty(0, np.int64)
    if len(values) != PIXELS:
        return f"{len(values)} pixels instead of {PIXELS}"
    if values.max() > 255:
        return f"pixel {values.max()} is no number from 0 to 255"
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)


def as_text(value: bytes) -> str:
    """Return at most 20 characters of what a damaged file may hold, fit to be shown."""
    return value[:20].decode("utf-8", errors="replace")
