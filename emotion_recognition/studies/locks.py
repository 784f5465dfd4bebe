"""Files that one run alone writes at a time, and to which it appends whole lines."""

import os
from pathlib import Path
from typing import BinaryIO

from emotion_recognition.errors import UserError

# On Windows, what is locked cannot be read by others: it is a byte that few tables reach.
FAR_AWAY = 2**31 - 2


def lock(file: BinaryIO, path: str | Path, flag: str) -> None:
    """Keep an open file for this process until it is closed; UserError where another run has it, or has removed it."""
    is_taken = False
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(FAR_AWAY)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            file.seek(0, os.SEEK_END)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another run may have removed it between its opening and its lock.
            is_taken = not (Path(path).exists() and os.path.samestat(os.fstat(file.fileno()), Path(path).stat()))
    except (BlockingIOError, PermissionError):
        is_taken = True
    except OSError:
        # Some network drives have no locks.
        return
    if is_taken:
        file.close()
        raise UserError(f"{path} is being written by another run: wait for its end, or name another {flag}.")


def append(file: BinaryIO, data: bytes, path: str | Path) -> None:
    """Append to a file that has no buffer; OSError, and no part of the data in it, where the disk is full."""
    left, end = memoryview(data), file.seek(0, os.SEEK_END) if file.seekable() else None
    try:
        # Where a part has room, the system writes that part, and tells the error only at the next try.
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        if end is not None:
            file.truncate(end)
        error.filename = str(path)
        raise
