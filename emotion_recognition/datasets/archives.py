"""A table in whatever file it comes (plain, compressed, in an archive), which may be damaged or a trap -> its lines."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from emotion_recognition.errors import UserError

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
OPENERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, XZ: lzma.open, b"BZ": bz2.open}
BROKEN_ARCHIVE = (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)


class TrapError(Exception):
    """A small file that unpacks to something enormous."""


class TarMember(tarfile.TarInfo):
    """A member of an archive; `tarfile` would take headers of any length into the memory."""

    @classmethod
    def frombuf(cls, *arguments: Any) -> "TarMember":
        """Return the member that a block of an archive describes."""
        member = super().frombuf(*arguments)
        if member.type in HEADER_TYPES and member.size > LONGEST_HEADER:
            raise TrapError(f"one of its headers has {member.size:,} bytes")
        return member


@contextmanager
def open_csv(path: Path, tables: Sequence[str]) -> Iterator[IO[bytes]]:
    """Open a CSV file for reading bytes, through whatever compression or archive it is in.

    Of the files of an archive it takes the first that `tables` names, or the only one that ends in .csv. UserError
    where there is none, and where the file is missing, damaged or a trap.
    """
    if path.is_dir():
        found = [name for name in tables if (path / name).is_file()]
        raise UserError(f"{path} is a folder: name the table in it, {path / (*found, *tables)[0]}.")
    if not path.is_file():
        raise UserError(f"{path} is not there: download FER-2013 (see the README) or name its CSV file.")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_member(path, tables, stack))
        except TrapError as error:
            raise UserError(f"{path} is no archive of FER-2013 ({error}): do not trust it.") from error
        except PermissionError:
            raise
        # Numbers that are damaged send the readers of archives to places that no file has.
        except (*BROKEN_ARCHIVE, OSError, ValueError, RuntimeError, NotImplementedError) as error:
            raise UserError(f"{path} is damaged, cut off or locked ({error}): download it again.") from error
        yield file


def open_member(path: Path, tables: Sequence[str], stack: ExitStack) -> Any:
    """Return the table in a file, opened; `stack` closes the archive that it lies in. UserError where there is none."""
    with path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    if start[:2] == XZ:
        # A small file of xz may want gigabytes; this raises LZMAError when its first block does.
        lzma.LZMADecompressor(memlimit=MOST_MEMORY).decompress(start, max_length=1)
    if zipfile.is_zipfile(path):
        archive = stack.enter_context(zipfile.ZipFile(path))
        return archive.open(choose(archive.namelist(), tables, path))
    # An archive of tar is told by what is in it, whatever its compression.
    tar = None
    with suppress(tarfile.TarError):
        tar = stack.enter_context(tarfile.TarFile.open(path, tarinfo=TarMember))
    if tar:
        files = list_files(tar)
        # Not by its name, which a link behind it may have too.
        return tar.extractfile(files[choose(files, tables, path)])
    if start[:2] == b"PK":
        raise UserError(f"{path} is a zip archive that is cut off: download it again.")
    return OPENERS[start[:2]](path, "rb") if start[:2] in OPENERS else path.open("rb", buffering=READ_AHEAD)


def choose(names: Iterable[str], tables: Sequence[str], path: Path) -> str:
    """Return the table among the members of an archive, the whole data set before its parts; UserError without any."""
    found = {PurePosixPath(name).name: name for name in names if name.endswith(".csv")}
    for known in tables:
        if known in found:
            return found[known]
    if len(found) == 1:
        return found.popitem()[1]
    raise UserError(f"{path} holds no fer2013.csv: unpack it and name the CSV file.")


def list_files(archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Return the files in an archive of tar by their names; TrapError where it holds far too much.

    The sizes are added up before the next member is asked for, since `tarfile` unpacks all that lies before it.
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


def read_lines(file: IO[bytes]) -> Iterator[bytes]:
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
