"""The window: its keys and sizes, and on a virtual display keys that are sent to it and pictures that are taken."""

import sys
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, command, make_picture, make_video, plain, wait_until

from emotion_recognition.labels import COLOURS
from emotion_recognition.video import window
from emotion_recognition.video.window import NoWindow, fitting_size, key_name, open_window

pytest_plugins = ["virtual_display"]

SCREEN = 1000, 800


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        # Of each system: X11, also with Num Lock as GTK tells it; Windows; macOS.
        ("previous", [0xFF51, 0x10FF51, 0xFF55, 0x250000, 0x210000, 63234, 8, 127, ord("p")]),
        ("next", [0xFF53, 0x10FF53, 0xFF56, 0x270000, 0x220000, 63235, 13, 10, ord("n"), ord("N")]),
        ("quit", [27, ord("q"), ord("Q"), 0x100000 + ord("q")]),
        ("snapshot", [ord("s"), 0x10000 + ord("S")]),
        ("mirror", [ord("m")]),
        ("pause", [ord(" ")]),
        ("heat", [ord("h")]),
        ("help", [ord("?"), 0x10000 + ord("?")]),
        # Nothing; shift, control, alt and others alone; a function key; a letter of other languages; a key without use.
        ("", [-1, 0xFFE1, 0xFFE3, 0xFFE9, 0xFE03, 0xFFEB, 0xFFE5, 0x10FFE1, 0xFFBE, -55, ord("x"), 0x700000, 0]),
    ],
)
def test_keys_of_every_system(name, codes):
    assert {code: key_name(code) for code in codes} == dict.fromkeys(codes, name)


@pytest.mark.parametrize(
    ("picture", "size"),
    [
        ((640, 480), (640, 480)),
        ((4000, 3000), (850, 638)),
        ((300, 1500), (136, 680)),
        ((3000, 1000), (850, 283)),
        ((20_000, 1), (850, 1)),
    ],
)
def test_a_window_has_the_proportions_of_the_picture_and_fits_the_screen(picture, size):
    assert fitting_size(*picture, SCREEN) == size


def test_of_two_screens_side_by_side_one_is_used(monkeypatch):
    monkeypatch.setattr(window.subprocess, "run", lambda *_, **options: SimpleNamespace(stdout="3840 1080"))
    assert window.screen_size.__wrapped__() == (1920, 1080)


def test_a_key_that_is_pressed_before_the_next_picture_comes_waits_for_it(monkeypatch):
    codes = [ord("m"), -1, ord("q")]
    monkeypatch.setattr(window, "is_closed", lambda: False)
    monkeypatch.setattr(window.cv2, "imshow", lambda title, picture: None)
    monkeypatch.setattr(window.cv2, "waitKeyEx", lambda milliseconds: codes.pop(0))
    opened = window.Window()
    opened._shape = 48, 64
    assert [opened.wait(), opened.wait(), opened.show(plain(), 1), opened.wait()] == ["", "", "mirror", "quit"]


def test_without_a_display_nothing_is_said(monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with open_window() as opened:
        assert isinstance(opened, NoWindow) and opened.show(None, 0) == opened.wait() == ""
    assert caplog.text == ""


# Shows the pictures that are named, and prints every key that the window tells.
SHOW = """
import sys, cv2
from emotion_recognition.video.window import Window
pictures, place, key = [cv2.imread(path) for path in sys.argv[1:]], 0, ""
with Window() as window:
    while key != "quit":
        key = window.show(pictures[place], 0)
        print(key, flush=True)
        place = min(max(0, place + {"next": 1, "previous": -1}.get(key, 0)), len(pictures) - 1)
"""


def show(display, *pictures):
    """Return a screen with a window that shows pictures."""
    return display(pictures[0].parent, [sys.executable, "-c", SHOW, *map(str, pictures)])


def test_keys_that_are_pressed(display, tmp_path):
    screen = show(display, make_picture(tmp_path / "a.png"))
    for key in ("shift", "ctrl", "alt", "super", "Caps_Lock", "Caps_Lock", "x", "F5"):
        screen.call("key", key)
        time.sleep(0.2)
    told = {"Left": "previous", "Right": "next", "s": "snapshot", "m": "mirror", "space": "pause", "h": "heat"}
    told |= {"question": "help", "Return": "next", "BackSpace": "previous", "Escape": "quit"}
    for key, name in told.items():
        screen.call("key", key)
        assert screen.process.stdout.readline() == f"{name}\n"
    assert screen.end() == (0, "")


def test_a_window_that_is_closed_ends(display, tmp_path):
    screen = show(display, make_picture(tmp_path / "a.png"))
    screen.call("key", "alt+F4")
    assert screen.end() == (0, "quit\n")


def test_every_picture_keeps_its_proportions(display, tmp_path):
    pytest.importorskip("tkinter", reason="tells the size of the screen")
    sizes = (400, 300), (300, 600), (3000, 1000), (400, 300)
    screen = show(display, *(make_picture(tmp_path / f"{n}.png", 90 + n, size) for n, size in enumerate(sizes)))
    for number, size in enumerate(sizes):

        def shape(level=90 + number):
            rows, columns = np.nonzero((screen.shot() == level).all(axis=2))
            return np.array([np.ptp(columns) + 1, np.ptp(rows) + 1]) if len(rows) else np.zeros(2)

        wanted = fitting_size(*size, SCREEN)
        wait_until(lambda wanted=wanted, shape=shape: np.abs(shape() - wanted).max() <= 3, screen.process)
        screen.call("key", "Right")
    screen.call("key", "q")
    assert screen.end()[0] == 0


def test_the_window_of_test_py_is_mirrored_and_its_snapshots_are_not(display, tmp_path):
    # A portrait with its face at the left of a wide picture.
    portrait = cv2.imread(str(PORTRAIT))[:400]
    wide = np.full((400, 900, 3), 255, np.uint8)
    wide[:, : portrait.shape[1]] = portrait
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    screen = display(tmp_path, command("test.py", "wide.png"))

    def face_columns():
        return next((columns for columns in map(screen.shows, COLOURS.values()) if len(columns)), np.array([0]))

    wait_until(lambda: 0 < face_columns().mean() < 450, screen.process)
    screen.call("key", "m")
    wait_until(lambda: face_columns().mean() > 450, screen.process)
    screen.call("key", "s")
    wait_until(lambda: list(tmp_path.glob("snapshot_*.png")), screen.process)
    screen.call("key", "q")
    status, output = screen.end()
    [snapshot] = tmp_path.glob("snapshot_*.png")
    assert status == 0 and f"Wrote {snapshot.name}" in output
    # The face is on the left, the white on the right.
    saved = cv2.imread(str(snapshot))
    assert saved.shape == (400, 900, 3) and (saved[:, 850:] == 255).all() and not (saved[:, :100] == 255).all()


@pytest.mark.slow
def test_a_video_fills_the_screen_and_plays_at_its_rate(display, tmp_path):
    make_video(tmp_path / "in.avi", range(100, 220, 3), (400, 300))
    screen = display(tmp_path, command("test.py", "in.avi", "--fullscreen"))
    started = time.monotonic()
    wait_until(lambda: screen.shot()[400, 20].min() > 90, screen.process)
    status, output = screen.end()
    assert status == 0 and "40 frames" in output
    assert time.monotonic() - started > 3, "40 frames of a tenth of a second each are not shown at once"
