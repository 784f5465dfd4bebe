"""FER-2013, which is released as a table -> samples."""

import bz2
import gzip
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.labels import FER2013_CODES
from emotion_recognition.pictures import FACE_SIZE
from emotion_recognition.samples import Rejected, Sample

PIXELS = FACE_SIZE * FACE_SIZE
USAGES = {"training": "train", "publictest": "validation", "privatetest": "test"}

# SHA-256 over code, usage and pixels of all 35,887 rows in their order (see `Fer2013.fingerprint`).
FER2013_FINGERPRINT = "344a8c8839cfdd717659c5e39599f70a067f6a242533f24965c86c8c4b74ad33"

# A row of FER-2013 has at most 9,300 characters; no more than this is ever held of one line.
LONGEST_LINE = 100_000
READ_AHEAD = 1_000_000

# FER-2013 has 35,887 rows and 301 MB; a small archive that unpacks to far more is a trap, which fills disk or memory.
MOST_LINES, LARGEST_TABLE = 1_000_000, 1_000_000_000
MOST_MEMBERS, LONGEST_HEADER, MOST_MEMORY = 10_000, 100_000, 200_000_000
HEADER_TYPES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
XZ = b"\xfd7"
OPENERS = {b"\x1f\x8b": gzip.open, XZ: lzma.open, b"BZ": bz2.open}
BROKEN_ARCHIVE = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)


class Fer2013:
    """Reads FER-2013 (Goodfellow et al., 2013) from its CSV, row by row, in little memory.

    The file may be plain or compressed, alone or in an archive. Its header names the columns `emotion` (0 to 6),
    `pixels` (2,304 gray levels, row after row) and, in most releases, `Usage` (Training, PublicTest, PrivateTest), in
    any order; without `Usage` every row is for training. Iterating gives a `Sample` or a `Rejected` for each row;
    it raises UserError when the file is no such table, or an archive that is damaged.
    """

    unit = "rows"

    def __init__(self, path):
        self.path = Path(path)
        self._hash = hashlib.sha256()

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the samples read so far: the same for every column layout and compression of the same rows."""
        return self._hash.hexdigest()

    def __iter__(self):
        with ExitStack() as stack:
            lines = read_lines(stack.enter_context(OpenedTable(self.path)))
            row = -1
            try:
                columns = parse_header(next(lines, b""), self.path)
                for row, line in enumerate(lines):
                    yield self._parse(row, line, columns)
            except TrapError as error:
                raise UserError(f"{self.path} is far larger than FER-2013: do not trust it.") from error
            # OSError is how bzip2 says that its data are broken.
            except (*BROKEN_ARCHIVE, OSError) as error:
                raise UserError(
                    f"{self.path} is damaged or cut off after row {row} ({error}): download it again."
                ) from error

    def _parse(self, row, line, columns):
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


class TrapError(Exception):
    """A small file that unpacks to something enormous."""


class TarMember(tarfile.TarInfo):
    """A member of an archive; `tarfile` would take headers of any length into the memory."""

    @classmethod
    def frombuf(cls, *arguments):
        """Return the member that a block of an archive describes."""
        member = super().frombuf(*arguments)
        if member.type in HEADER_TYPES and member.size > LONGEST_HEADER:
            raise TrapError(f"one of its headers has {member.size:,} bytes")
        return member


class OpenedTable:
    """Context manager that opens a CSV file for reading bytes, through whatever compression or archive it is in."""

    def __init__(self, path: Path):
        self.path = path
        self._stack = ExitStack()

    def __enter__(self):
        if not self.path.is_file():
            raise UserError(f"{self.path} is not there: download FER-2013 (see the README) or name its CSV file.")
        try:
            return self._stack.enter_context(self._open())
        except TrapError as error:
            raise UserError(f"{self.path} is no archive of FER-2013 ({error}): do not trust it.") from error
        except PermissionError:
            raise
        # Numbers that are damaged send the readers of archives to places that no file has.
        except (*BROKEN_ARCHIVE, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            raise UserError(f"{self.path} is damaged, cut off or locked ({error}): download it again.") from error

    def __exit__(self, *error):
        self._stack.close()

    def _open(self):
        with self.path.open("rb") as file:
            start = file.read(LONGEST_HEADER)
        if start[:2] == XZ:
            # A small file of xz may want gigabytes; this raises LZMAError when its first block does.
            lzma.LZMADecompressor(memlimit=MOST_MEMORY).decompress(start, max_length=1)
        if zipfile.is_zipfile(self.path):
            archive = self._stack.enter_context(zipfile.ZipFile(self.path))
            return archive.open(self._choose(archive.namelist()))
        if archive := self._open_tar():
            files = list_files(archive)
            # Not by its name, which a link behind it may have too.
            return archive.extractfile(files[self._choose(files)])
        if start[:2] == b"PK":
            raise UserError(f"{self.path} is a zip archive that is cut off: download it again.")
        if start[:2] in OPENERS:
            return OPENERS[start[:2]](self.path, "rb")
        return self.path.open("rb", buffering=READ_AHEAD)

    def _open_tar(self):
        """Return the archive where the file is one of tar, whatever its compression; else None."""
        try:
            return self._stack.enter_context(tarfile.open(self.path, tarinfo=TarMember))
        except tarfile.TarError:
            return None

    def _choose(self, names):
        """Return the table among the members of an archive: the whole data set before its parts."""
        tables = {PurePosixPath(name).name: name for name in names if name.endswith(".csv")}
        for known in ("fer2013.csv", "icml_face_data.csv", "train.csv"):
            if known in tables:
                return tables[known]
        if len(tables) == 1:
            return tables.popitem()[1]
        raise UserError(f"{self.path} holds no fer2013.csv: unpack it and name the CSV file.")


def list_files(archive) -> dict[str, tarfile.TarInfo]:
    """Return the files in an archive of tar by their names; TrapError where it holds far too much.

    It is looked at before each member is skipped, which means to unpack it.
    """
    files, size = {}, 0
    for number, member in enumerate(archive, start=1):
        size += member.size
        if number > MOST_MEMBERS:
            raise TrapError(f"it holds more than {MOST_MEMBERS:,} files")
        if size > LARGEST_TABLE:
            raise TrapError(f"it would unpack to {size / 1e9:,.1f} GB")
        if member.isfile():
            files[member.name] = member
    return files


def read_lines(file):
    """Yield the lines of a binary file that are not empty, none longer than `LONGEST_LINE`: the rest is skipped.

    TrapError where there are more than `MOST_LINES`, or more than `LARGEST_TABLE` bytes.
    """
    number = size = 0
    while line := file.readline(LONGEST_LINE):
        rest = line
        number, size = number + 1, size + len(line)
        # Members of zip archives give a little more than they are asked for.
        while len(rest) >= LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
            size += len(rest)
            if size > LARGEST_TABLE:
                raise TrapError
        if number > MOST_LINES or size > LARGEST_TABLE:
            raise TrapError
        if line.strip():
            yield line


def parse_header(line, path):
    """Return the names of the columns in lower case; UserError when emotion or pixels are not among them."""
    columns = [as_text(name).strip('" \r\n\ufeff').lower() for name in line.split(b",")]
    if not {"emotion", "pixels"} <= set(columns):
        raise UserError(f"{path} is not FER-2013: its first line does not name the columns emotion and pixels.")
    return columns


def parse_pixels(text: bytes):
    """Return the picture, uint8 (48, 48), or the reason why `text` holds none."""
    strange = text.translate(None, b"0123456789 ")
    if strange:
        return describe_strange_pixel(text)
    values = np.fromstring(text, dtype=np.int64, sep=" ") if text else np.empty(0, np.int64)
    if len(values) != PIXELS:
        return f"{len(values)} pixels instead of {PIXELS}"
    if values.max() > 255:
        return f"pixel value {values.max()} is outside 0..255"
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)


def describe_strange_pixel(text: bytes) -> str:
    """Say what is wrong with the first pixel that is not written in digits alone."""
    pixel = next(as_text(word) for word in text.split() if not word.isdigit())
    is_negative = pixel.startswith("-") and pixel[1:].isdigit()
    return f"pixel value {pixel} is outside 0..255" if is_negative else f"pixel {pixel} is not a number"


def as_text(value: bytes) -> str:
    """Return at most 20 characters of what a damaged file may hold, fit to be shown."""
    return value[:20].decode("utf-8", errors="replace")
