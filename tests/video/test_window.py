"""The window of test.py and emotions.py --mode display, on a virtual display: keys are sent to it, pictures taken."""

import os
import shutil
import subprocess
import time

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, command, wait_until
from PIL import ImageGrab

from emotion_recognition.labels import COLOURS


@pytest.fixture(scope="module")
def display():
    """The name of a virtual display of 1000x800 pixels."""
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
    yield f":{number}"
    for process in (manager, server):
        process.terminate()
        process.wait()


class Screen:
    """A script with a window on the virtual display, keys sent to it and pictures taken of it."""

    def __init__(self, display, folder, script, *arguments):
        self.environment = {**os.environ, "DISPLAY": display}
        self.display = display
        self.process = subprocess.Popen(
            command(script, *arguments),
            cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
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


@pytest.fixture
def picture(tmp_path):
    """The portrait with its face at the left of a wide picture."""
    portrait = cv2.imread(str(PORTRAIT))[:400]
    wide = np.full((400, 900, 3), 255, np.uint8)
    wide[:, : portrait.shape[1]] = portrait
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    return tmp_path / "wide.png"


def test_keys_in_the_window(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "test.py", picture)
    process = screen.process
    colours = list(COLOURS.values())

    def face_columns():
        return next((columns for columns in map(screen.shows, colours) if len(columns)), np.array([0]))

    wait_until(lambda: 0 < face_columns().mean() < 450, process)
    screen.call("key", "m")
    wait_until(lambda: face_columns().mean() > 450, process)
    screen.call("key", "s")
    wait_until(lambda: list(tmp_path.glob("snapshot_*.png")), process)
    screen.call("key", "q")
    status, output = screen.end()
    [snapshot] = tmp_path.glob("snapshot_*.png")
    assert status == 0 and f"Wrote {snapshot.name}" in output
    # A snapshot is not mirrored: the face is on the left, the white on the right.
    saved = cv2.imread(str(snapshot))
    assert saved.shape == (400, 900, 3) and (saved[:, 850:] == 255).all() and not (saved[:, :100] == 255).all()


def test_key_h_shows_and_hides_what_decides(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "test.py", picture)
    before = screen.shot()
    screen.call("key", "h")
    wait_until(lambda: (screen.shot() != before).sum() > 1000, screen.process)
    screen.call("key", "h")
    wait_until(lambda: np.array_equal(screen.shot(), before), screen.process)
    screen.call("key", "q")
    assert screen.end()[0] == 0


def test_escape_and_closing_end_too(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "emotions.py", "--mode", "display", picture, picture)
    screen.call("key", "Escape")
    assert screen.end()[0] == 0
    screen = Screen(display, tmp_path, "test.py", picture)
    screen.call("key", "alt+F4")
    assert screen.end()[0] == 0


def test_a_video_plays_at_its_rate_and_is_written_unmirrored(display, tmp_path):
    portrait = cv2.resize(cv2.imread(str(PORTRAIT))[:400], (320, 250))
    wide = np.full((250, 640, 3), 255, np.uint8)
    wide[:, :320] = portrait
    writer = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 250))
    for _ in range(60):
        writer.write(wide)
    writer.release()
    screen = Screen(display, tmp_path, "test.py", "in.avi", "--output", "out.avi")
    started = time.monotonic()
    screen.call("key", "m")
    status, output = screen.end()
    assert status == 0 and "in 60 frames" in output
    assert time.monotonic() - started > 2, "60 frames of a tenth of a second each are not shown at once"
    capture = cv2.VideoCapture(str(tmp_path / "out.avi"))
    frames = [capture.read()[1] for _ in range(60)]
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 60
    assert frames[-1][:, 600:].mean() > 240 > frames[-1][:, :300].mean()


def test_space_pauses_a_video(display, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (400, 300))
    for number in range(40):
        writer.write(np.full((300, 400, 3), 100 + 3 * number, np.uint8))
    writer.release()
    screen = Screen(display, tmp_path, "test.py", "in.avi", "--fullscreen")
    screen.call("key", "space")
    time.sleep(0.5)
    middle = screen.shot()[400, 500]
    time.sleep(1.0)
    # It fills the screen, and stands still for longer than ten frames are shown.
    assert (screen.shot()[400, 500] == middle).all() and screen.shot()[400, 20].min() > 90
    screen.call("key", "space")
    status, output = screen.end()
    assert status == 0 and "in 40 frames" in output
