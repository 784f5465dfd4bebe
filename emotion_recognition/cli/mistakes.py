"""What a person can do where the system or a missing package stops a script, in one sentence."""

import errno
import sys

from emotion_recognition.errors import SYSTEM_PACKAGES


def describe_import_error(error: ImportError) -> str:
    """Return what to install when a package, or a library of the system that it needs, is missing."""
    # Whoever has an older Python than the project needs should read this sentence all the same.
    if sys.version_info < (3, 11):  # noqa: UP036
        return f"Python {sys.version.split()[0]} is too old: this project needs Python 3.11 or newer."
    if "cannot open shared object file" in str(error):
        return f"{error}: on Debian and Ubuntu, install it with `apt-get install {SYSTEM_PACKAGES}`."
    return f"{error}: install the packages with `pip install -r requirements.txt`."


def describe_os_error(error: OSError) -> str:
    """Return one sentence for a full disk, a file that may not be read, and what else a system refuses."""
    if error.errno == errno.EPIPE:
        return "The program that reads the output has ended, and so does this one."
    name = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{name}the disk is full; free some space and run the same command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name}{error.strerror}; choose another place, or change the permissions."
    return f"{name}{error.strerror or error}."
