"""What the scripts share: their start, the parser, and how a mistake reaches a person. For scripts alone."""

import argparse
import atexit
import importlib
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from types import ModuleType
from typing import NoReturn

from emotion_recognition import __version__
from emotion_recognition.cli.mistakes import describe_import_error, describe_os_error
from emotion_recognition.errors import UserError, as_line
from emotion_recognition.places import shipped

# What keeps native libraries from reporting on standard error what our sentences say.
QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_VIDEOIO_DEBUG": "0",
}

# Exit statuses; 0 is for all well, and argparse too ends with 2.
SOME_UNREADABLE, MISTAKE, STOPPED = 1, 2, 130


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a script's `main` and end the process with its exit status.

    `main` returns None or 0 when all is well, and 1 (`SOME_UNREADABLE`) when it has named sources that it could not
    read and done the others. After a mistake of a person the status is 2, with one sentence, and after Ctrl-C 130.
    """
    status = 0

    def end_at_once() -> None:
        # Threads of TensorFlow that come back to a Python which is ending make the system end the process as failed.
        if status == STOPPED:
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(status)

    # The first that is registered is the last that is called: libraries clean up before.
    atexit.register(end_at_once)
    set_quiet()
    # What the package tells is for the person at the terminal, in plain sentences.
    logging.basicConfig(format="%(message)s", handlers=[StandardError()])
    logging.getLogger("emotion_recognition").setLevel(logging.INFO)
    # SIGTERM is how systems end a program: it should clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Names of files may hold characters that the terminal, or the file that the output goes to, cannot encode. What
    # notebooks have in place of both takes all.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # Pillow's warnings about odd files, and those of TensorFlow's converter, would stand between our sentences.
    warnings.filterwarnings("ignore", module=r"PIL\.|tensorflow\.lite\.")
    try:
        status = main() or 0
    except KeyboardInterrupt as stop:
        print("Stopped.", *stop.args, file=sys.stderr)
        status = STOPPED
    except UserError as error:
        status = fail(str(error))
    except ImportError as error:
        status = fail(describe_import_error(error))
    except OSError as error:
        status = fail(describe_os_error(error))
    except MemoryError:
        status = fail("The memory is full: close other programs, or give less at once (--batch-size, fewer pictures).")
    sys.exit(status)


class StandardError(logging.Handler):
    """Prints what is logged on standard error as it is at that moment: during a `silent_start`, it is another one."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def set_quiet() -> None:
    """Set what libraries read when they are loaded, which `main` does; a setting of the person's own wins."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def fail(sentence: str) -> int:
    """Print `sentence` on standard error; return the exit status of a person's mistake."""
    print(as_line(sentence), file=sys.stderr)
    return MISTAKE


def check_installation() -> None:
    """Import what has parts outside Python, for `run` to say what is missing."""
    import cv2  # noqa: F401

    start_keras()


def start_keras(data_parallel: bool = False) -> ModuleType:
    """Import Keras and return the module; the lines that its backend and LiteRT write at their start are thrown away.

    The backend looks for its devices, with `data_parallel` also for those of other processes. It takes seconds: call it
    when the command line has been checked.
    """
    # Keras and TensorFlow remind of their newest file formats and interfaces, which a person cannot choose here.
    logging.getLogger("absl").setLevel(logging.ERROR)
    # By itself, TensorFlow uses oneDNN on some processors only; on the others, a training takes up to twice as long.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with silent_start():
        import keras

        if data_parallel:
            meet_other_processes(keras)
        keras.ops.zeros(1)
        # LiteRT writes its line when it gets its first network, whichever that is.
        with suppress(ImportError, ValueError):
            lite = importlib.import_module("ai_edge_litert.interpreter")
            lite.Interpreter(str(shipped("model.tflite"))).allocate_tensors()
    return keras


def meet_other_processes(keras: ModuleType) -> None:
    """Let JAX find the processes of the same training, where Slurm, MPI, Kubernetes or variables of Keras name them."""
    if keras.backend.backend() != "jax":
        raise UserError("--data-parallel needs JAX: `pip install jax` and set KERAS_BACKEND=jax, or leave it out.")
    try:
        if not importlib.import_module("jax").distributed.is_initialized():
            keras.distribution.initialize()
    except ValueError as error:
        # Without an address of others, this process is alone.
        if "coordinator_address" not in str(error):
            raise UserError(f"JAX cannot find the other processes of this training: {error}") from error


@contextmanager
def silent_start() -> Iterator[None]:
    """Throw away inside the block what libraries in C write on standard error; what Python writes there is kept.

    Only for the start of a script, before it has threads: standard error belongs to the whole process. It is there for
    lines that no variable turns off: TensorFlow 2.21 writes four when it is imported, LiteRT one when it is started.
    """
    sys.stderr.flush()
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with os.fdopen(terminal, "w", errors="backslashreplace", closefd=False) as kept, redirect_stderr(kept):
            yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


@contextmanager
def set_up_process() -> Iterator[None]:
    """Set up a process that a script has started; inside the block it starts its libraries, in silence."""
    # After Ctrl-C, it is the script that ends, and it ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore", module=r"PIL\.")
    set_quiet()
    with silent_start():
        yield


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one sentence on standard error, as all others are."""

    def error(self, message: str) -> NoReturn:
        """End with exit status 2."""
        command = f"python {self.prog}" if self.prog.endswith(".py") else self.prog
        self.exit(MISTAKE, as_line(f"{message} ({command} --help shows what there is)") + "\n")


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows defaults, and keeps the lines of the docstring."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        # "(default: None)" and "(default: False)" tell a reader nothing; 0 does.
        says_nothing = action.default is None or action.default is False or action.default == []
        return action.help if says_nothing else super()._get_help_string(action)


def parser(docstring: str | None, parents: Sequence[argparse.ArgumentParser] = ()) -> Parser:
    """Return a parser whose help opens with the script's docstring and shows the defaults."""
    first, _, rest = (docstring or "").strip().partition("\n")
    made = Parser(description=first, epilog=rest, formatter_class=HelpFormatter, parents=list(parents))
    made.add_argument("--version", action="version", version=f"emotion-recognition {__version__}")
    return made


def command() -> NoReturn:
    """Run the command `emotion-recognition`, which is test.py: the wheel has it as the package's __main__."""
    run(importlib.import_module("emotion_recognition.__main__").main)
