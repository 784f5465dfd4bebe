"""A virtual display: programs whose windows are looked at, and get keys."""

import functools
import os
import shutil
import subprocess

import numpy as np
import pytest
from conftest import NO_DISPLAY, REPOSITORY, wait_until
from PIL import ImageGrab


@pytest.fixture(scope="session")
def display():
    """A function that starts a program on a virtual display of 1000x800 pixels: display(folder, program)."""
    if not all(map(shutil.which, ("Xvfb", "xdotool", "openbox"))):
        pytest.skip("a window is tested where Xvfb, xdotool and openbox are installed (Debian: xvfb, xdotool, openbox)")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x800x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    # The window manager gives windows the keys, and closes them as a person does.
    manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": f":{number}"}, stderr=subprocess.DEVNULL)
    yield functools.partial(Screen, f":{number}")
    for process in (manager, server):
        process.terminate()
        process.wait()


class Screen:
    """A program with a window on the virtual display, keys sent to it and pictures taken of it."""

    def __init__(self, display, folder, program):
        self.display = display
        self.environment = {**NO_DISPLAY, "DISPLAY": display, "PYTHONPATH": str(REPOSITORY)}
        self.process = subprocess.Popen(
            program, cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: self.find_window() and np.any(self.shot()), self.process)
        self.call("windowfocus", "--sync", self.find_window())

    def call(self, *arguments) -> str:
        """Run xdotool."""
        return subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, check=False
        ).stdout.strip()

    def find_window(self) -> str:
        """Return the number of the window, or nothing."""
        return self.call("search", "--name", "^Emotions")

    def shot(self) -> np.ndarray:
        """Return what the screen shows, uint8 (800, 1000, 3), blue-green-red."""
        return np.asarray(ImageGrab.grab(xdisplay=self.display))[..., ::-1].copy()

    def shows(self, colour) -> np.ndarray:
        """Return the columns of the screen in which at least 40 pixels have a colour."""
        return np.flatnonzero((np.abs(self.shot().astype(int) - colour).max(axis=2) < 3).sum(axis=0) > 40)

    def end(self):
        """Wait for the script to end; return its status and what it printed."""
        output, errors = self.process.communicate(timeout=60)
        assert "Traceback" not in errors
        return self.process.returncode, output
