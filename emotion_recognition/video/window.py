"""The window on the screen, and whether there can be one."""

import functools
import logging
import os
import subprocess
import sys

import cv2
import numpy as np

from emotion_recognition.errors import SYSTEM_PACKAGES

logger = logging.getLogger(__name__)

TITLE = "Emotions (? shows the keys)"

# Keys that are not named here do nothing, nor do Shift, Ctrl and Alt alone. \x7f is the backspace of macOS.
KEYS = {"q": "quit", "\x1b": "quit", "s": "snapshot", "m": "mirror", " ": "pause", "h": "heat", "?": "help"}
KEYS |= {"n": "next", "\r": "next", "\n": "next", "p": "previous", "\b": "previous", "\x7f": "previous"}
# Left, Up, Page Up; Right, Down, Page Down: as X11, Windows and macOS number them.
BACK = {0xFF51, 0xFF52, 0xFF55, 0x250000, 0x260000, 0x210000, 0xF702, 0xF700, 0xF72C}
FORWARD = {0xFF53, 0xFF54, 0xFF56, 0x270000, 0x280000, 0x220000, 0xF703, 0xF701, 0xF72D}

# Opened in a process of its own, since OpenCV ends the whole process where no display answers. Tk, which not every
# Python has, knows the screen's size.
PROBE = """
import cv2
cv2.namedWindow("probe")
cv2.destroyAllWindows()
try:
    import tkinter
    root = tkinter.Tk()
    print(root.winfo_screenwidth(), root.winfo_screenheight())
except Exception:
    print(1366, 768)
"""
# The part of the screen that is not taken by the window's title and the system's panels.
FREE_PART = 0.85


@functools.cache
def screen_size() -> tuple[int, int] | None:
    """Return the width and height of the screen in pixels, or usual ones; None where no window opens."""
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=20, check=False)
        width, height = map(int, probe.stdout.split())
    except (subprocess.TimeoutExpired, ValueError):
        return None
    # Two screens side by side count as one: a window should not lie on both.
    return min(width, height * 16 // 9), height


def can_open() -> bool:
    """Return whether this machine has a display that works; say so where one is named and does not."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    if screen_size():
        return True
    logger.info(
        "No window opens on the display: going on without, as with --no-window. On Debian and Ubuntu, a window needs "
        "`apt-get install %s`.",
        SYSTEM_PACKAGES,
    )
    return False


def open_window(is_wanted: bool = True, is_fullscreen: bool = False) -> "Window":
    """Return a window, or what stands in its place where none is wanted or possible."""
    return Window(is_fullscreen) if is_wanted and can_open() else NoWindow()


class Window:
    """A window that shows pictures and hands back keys: `with Window() as window`. It opens with the first picture."""

    is_visible = True

    def __init__(self, is_fullscreen: bool = False) -> None:
        self._is_fullscreen, self._waiting_key = is_fullscreen, ""
        self._shape: tuple[int, ...] | None = None

    def __enter__(self) -> "Window":
        return self

    def __exit__(self, *error: object) -> None:
        if self._shape:
            cv2.destroyAllWindows()

    def show(self, picture: np.ndarray, milliseconds: int) -> str:
        """Show a picture, uint8 (height, width, 3), blue-green-red, for so long (0: until a key), and return the key.

        It is "quit" (also where the window was closed), "snapshot", "mirror", "pause", "heat", "help", "next",
        "previous", or "" when the time is over.
        """
        if picture.shape[:2] != self._shape:
            self._fit(*picture.shape[:2])
        cv2.imshow(TITLE, picture)
        key, self._waiting_key = self._waiting_key, ""
        return key or self._wait_for_key(milliseconds)

    def wait(self) -> str:
        """Stay alive while there is no new picture; return "quit" or "". Other keys wait for the next picture."""
        key = self._wait_for_key(1) if self._shape else ""
        self._waiting_key = key or self._waiting_key
        return key if key == "quit" else ""

    def _fit(self, height: int, width: int) -> None:
        """Give the window the proportions of a picture, no larger than the screen."""
        if self._shape is None:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            if self._is_fullscreen:
                cv2.setWindowProperty(TITLE, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)
        self._shape = height, width
        if not self._is_fullscreen:
            cv2.resizeWindow(TITLE, *fitting_size(width, height, screen_size() or (width, height)))

    def _wait_for_key(self, milliseconds: int) -> str:
        waited = 0
        while True:
            # In short steps, to notice a window that is closed while a picture stands still.
            step = min(50, milliseconds - waited) if milliseconds else 50
            key = key_name(cv2.waitKeyEx(max(1, step)))
            waited += step
            if is_closed():
                return "quit"
            if key or (milliseconds and waited >= milliseconds):
                return key


class NoWindow(Window):
    """Stands where no window is wanted or possible: it never opens."""

    is_visible = False

    def show(self, picture: np.ndarray, milliseconds: int) -> str:
        """Return that no key was pressed."""
        return ""


def key_name(code: int) -> str:
    """Return what a key means, from the number that `cv2.waitKeyEx` gives; "" where it means nothing."""
    if code < 0:
        return ""
    # GTK tells in the upper bits that Num Lock is on; on Windows, only the upper bits of arrows are used.
    code = code & 0xFFFF or code
    if code in BACK:
        return "previous"
    return "next" if code in FORWARD else KEYS.get(chr(code & 0xFFFF).lower(), "")


def fitting_size(width: int, height: int, screen: tuple[int, int]) -> tuple[int, int]:
    """Return width and height of the window for a picture: its own, or as large as fits the screen."""
    scale = min(1.0, FREE_PART * screen[0] / width, FREE_PART * screen[1] / height)
    return max(1, round(scale * width)), max(1, round(scale * height))


def is_closed() -> bool:
    """Return whether a person has closed the window."""
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
    except cv2.error:
        # With Qt, the question itself fails once the last window is gone.
        return True
