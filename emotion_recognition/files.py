"""Files and folders that are written whole or not at all, and outputs that are never overwritten by surprise."""

import csv
import datetime
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from emotion_recognition.errors import UserError
from emotion_recognition.partial_files import partial_path

# In a folder that a script has written: the path and the BLAKE2 digest of every file in it.
WRITTEN = "written.csv"


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, renamed into its place when the block ends well, removed when it fails."""
    path, temporary = Path(path), partial_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield temporary
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        name_in_error(error, path)
        raise


def name_in_error(error: BaseException, path: str | Path) -> None:
    """Name `path` in an error of the system, such as of a full disk; a library's would lose its words."""
    if isinstance(error, OSError) and error.errno and not error.filename:
        error.filename = str(path)


def check_is_utf8(path: str | Path) -> None:
    """Refuse a file that OpenCV is to open itself, and whose path is not UTF-8: it would end the whole process."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{path} has a name that is not UTF-8, with which OpenCV cannot open it: rename it.") from error


def claim_output(path: str | Path, force: bool = False, flag: str = "--output") -> None:
    """Refuse an output that exists (unless `force`) or cannot be written, before any work is done for it."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file for the output.")
    if path.exists() and not force:
        raise UserError(f"{path} exists already: name another {flag}, or replace it with --force.")
    check_writable(path.parent, flag, path.name)


def check_writable(folder: str | Path, flag: str = "--output", name: str = "file") -> None:
    """Make `folder` where it is missing, and refuse one in which no file of this `name` can be made."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        # The name under which it will be written first is longer.
        temporary = partial_path(Path(folder, name))
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise UserError(f"No file can be written in {folder} ({error.strerror}): name another {flag}.") from error


def claim_folder(output: str | Path, force: bool = False) -> None:
    """Refuse to replace a folder that holds something; with `force`, only one that holds something foreign.

    Foreign is what `folder_written_whole` has not written, or what has been changed since.
    """
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise UserError(f"{output} is a file: name another --output.")
    if foreign := find_foreign(output):
        raise UserError(
            f"{foreign} was not written by this script, or has been changed since ({output / WRITTEN} "
            f"{'tells' if (output / WRITTEN).is_file() else 'is missing'}): move it away, or name another --output."
        )
    if output.exists() and any(output.iterdir()) and not force:
        raise UserError(f"{output} exists already: name another --output, or replace it with --force.")
    check_writable(output.absolute().parent, name=output.absolute().name)


def find_foreign(folder: Path) -> Path | None:
    """Return the first file or folder below `folder` that its list does not name with the digest it has."""
    known = read_written(folder / WRITTEN)
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            # A folder that holds something is judged by that.
            is_own = any(path.iterdir())
        elif path.is_symlink() or not path.is_file():
            is_own = False
        else:
            name = path.relative_to(folder).as_posix()
            is_own = bool(known) if name == WRITTEN else name in known and known[name] == digest(path)
        if not is_own:
            return path
    return None


def digest(path: Path) -> str:
    """Return the BLAKE2 digest of a file, 32 hexadecimal digits."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def read_written(path: Path) -> dict[str, str]:
    """Return the digest of each file on the list of what a run has written; empty where there is no such list."""
    # Names of files may be no UTF-8: the same bytes are read again.
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return {row["path"]: row["blake2"] for row in csv.DictReader(file)}
    except (OSError, KeyError, csv.Error):
        return {}


def list_written(folder: Path) -> None:
    """Write the list of all files below `folder`."""
    with (folder / WRITTEN).open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "blake2"))
        for place, folders, names in os.walk(folder):
            folders.sort()
            paths = (Path(place, name) for name in sorted(names) if name != WRITTEN)
            rows.writerows((path.relative_to(folder).as_posix(), digest(path)) for path in paths)


@contextmanager
def folder_written_whole(output: str | Path, replace: bool = True) -> Iterator[Path]:
    """Give a temporary folder beside `output` that takes its place when the block ends well and is removed when not.

    In it goes a list of what was written. UserError where `output` may not be replaced (see `claim_folder`).
    """
    target = Path(output).resolve()
    partial, old = partial_path(target), partial_path(target, ".old")
    claim_folder(output, replace)
    try:
        partial.mkdir()
        yield partial
        list_written(partial)
        # Looked at again, since a person may have put something into it meanwhile.
        claim_folder(output, replace)
        # Renaming is quick: a run that is interrupted here leaves no folder that is half removed.
        if target.exists():
            target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
        name_in_error(error, output)
        raise


def keep_aside(path: str | Path) -> Path | None:
    """Copy an existing file to a name with the date and time, print and return that name; None where there is no file.

    A copy, so that at every moment there is a file at `path` until a new one is renamed over it.
    """
    path = Path(path)
    if not path.exists():
        return None
    now = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S_%f")
    aside = path.with_name(f"{path.stem}_{now}{path.suffix}")
    shutil.copy2(path, aside)
    print(f"The old {path} is kept as {aside}")
    return aside


def write_picture(path: str | Path, picture: Any) -> None:
    """Write `picture` (uint8; gray, or blue-green-red) in the format that the suffix of `path` names.

    UserError where OpenCV cannot write that format, or the format holds no picture of this size.
    """
    path = Path(path)
    if not cv2.haveImageWriter(f"picture{path.suffix}"):
        raise UserError(f"{path}: pictures can be written as .png, .jpg, .bmp, .tiff or .webp.")
    try:
        is_encoded, encoded = cv2.imencode(path.suffix, picture)
    except cv2.error:
        is_encoded = False
    if not is_encoded:
        size = f"{picture.shape[1]} x {picture.shape[0]} pixels"
        raise UserError(f"{path}: this kind of file holds no such picture ({size}): write it as .png.")
    with written_whole(path) as temporary:
        temporary.write_bytes(encoded.tobytes())


def write_table(path: str | Path, rows: list[dict]) -> None:
    """Write rows of the same columns as a CSV file."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
