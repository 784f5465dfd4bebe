"""What was read, kept as a table: a row for each face of each frame, in CSV or JSON lines, appended as it comes."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.locks import append, lock

COLUMNS = (
    "source", "frame", "seconds", "face", "score", "x", "y", "width", "height", "emotion", "unclear"
)  # fmt: skip

Row = dict[str, Any]

STANDARD_OUTPUT = "-"
FORMS = (".csv", ".csv.gz", ".jsonl", ".parquet")
ENDINGS = {
    "--csv": (".csv",),
    "--jsonl": (".jsonl", ".ndjson"),
    "--table": FORMS,
    "--summary": FORMS,
    "--report": (".html",),
}
# Rows are packed in pieces of so many bytes: each is whole in itself, and a file of several is one to all who read it.
PACKED_BYTES = 1_000_000


def make_rows(
    source: str, frame: int, seconds: float, faces: Sequence[Face], emotions: Sequence[str] = ()
) -> list[Row]:
    """Return a dict for each face of a frame: `COLUMNS`, and the probability of each emotion under its name.

    The faces of a picture, which have no tracks, are numbered from 1. Where `emotions` are named, a frame without a
    face has a row too, in which all but source, frame and seconds is None.
    """
    place = {"source": source, "frame": frame, "seconds": round(seconds, 3)}
    if not faces and emotions:
        return [{**dict.fromkeys((*COLUMNS, *emotions)), **place}]
    return [
        place
        | {"face": face.track or number, "score": None if face.score is None else round(face.score, 4)}
        | dict(zip(("x", "y", "width", "height"), face.box, strict=True))
        | {"emotion": face.emotion, "unclear": face.unclear}
        | {emotion: round(probability, 4) for emotion, probability in face.probabilities.items()}
        for number, face in enumerate(faces, start=1)
    ]


def csv_lines(rows: Iterable[Row]) -> str:
    """Return rows as lines of CSV."""
    text = io.StringIO()
    plain, quoted = (csv.writer(text, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    for row in rows:
        # Before Python 3.13, csv puts a carriage return into no quotes, and readers would end the row there.
        has_return = any("\r" in value for value in row.values() if isinstance(value, str))
        (quoted if has_return else plain).writerow(row.values())
    return text.getvalue()


def json_lines(rows: Iterable[Row]) -> str:
    """Return rows as lines of JSON."""
    return "".join(json.dumps(in_utf8(row), ensure_ascii=False) + "\n" for row in rows)


def as_lines(path: str | Path, flag: str = "--table") -> Callable[[Iterable[Row]], str]:
    """Return the function that writes rows as they stand in a table of this name."""
    is_json = flag == "--jsonl" or str(path).lower().endswith(".jsonl")
    return json_lines if is_json else csv_lines


def encoded(text: str) -> bytes:
    """Return text as UTF-8; names of files may be none."""
    return text.encode(errors="backslashreplace")


def in_utf8(row: Row) -> Row:
    """Return a row whose texts are UTF-8, as all readers of JSON and Parquet want them."""
    return {name: encoded(value).decode() if isinstance(value, str) else value for name, value in row.items()}


def check_ending(path: str | Path, flag: str) -> None:
    """Refuse a table whose name does not end as those of its flag; for --csv and --jsonl, - is standard output."""
    endings, may_print = ENDINGS[flag], flag in ("--csv", "--jsonl")
    if str(path).lower().endswith(endings) or (may_print and str(path) == STANDARD_OUTPUT):
        return
    print_rows = ", or - to print the rows" if may_print else ""
    raise UserError(f"{path or 'No name'}: name a file for {flag} that ends in {' or '.join(endings)}{print_rows}.")


class Table:
    """A table to which whole rows are appended: whatever happens, it ends with a whole row.

    `flag` (--csv, --jsonl or --table) and the ending are the form; - as `path` is standard output. While it is open,
    another run that opens it gets a UserError.
    """

    def __init__(self, path: str | Path, flag: str, emotions: Sequence[str]) -> None:
        check_ending(path, flag)
        self.path, self.flag = path, flag
        self.as_lines = as_lines(path, flag)
        self._heading = encoded(",".join((*COLUMNS, *emotions)) + "\n") if self.as_lines is csv_lines else b""
        self._is_packed = str(path).lower().endswith(".gz")
        self._waiting, self._size, self._digest = bytearray(), 0, hashlib.blake2b(digest_size=16)
        # Whether this run has written into it.
        self.is_begun = False
        # Without a buffer, so that what was written is in the system's hands even if this process is killed.
        if str(path) == STANDARD_OUTPUT:
            self._file: BinaryIO = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115
            return
        self._is_new = not Path(path).exists()
        self._file = Path(path).open("a+b", buffering=0)  # noqa: SIM115
        lock(self._file, path, flag)

    def write(self, rows: list[Row]) -> None:
        """Append rows; OSError, and none of them in the file, where the disk is full."""
        self.append(encoded(self.as_lines(rows)))

    def append(self, lines: bytes) -> None:
        """Append what `as_lines` has made of rows."""
        if not (self.is_begun or self._size):
            # Not before: where nothing can be read, rows of an earlier run stay.
            if str(self.path) != STANDARD_OUTPUT:
                self._file.truncate(0)
            lines = self._heading + lines
        if self._is_packed:
            self._waiting += lines
            if len(self._waiting) >= PACKED_BYTES:
                self._pack()
        else:
            self._put(lines)
        self.is_begun = True

    def _pack(self) -> None:
        if self._waiting:
            self._put(gzip.compress(self._waiting, mtime=0))
            self._waiting.clear()

    def _put(self, lines: bytes) -> None:
        append(self._file, lines, self.path)
        self._size += len(lines)
        self._digest.update(lines)

    def end_source(self) -> tuple[int, str]:
        """Return how many bytes the table has with all rows of the sources so far, and their BLAKE2 digest."""
        self._pack()
        return self._size, self._digest.hexdigest()

    def resume(self, size: int, digest: str) -> None:
        """Cut the table back to what it held when `end_source` returned this; UserError where that has changed."""
        # What was printed is out of reach, and may go to a file that holds other things too.
        if str(self.path) == STANDARD_OUTPUT:
            return
        self._file.seek(0)
        left = size
        while left and (piece := self._file.read(min(left, PACKED_BYTES))):
            self._digest.update(piece)
            left -= len(piece)
        if left or (size and self._digest.hexdigest() != digest):
            raise UserError(
                f"{self.path} has been changed since the run that is to go on: name another {self.flag}, or replace it "
                "with --force."
            )
        self._file.truncate(size)
        self._file.seek(size)
        self._size = size

    def close(self) -> None:
        """Close the file; one that this table has made, and into which nothing was written, is removed."""
        try:
            self._pack()
        finally:
            self._file.close()
        if str(self.path) != STANDARD_OUTPUT and self._is_new and not self.is_begun:
            Path(self.path).unlink()
