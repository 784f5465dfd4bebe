"""What the command lines share: the parser, and how errors reach a person."""

import argparse
import errno
import io
import logging
import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from emotion_recognition.errors import UserError

# What OpenCV and its window need of a Debian or Ubuntu system.
SYSTEM_PACKAGES = "libgl1 libglib2.0-0 libsm6 libxext6"

# A sentence has no more characters.
LONGEST_LINE = 800

# Where the scripts are, and beside them model.h5.
PROJECT = Path(__file__).resolve().parents[2]

# FFmpeg and OpenCV report on standard error what our sentences say; a setting of the person's own wins.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def run(main):
    """Run a script's `main`; end with status 2 and one sentence after a mistake of a person, 130 after Ctrl-C."""
    # SIGTERM is how systems end a program: it should clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Names of files may hold what the terminal, or the file that the output goes to, has no sign for. What notebooks
    # have in its place takes all.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = main() or 0
    except KeyboardInterrupt as stop:
        print("Stopped.", *stop.args, file=sys.stderr)
        status = 130
    except UserError as error:
        status = fail(str(error))
    except ImportError as error:
        status = fail(describe_import_error(error))
    except OSError as error:
        status = fail(describe_os_error(error))
    except MemoryError:
        status = fail("The memory is full: close other programs, or give less at once (--batch-size, fewer pictures).")
    sys.exit(status)


def fail(sentence: str) -> int:
    """Print `sentence` on standard error; return the exit status of a person's mistake."""
    print(as_line(sentence), file=sys.stderr)
    return 2


def as_line(text: str) -> str:
    """Return a text as one line, its middle left out where it is endless, without signs that a terminal would obey.

    Names and words out of a file may be anything.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"


def describe_import_error(error: ImportError) -> str:
    """Return what to install when a package or a system library of its is missing."""
    # Whoever has an older Python than the project needs should read this sentence all the same.
    if sys.version_info < (3, 11):  # noqa: UP036
        return f"Python {sys.version.split()[0]} is too old: this project needs Python 3.11 or newer."
    if ".so" in str(error):
        return f"{error}: on Debian and Ubuntu, install it with `apt-get install {SYSTEM_PACKAGES}`."
    return f"{error}: install the packages with `pip install -r requirements.txt`."


def describe_os_error(error: OSError) -> str:
    """Return one sentence for a full disk, a file that may not be read, and what else a system refuses."""
    name = f"{error.filename}: " if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"{name}the disk is full; free some space and run the same command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{name}{error.strerror}; choose another place, or change the permissions."
    return f"{name}{error.strerror or error}."


def check_installation():
    """Import what has parts outside Python, for `run` to say what is missing."""
    import cv2  # noqa: F401

    start_keras()


def start_keras():
    """Import Keras and let its backend look for devices, without the lines that TensorFlow writes of its own start.

    No setting of TensorFlow 2.21 turns them off, and among them a person would not find our sentences.
    """
    with quiet_libraries():
        import keras

        keras.ops.zeros(1)


@contextmanager
def quiet_libraries():
    """Throw away warnings that are logged, and standard error, also of libraries in C, which know no other setting."""
    sys.stderr.flush()
    logged = logging.root.manager.disable
    logging.disable(logging.WARNING)
    standard_error = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        logging.disable(logged)
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)


def parser(docstring: str, parents=()) -> argparse.ArgumentParser:
    """Return a parser whose help opens with the script's docstring and shows the defaults."""
    first, _, rest = docstring.strip().partition("\n")
    return argparse.ArgumentParser(description=first, epilog=rest, formatter_class=HelpFormatter, parents=parents)


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the lines of the docstring."""

    def _get_help_string(self, action):
        # "(default: None)" and "(default: False)" tell a reader nothing; 0 does.
        says_nothing = action.default is None or action.default is False or action.default == []
        return action.help if says_nothing else super()._get_help_string(action)
