"""What a worker of the cluster does: it reads one source after the other with a recogniser that it opens once."""

import errno
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import cv2

from emotion_recognition.archive.tables import Tables
from emotion_recognition.errors import UserError
from emotion_recognition.studies.processes import open_once
from emotion_recognition.video.sources import make_source

# What is wrong with a place where nothing can be written, whatever the source.
NO_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class Problem:
    """Why a worker could not read a source; `is_unseen` where it has not found the file, `is_death` where it ended."""

    reason: str
    machine: str
    is_unseen: bool = False
    is_death: bool = False


def read_part(name: str, path: str, tables: Tables, is_last_try: bool) -> Problem | None:
    """Read the source of this name at an absolute path, and write its part; return what was wrong with it, if anything.

    UserError tells what is wrong with this machine: then no source can be read here.
    """
    machine = platform.node()
    if not tables.is_seen():
        raise UserError(
            f"The machine {machine} does not see {tables.folder}: name an --output on a disk that all machines share."
        )
    # A worker has one core.
    cv2.setNumThreads(1)
    try:
        recogniser = open_once(tables.settings)
    except UserError as error:
        raise UserError(f"The machine {machine} cannot begin: {error}") from error
    # Unlike its namesake in pathlib, this raises nothing where it may not look.
    if not os.path.exists(path):  # noqa: PTH110
        return Problem(f"{name} is not there, or may not be looked at", machine, is_unseen=True)
    try:
        reason = tables.write_part(make_source(Path(path), name, Path(name)), recogniser, is_last_try)
        return Problem(reason, machine) if reason else None
    except OSError as error:
        if error.errno in NO_PLACE:
            raise UserError(
                f"The machine {machine} cannot write {tables.folder} ({error.strerror}): make room or change the"
                " permissions, and run the same command again."
            ) from error
        return Problem(f"{name}: {error}", machine)
    # One of a hundred thousand files may do what nobody has thought of: the others are read all the same.
    except Exception as error:
        return Problem(str(error) if isinstance(error, UserError) else f"{name}: {error!r}", machine)
