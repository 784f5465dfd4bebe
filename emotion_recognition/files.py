"""Files that are written whole or not at all, and outputs that are never overwritten by surprise."""

import csv
import datetime
import shutil
from contextlib import contextmanager
from pathlib import Path

from emotion_recognition.errors import UserError


@contextmanager
def written_whole(path):
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


def partial_path(path) -> Path:
    """Return where a file lies until it is complete: beside its place."""
    path = Path(path)
    return path.parent / f"{path.stem}.partial{path.suffix}"


def name_in_error(error, path):
    """Name `path` in an error of the system that names no file, as when the disk is full."""
    if isinstance(error, OSError) and not error.filename:
        error.filename = str(path)


def check_is_utf8(path):
    """Refuse a file that OpenCV is to open itself, and whose path is not UTF-8: it would end the whole process."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{path} has a name that is not UTF-8, with which OpenCV cannot open it: rename it.") from error


def claim_output(path, force=False, flag="--output"):
    """Refuse an output that exists (unless `force`) or cannot be written, before any work is done for it."""
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file for the output.")
    if path.exists() and not force:
        raise UserError(f"{path} exists already: name another {flag}, or replace it with --force.")
    check_writable(path.parent, flag)


def check_writable(folder, flag="--output"):
    """Make `folder` where it is missing, and refuse one in which no file can be made."""
    probe = Path(folder) / "write-test.partial"
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"No file can be written in {folder} ({error.strerror}): name another {flag}.") from error


def claim_folder(output, is_own, force=False):
    """Refuse to replace a folder: without `force` any that holds something, with it one that holds foreign things too.

    `is_own` tells of a name in the folder whether an earlier run of the same script has written it.
    """
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise UserError(f"{output} is a file: name another --output.")
    contents = sorted(entry.name for entry in output.iterdir()) if output.exists() else []
    foreign = [name for name in contents if not is_own(name)]
    if foreign:
        raise UserError(f"{output} holds other things too (such as {foreign[0]}): name another --output.")
    if contents and not force:
        raise UserError(f"{output} exists already: name another --output, or replace it with --force.")
    check_writable(output.absolute().parent)


@contextmanager
def folder_written_whole(output):
    """Give a temporary folder beside `output` that takes its place when the block ends well and is removed when not."""
    target = Path(output).resolve()
    partial, old = (target.with_name(f"{target.name}{ending}") for ending in (".partial", ".old.partial"))
    # A run that was killed may have left both; between its two renames, the only whole folder is the old one.
    if old.exists() and not target.exists():
        old.rename(target)
    for rest in (partial, old):
        shutil.rmtree(rest, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
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


def keep_aside(path) -> Path | None:
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


def write_picture(path, picture):
    """Write `picture` (uint8; gray, or blue-green-red) in the format that the suffix of `path` names."""
    # Imported here: scripts ask this module for the files beside it before OpenCV's settings are made.
    import cv2

    path = Path(path)
    try:
        is_encoded, encoded = cv2.imencode(path.suffix, picture)
    except cv2.error as error:
        raise UserError(f"{path}: pictures can be written as .png, .jpg, .bmp, .tiff or .webp.") from error
    if not is_encoded:
        size = f"{picture.shape[1]} x {picture.shape[0]} pixels"
        raise UserError(f"{path}: this kind of file holds no such picture ({size}): write it as .png.")
    with written_whole(path) as temporary:
        temporary.write_bytes(encoded)


def write_table(path, rows: list[dict]):
    """Write rows of the same columns as a CSV file."""
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def shipped(name: str) -> Path:
    """Return where a file that comes with the project lies: inside the installed package, else beside the scripts."""
    package = Path(__file__).resolve().parent
    return package / name if (package / name).exists() else package.parent / name
