"""What was read, kept as a table: a row for each face of each frame, in CSV or JSON lines, appended as it comes."""

import csv
import io
import json
from pathlib import Path
from typing import BinaryIO

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face

COLUMNS = ("source", "frame", "seconds", "face", "x", "y", "width", "height", "emotion")

STANDARD_OUTPUT = "-"
ENDINGS = {"--csv": (".csv",), "--jsonl": (".jsonl", ".ndjson")}


def make_rows(source: str, frame: int, seconds: float, faces: list[Face]) -> list[dict]:
    """Return a dict for each face of a frame: `COLUMNS`, and the probability of each emotion under its name.

    The faces of a picture, which have no tracks, are numbered from 1.
    """
    return [
        dict(
            zip(COLUMNS, (source, frame, round(seconds, 3), face.track or place, *face.box, face.emotion), strict=True)
        )
        | {emotion: round(probability, 4) for emotion, probability in face.probabilities.items()}
        for place, face in enumerate(faces, start=1)
    ]


def csv_lines(rows: list[dict]) -> str:
    """Return rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row.values() for row in rows)
    return text.getvalue()


def json_lines(rows: list[dict]) -> str:
    """Return rows as lines of JSON."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def check_ending(path: str | Path, flag: str) -> None:
    """Refuse a table whose name does not end as those of its flag (--csv or --jsonl); - is standard output."""
    endings = ENDINGS[flag]
    if str(path) != STANDARD_OUTPUT and Path(path).suffix.lower() not in endings:
        raise UserError(f"{path}: name a file for {flag} that ends in {' or '.join(endings)}, or - to print the rows.")


class Table:
    """A table to which whole rows are appended: whatever happens, it ends with a whole row.

    `flag` (--csv or --jsonl) is the form; - as `path` is standard output.
    """

    def __init__(self, path: str | Path, flag: str, emotions: tuple[str, ...]) -> None:
        check_ending(path, flag)
        self._path = path
        self._as_lines = csv_lines if flag == "--csv" else json_lines
        self._heading = ",".join((*COLUMNS, *emotions)) + "\n" if flag == "--csv" else ""
        self._file: BinaryIO | None = None

    def write(self, rows: list[dict]) -> None:
        """Append rows; OSError, and none of them in the file, where the disk is full."""
        text = self._as_lines(rows)
        if self._file is None:
            # Not before: where nothing can be read, rows of an earlier run stay.
            self._file = self._open()
            text = self._heading + text
        # Names of files need not be UTF-8.
        data = memoryview(text.encode(errors="backslashreplace"))
        end = self._file.tell() if self._file.seekable() else None
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            if end is not None:
                self._file.truncate(end)
            error.filename = str(self._path)
            raise

    def _open(self) -> BinaryIO:
        # Without a buffer, so that what was written is in the system's hands even if this process is killed.
        if str(self._path) == STANDARD_OUTPUT:
            return open(1, "wb", buffering=0, closefd=False)
        return Path(self._path).open("wb", buffering=0)

    def close(self) -> None:
        """Close the file, if it was ever opened."""
        if self._file is not None:
            self._file.close()
