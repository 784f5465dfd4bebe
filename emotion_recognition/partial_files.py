"""Where files and folders lie until they are complete: under names of their own, which are cleared away."""

import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

# NAME.MACHINE-PROCESS-NUMBER.partial.SUFFIX is incomplete; with .old, it is a folder that is about to be replaced.
PARTIAL = re.compile(
    r"(?P<stem>.+)\.(?P<machine>[0-9a-f]{6})-(?P<process>\d+)-[0-9a-f]{8}(?P<old>\.old)?\.partial(?P<suffix>\.[^.]*)?"
)
DAY = 86_400


def partial_path(path: str | Path, kind: str = "") -> Path:
    """Return a new name beside `path`, with its suffix, for what is not complete yet; nobody else gets the same one."""
    path = Path(path)
    remove_rests(path.parent.absolute())
    unique = f"{this_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return path.parent / f"{path.stem}.{unique}{kind}.partial{path.suffix}"


@cache
def this_machine() -> str:
    """Return a short name of the machine or the container, in which every process has a number of its own."""
    namespace = Path("/proc/self/ns/pid")
    name = f"{platform.node()} {namespace.readlink() if namespace.exists() else ''}"
    return hashlib.blake2b(name.encode(), digest_size=3).hexdigest()


# Once for each folder and process, since only earlier runs leave something.
@cache
def remove_rests(folder: Path) -> None:
    """Remove what runs that were killed have left in a folder, and bring back a folder that they were replacing.

    What another process is still writing stays: it is told by the number of the process, or by its age where that runs
    on another machine.
    """
    for rest in sorted(folder.iterdir()) if folder.is_dir() and os.access(folder, os.R_OK) else ():
        match = PARTIAL.fullmatch(rest.name)
        # Another process may be removing it too.
        with suppress(OSError, OverflowError):
            if not match or is_in_use(rest, match["machine"], int(match["process"])):
                continue
            target = folder / f"{match['stem']}{match['suffix'] or ''}"
            if match["old"] and not target.exists():
                rest.rename(target)
            elif rest.is_dir():
                shutil.rmtree(rest)
            else:
                rest.unlink()


def is_in_use(rest: Path, machine: str, process: int) -> bool:
    """Return whether a process may still be writing a file or a folder."""
    if machine != this_machine() or os.name != "posix":
        return time.time() - rest.stat().st_mtime < DAY
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It lives, as another person's.
        pass
    return True
