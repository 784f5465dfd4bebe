"""The window on the screen, and whether there can be one."""

import os
import subprocess
import sys

import cv2

TITLE = "Emotions (q ends, s saves, m mirrors, space pauses, h heat)"
LARGEST_WINDOW = 1280, 720
ESCAPE = 27

# Opened in a process of its own, since OpenCV ends the whole process where no display answers.
PROBE = "import cv2; cv2.namedWindow('probe'); cv2.destroyAllWindows()"


def can_open() -> bool:
    """Return whether this machine has a display that works."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return probe.returncode == 0


class Window:
    """A window that shows frames and hands back keys; it opens with the first frame."""

    is_visible = True

    def __init__(self, is_fullscreen=False):
        self._is_open, self._is_fullscreen = False, is_fullscreen

    def show(self, frame, milliseconds: int) -> str:
        """Show a frame, wait for a key for so long (0: until there is one) and return it.

        "" means no key, "q" also Esc and a window that was closed.
        """
        if not self._is_open:
            cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            height, width = frame.shape[:2]
            scale = min(1.0, LARGEST_WINDOW[0] / width, LARGEST_WINDOW[1] / height)
            cv2.resizeWindow(TITLE, round(scale * width), round(scale * height))
            if self._is_fullscreen:
                cv2.setWindowProperty(TITLE, cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)
            self._is_open = True
        cv2.imshow(TITLE, frame)
        return self._wait_for_key(milliseconds)

    def wait(self) -> bool:
        """Stay alive while there is no new frame; return False when the person wants to see no more."""
        return not self._is_open or self._wait_for_key(1) != "q"

    def _wait_for_key(self, milliseconds: int) -> str:
        waited = 0
        while True:
            # In short steps, to notice a window that is closed while a picture stands still.
            step = min(50, milliseconds - waited) if milliseconds else 50
            key = cv2.waitKey(max(1, step)) & 0xFF
            waited += step
            if key == ESCAPE or is_closed():
                return "q"
            if key != 0xFF:
                return chr(key).lower()
            if milliseconds and waited >= milliseconds:
                return ""

    def close(self):
        """Close the window, if it was ever opened."""
        if self._is_open:
            cv2.destroyAllWindows()


def is_closed() -> bool:
    """Return whether a person has closed the window."""
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
    except cv2.error:
        # With Qt, the question itself fails once the last window is gone.
        return True


class NoWindow:
    """Stands where no window is wanted or possible."""

    is_visible = False

    def close(self):
        """Do nothing."""
