"""What the command lines share: how errors reach a person, and the flags that several scripts have."""

import argparse
import errno
import os
import re
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

from emotion_recognition.errors import UserError

# What OpenCV and its window need of a Debian or Ubuntu system.
SYSTEM_PACKAGES = "libgl1 libglib2.0-0 libsm6 libxext6"

# The highest rate of each optimizer, unless a person names another.
LEARNING_RATES = {"rmsprop": 1e-3, "adam": 1e-3, "sgd": 0.05}

# A sentence has no more characters.
LONGEST_LINE = 800

# Where the scripts are, and beside them model.h5.
PROJECT = Path(__file__).resolve().parent.parent

# FFmpeg and OpenCV report on standard error what our sentences say; a setting of the person's own wins.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def run(main):
    """Run a script's `main`; end with status 2 and one sentence after a mistake of a person, 130 after Ctrl-C."""
    # SIGTERM is how systems end a program: it should clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    """Throw away what is written on standard error, also by libraries in C, which know no other setting."""
    sys.stderr.flush()
    standard_error = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(nowhere)


def positive(kind):
    """Return an argparse type: a number of this `kind` (int or float) above zero."""

    def number(text: str):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    number.__name__ = kind.__name__
    return number


def not_negative(text: str) -> int:
    """An argparse type: a whole number, zero or more."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def not_negative_seconds(text: str) -> float:
    """An argparse type: a number of seconds, zero or more."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not zero or more")
    return value


def resolution(text: str) -> tuple:
    """An argparse type: (width, height) from such as 1280x720."""
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text.lower())
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no resolution such as 1280x720")
    return int(match[1]), int(match[2])


def parser(docstring: str, parents=()) -> argparse.ArgumentParser:
    """Return a parser whose help opens with the script's docstring and shows the defaults."""
    first, _, rest = docstring.strip().partition("\n")
    return argparse.ArgumentParser(description=first, epilog=rest, formatter_class=HelpFormatter, parents=parents)


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the lines of the docstring."""

    def _get_help_string(self, action):
        # "(default: None)" and "(default: False)" tell a reader nothing.
        return action.help if action.default in (None, False, []) else super()._get_help_string(action)


def add_training_flags(parser, *, output, epochs, batch_size, optimizer):
    """Add the flags that every training script has, with the network's own defaults."""
    parser.add_argument(
        "--data", default="data", help="folder or packed file of dataset_prepare.py, or your own class folders"
    )
    parser.add_argument("--output", default=output, help="model file to write; history and curves go beside it")
    parser.add_argument("--epochs", type=positive(int), default=epochs, help="passes over the training pictures")
    parser.add_argument("--batch-size", type=positive(int), default=batch_size, help="pictures per step")
    parser.add_argument("--optimizer", choices=LEARNING_RATES, default=optimizer, help="how weights move")
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in LEARNING_RATES.items())
    parser.add_argument(
        "--learning-rate",
        type=positive(float),
        help=f"highest rate, reached after one epoch (default: {rates})",
    )
    parser.add_argument("--weights", metavar="MODEL", help="start from this trained model of the same network")
    parser.add_argument(
        "--mixed-precision", action="store_true", help="compute in bfloat16: faster where the hardware is made for it"
    )
    parser.add_argument(
        "--teacher", nargs="+", metavar="MODEL", help="model files whose answers are learned too, as much as the labels"
    )
    parser.add_argument(
        "--votes",
        action="store_true",
        help="learn the votes of FER+ that dataset_prepare.py --votes has kept",
    )
    parser.add_argument("--seed", type=not_negative, default=0, help="same seed, same machine: same result")
    parser.add_argument("--class-weights", action="store_true", help="let rare emotions count as much as frequent ones")
    parser.add_argument(
        "--keep-duplicates", action="store_true", help="train also on exact copies of validation and test pictures"
    )
    going_on = parser.add_mutually_exclusive_group()
    going_on.add_argument("--resume", action="store_true", help="go on from the last whole epoch of a stopped training")
    going_on.add_argument("--force", action="store_true", help="train anew; an existing model is moved aside, not lost")
    parser.add_argument(
        "--dry-run", action="store_true", help="two tiny epochs that try out everything and keep nothing"
    )


def add_foreign_model_flags(parser):
    """Add the flags that say of other people's models what a model file of this project says itself."""
    parser.add_argument(
        "--emotions", help="what another project's model tells, in order: fer2013, alphabetical, or NAME,NAME,..."
    )
    parser.add_argument(
        "--pixel-range", choices=("unit", "byte", "signed"), help="what it takes: 0 to 1, 0 to 255, or -1 to 1"
    )


def add_recognition_flags(parser):
    """Add the flags of the scripts that read emotions from pictures, videos and cameras."""
    parser.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="pictures, folders, video files, stream addresses; else the webcam"
    )
    parser.add_argument("--camera", type=not_negative, default=0, metavar="N", help="number of the webcam")
    parser.add_argument("--list-cameras", action="store_true", help="print the webcams that are there, and end")
    parser.add_argument("--resolution", type=resolution, metavar="WxH", help="pictures to ask the webcam for: 1280x720")
    parser.add_argument("--output", help="annotated picture, video (.mp4, .avi) or, for several, folder to write")
    parser.add_argument("--csv", metavar="FILE", help="keep a row for each face and frame: where, and what is read")
    parser.add_argument("--jsonl", metavar="FILE", help="the same as JSON lines")
    parser.add_argument("--timeline", metavar="FILE.png", help="draw the emotions of each face of a video over time")
    parser.add_argument("--force", action="store_true", help="replace what is at --output and the other files")
    parser.add_argument("--no-window", action="store_true", help="open no window (the default without a display)")
    parser.add_argument("--heat", action="store_true", help="show which parts of a face decide (key h in the window)")
    parser.add_argument("--fullscreen", action="store_true", help="let the window fill the screen")
    parser.add_argument(
        "--smooth",
        type=not_negative_seconds,
        default=0.3,
        metavar="SECONDS",
        help="time over which the probabilities of a face in a video are averaged; 0: not at all",
    )
    parser.add_argument(
        "--min-face",
        type=positive(int),
        metavar="PIXELS",
        help="width of the smallest face to find; larger is faster (default: a twentieth of the picture, "
        "at least 24 in pictures and 48 in videos)",
    )
    parser.add_argument(
        "--whole",
        choices=("never", "auto", "always"),
        default="never",
        help="read the whole picture as one face: auto does so where no face is found (stickers, cartoons)",
    )
    parser.add_argument("--cascade", help="Haar cascade that finds faces (default: the file beside the scripts)")
    add_foreign_model_flags(parser)
