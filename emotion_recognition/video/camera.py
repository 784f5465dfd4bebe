"""Cameras and streams: a thread reads them, keeps only the newest frame, and opens them again when they drop out."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeGuard

import cv2
import numpy as np

# A camera that drops out is tried again as often, and given up after so long.
RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 8.0
# Numbers of cameras that are tried when they are listed: systems give them without large gaps.
MOST_CAMERAS = 10
# How long a reader waits for a new frame before it is told that there is none.
TICK_SECONDS = 0.1


class NewestFrame:
    """The newest frame of a live source, so that who reads slowly still sees the present.

    `open_capture` returns a new `cv2.VideoCapture`. It is called here for the first time, in the caller's thread:
    macOS asks for permission to use a camera only there. `capture` may be asked for its settings before `frames` is
    called.
    """

    def __init__(self, open_capture: Callable[[], cv2.VideoCapture]) -> None:
        self._open_capture = open_capture
        self.capture = open_capture()
        self._changed = threading.Condition()
        self._frame: np.ndarray | None = None
        # How many frames came, by which a reader knows a new one.
        self._count = 0
        self._is_closed = self._has_ended = False
        self._thread: threading.Thread | None = None

    def frames(self) -> Iterator[np.ndarray | None]:
        """Yield the newest frame each time, uint8 (height, width, 3); None while there is no new one.

        Ends when the source gives nothing for `PATIENCE_SECONDS`, though it was opened again and again.
        """
        self._thread = thread = threading.Thread(target=self._read, name="live source", daemon=True)
        thread.start()
        seen, last = 0, time.monotonic()
        # A driver that hangs never tells its thread that time is over.
        while time.monotonic() - last < PATIENCE_SECONDS + 2 * RETRY_SECONDS:
            with self._changed:
                self._changed.wait_for(lambda: self._count > seen or self._has_ended, TICK_SECONDS)  # noqa: B023
                frame, is_new, has_ended = self._frame, self._count > seen, self._has_ended
                seen = self._count
            if is_new:
                yield frame
                # Counted from when the next one is asked for: a person may pause for as long as they like.
                last = time.monotonic()
            elif has_ended:
                return
            else:
                yield None

    def close(self) -> None:
        """Release the source; a driver that hangs is left behind, the program's end takes it along."""
        self._is_closed = True
        if self._thread is None:
            self.capture.release()
        else:
            self._thread.join(timeout=2.0)

    def _read(self) -> None:
        last = opened = time.monotonic()
        try:
            while not self._is_closed and time.monotonic() - last < PATIENCE_SECONDS:
                is_read, frame = self.capture.read()
                now = time.monotonic()
                if is_read and is_picture(frame):
                    last = opened = now
                    self._show(frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
                elif now - opened >= RETRY_SECONDS:
                    self.capture.release()
                    self.capture = self._open_capture()
                    opened = time.monotonic()
                else:
                    # A single empty frame is no reason to open a camera anew.
                    time.sleep(TICK_SECONDS / 10)
        finally:
            self.capture.release()
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _show(self, frame: np.ndarray) -> None:
        with self._changed:
            self._frame, self._count = frame, self._count + 1
            self._changed.notify_all()


def is_picture(frame: np.ndarray | None) -> TypeGuard[np.ndarray]:
    """Return whether this is a frame with pixels: drivers hand out empty ones too."""
    return frame is not None and frame.size > 0 and frame.ndim in (2, 3)


def open_camera(number: int, resolution: tuple[int, int] | None = None) -> cv2.VideoCapture:
    """Return the `cv2.VideoCapture` of a camera, which was asked for a resolution (width, height)."""
    capture = cv2.VideoCapture(number)
    if resolution:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, resolution[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, resolution[1])
    return capture


def list_cameras() -> list[tuple[int, int, int, float]]:
    """Return (number, width, height, frames a second) of every camera that opens and gives a picture."""
    found = []
    for number in range(MOST_CAMERAS):
        capture = open_camera(number)
        frame = capture.read()[1] if capture.isOpened() else None
        if is_picture(frame):
            found.append((number, frame.shape[1], frame.shape[0], capture.get(cv2.CAP_PROP_FPS)))
        capture.release()
    return found
