"""The pace of a source on the screen: when its next frame is due, how many came lately, and pauses."""

import time
from collections import deque

from emotion_recognition.video.capture import Source

# Frames over which the frames a second are counted.
COUNTED_FRAMES = 30
# What a camera shows is printed so often.
PRINT_SECONDS = 1.0


class Playback:
    """Plays a video at its own rate; of a camera every frame is due at once. Begins with the first frame."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._started = time.monotonic()
        self._first: float | None = None
        self._paused: float | None = None
        self._printed = -PRINT_SECONDS
        self._shown: deque[float] = deque(maxlen=COUNTED_FRAMES)

    @property
    def is_paused(self) -> bool:
        """Whether the frame stands still."""
        return self._paused is not None

    def next_frame(self) -> None:
        """Count a frame."""
        self._shown.append(time.monotonic())

    def frames_per_second(self) -> float:
        """Return how many frames a second came lately."""
        lasted = self._shown[-1] - self._shown[0]
        return (len(self._shown) - 1) / lasted if lasted else 0.0

    def is_time_to_print(self, seconds: float) -> bool:
        """Return whether at this time of the video another second has gone by since this was last so."""
        is_time = seconds - self._printed >= PRINT_SECONDS
        if is_time:
            self._printed = seconds
        return is_time

    def milliseconds_left(self, seconds: float) -> int:
        """Return how long the frame of this time in the video stays until the next one is due, at least 1."""
        if self._source.is_live:
            return 1
        if self._first is None:
            self._first = seconds
        due = self._started + seconds - self._first + 1 / self._source.frame_rate
        return max(1, round(1000 * (due - time.monotonic())))

    def pause(self) -> None:
        """Stand still, or go on where it stood."""
        if self._paused is None:
            self._paused = time.monotonic()
            return
        self._started += time.monotonic() - self._paused
        self._paused = None
        self._shown.clear()
        self._shown.append(time.monotonic())
