"""How a script starts and ends: the exit status, one sentence for a mistake, and silence of native libraries."""

import errno
import io
import logging
import os
import platform
import subprocess
import sys

import pytest
from conftest import REPOSITORY

from emotion_recognition.cli import program
from emotion_recognition.errors import UserError


def end_of(error, capsys):
    """Return (exit status, what stands on standard error) of a script whose `main` raises this."""

    def main():
        raise error

    with pytest.raises(SystemExit) as end:
        program.run(main)
    return end.value.code, capsys.readouterr().err


@pytest.fixture(autouse=True)
def own_process(monkeypatch):
    """Let what a script does to its process leave this one alone."""
    monkeypatch.setattr(program.signal, "signal", lambda *_: None)
    monkeypatch.setattr(program.atexit, "register", lambda _: None)
    for name in program.QUIET:
        monkeypatch.setenv(name, os.environ.get(name, "1"))


@pytest.mark.parametrize("status", [None, 0, 1])
def test_the_status_of_main_is_that_of_the_process(status):
    with pytest.raises(SystemExit) as end:
        program.run(lambda: status)
    assert end.value.code == (status or 0)


def test_signs_that_the_output_does_not_have_are_printed_too(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="")
    monkeypatch.setattr(sys, "stdout", output)
    with pytest.raises(SystemExit):
        program.run(lambda: print("caf\xe9", flush=True))
    assert output.buffer.getvalue() == b"caf\\xe9\n"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("a.png is not there:\ncheck\x1b[2J the name."), "a.png is not there: check [2J the name.\n"),
        (OSError(errno.ENOSPC, "No space", "a.h5"), "a.h5: the disk is full; free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "a.h5"), "a.h5: Permission denied; choose another place"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe", "-"), "The program that reads the output has ended"),
        (OSError("odd"), "odd.\n"),
        (MemoryError(), "The memory is full"),
        (ModuleNotFoundError("No module named 'cv2'"), "pip install -r requirements.txt"),
        # A module of ours is no shared library.
        (ImportError("cannot import name 'x' from 'video' (/video.so.py)"), "/video.so.py): install the packages"),
        (
            ImportError("libGL.so.1: cannot open shared object file: No such file or directory"),
            "apt-get install libgl1",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(error, sentence, capsys):
    status, text = end_of(error, capsys)
    assert status == 2 and sentence in text and text.count("\n") == 1


def test_ctrl_c_is_status_130(capsys):
    assert end_of(KeyboardInterrupt("3 of 7 are done."), capsys) == (130, "Stopped. 3 of 7 are done.\n")


STOPPED = """
import atexit, sys
from emotion_recognition.cli import program

class Thread:
    def __del__(self):
        print("back in Python", flush=True)

def main():
    sys.modules["left"] = Thread()
    atexit.register(print, "cleaned up")
    print("begun")
    raise KeyboardInterrupt

program.run(main)
"""


def test_after_ctrl_c_libraries_clean_up_and_nothing_runs_while_python_ends():
    result = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, cwd=REPOSITORY)
    assert (result.returncode, result.stdout, result.stderr) == (130, "begun\ncleaned up\n", "Stopped.\n")


def test_settings_of_native_libraries_are_made_for_the_script_and_yield_to_the_persons_own(monkeypatch):
    monkeypatch.delenv("OPENCV_LOG_LEVEL")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with pytest.raises(SystemExit):
        program.run(lambda: None)
    assert (os.environ["OPENCV_LOG_LEVEL"], os.environ["TF_CPP_MIN_LOG_LEVEL"]) == ("SILENT", "0")


CONVOLUTION = """
import numpy
from emotion_recognition.cli import program

keras = program.start_keras()
keras.layers.Conv2D(8, 3)(numpy.ones((8, 16, 16, 8), "float32"))
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="TensorFlow has oneDNN for these processors")
@pytest.mark.parametrize(("own", "is_on"), [({}, True), ({"TF_ENABLE_ONEDNN_OPTS": "0"}, False)])
def test_keras_computes_with_onednn_unless_the_person_turns_it_off(own, is_on, monkeypatch):
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    environment = {**os.environ, "ONEDNN_VERBOSE": "1", **own}  # oneDNN prints what it computes
    result = subprocess.run(
        [sys.executable, "-c", CONVOLUTION], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    assert ("exec,cpu,convolution" in result.stdout) == is_on


def test_a_silent_start_keeps_our_own_sentences(capfd):
    with program.silent_start():
        os.write(2, b"a library in C")
        print("a sentence of ours", file=sys.stderr)
        program.StandardError().emit(logging.makeLogRecord({"msg": "a note of ours"}))
    os.write(2, b"later")
    assert capfd.readouterr().err == "a sentence of ours\na note of ours\nlater"


def test_help_shows_the_docstring_and_defaults_that_tell_something():
    parser = program.parser("Does it.\n\n    python it.py   as it is\n")
    parser.add_argument("--speed", default=0, help="how fast")
    parser.add_argument("--name", help="what to call it")
    text = parser.format_help()
    assert "    python it.py   as it is\n" in text and "how fast (default: 0)" in text and "None" not in text
