"""Videos, streams and cameras: frames with their times, out of a `cv2.VideoCapture` that is always released."""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import check_is_utf8
from emotion_recognition.images import check_readable
from emotion_recognition.video.camera import NewestFrame, open_camera

# These files hold the number of frames that are shown: of others it is an estimate, or counts what was cut away.
# Some cameras count frames that they dropped: a file is called damaged where a larger part is missing.
COUNTING_SUFFIXES, LARGEST_PART_MISSING = (".avi",), 0.1

# A stream that does not answer for so long is given up; one that falls silent is opened again.
STREAM_PATIENCE_MILLISECONDS, STREAM_SILENCE_MILLISECONDS = 8000, 3000

# The rate where a source tells none. Time-lapse videos have less than a frame a second, high-speed cameras give
# thousands; a rate of 90,000 is the clock of a stream, which is told where the rate is not known.
USUAL_FRAME_RATE, SLOWEST_FRAME_RATE, FASTEST_FRAME_RATE = 25.0, 0.01, 20_000.0

# In seconds.
ROUNDING = 0.001

# Films of 8K have no more pixels; a video that announces more is likelier a trap.
LARGEST_FRAME = 8192 * 4320


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a source: `picture` is uint8 (height, width, 3), blue-green-red; None while a camera has no new one.

    `number` counts from 0; `seconds` from the source's beginning: of a camera by the clock, of a file as it says.
    """

    picture: np.ndarray | None
    number: int
    seconds: float


class Source:
    """What gives frames: `for frame in source`; when the block `with source` ends, it is released.

    `name` is unique among the sources that were found together; `place` is where its result goes in an output folder.
    """

    is_video = is_live = False
    # Frames a second: as they come out of the source, and as it states them.
    frame_rate = file_rate = USUAL_FRAME_RATE
    # How long it is, where it says so.
    seconds: float | None = None
    path: Path | None = None

    def __init__(self, name: str, place: Path | None = None) -> None:
        self.name, self.place = name, place or Path(Path(name).name)
        self._frames: Generator[Frame] | None = None
        self._every, self._start, self._end = 0.0, 0.0, math.inf

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames; UserError where the source cannot be read, or breaks off."""
        self._frames = self._read()
        return self._frames

    def choose(self, every: float = 0.0, start: float = 0.0, end: float | None = None) -> None:
        """Of a video file, read a frame each so many seconds (0: all), from `start` to before `end`, in seconds.

        Frames keep their own numbers and times. Pictures are read as they are; UserError for cameras and streams.
        """
        if self.is_live and (every or start or end is not None):
            raise UserError(f"{self.name} has no beginning and no end: leave out --every, --start and --end.")
        self._every, self._start, self._end = every, start, math.inf if end is None else end

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *error: object) -> None:
        if self._frames is not None:
            self._frames.close()

    def _read(self) -> Generator[Frame]:
        raise NotImplementedError


class Video(Source):
    """A video file, a stream or a camera; `resolution`, (width, height), is what a camera is asked for."""

    is_video = True

    def __init__(
        self,
        address: str | int,
        name: str,
        is_live: bool,
        resolution: tuple[int, int] | None = None,
        place: Path | None = None,
    ) -> None:
        super().__init__(name, place)
        self.address, self.is_live = address, is_live
        self.path = None if is_live else Path(str(address))
        self._resolution = resolution

    def _read(self) -> Generator[Frame]:
        check_is_utf8(str(self.address))
        if self.path:
            check_readable(self.path)
        with closing(NewestFrame(self._open)) as live:
            if not live.capture.isOpened():
                raise UserError(self._describe_failure())
            self._learn(live.capture)
            told = live.capture.get(cv2.CAP_PROP_FRAME_COUNT)
            self._passed, number = 0, 0
            for frame in self._live_frames(live) if self.is_live else self._file_frames(live.capture):
                number += frame.picture is not None
                yield frame
        if self._passed == 0:
            raise UserError(self._describe_failure())
        if self.is_live:
            raise UserError(f"{self.name} stopped giving pictures after {number} frames: is it still connected?")
        if number == 0:
            raise UserError(f"{self.name} has no frame from --start to --end: it is shorter, or nothing lies between.")
        counts = Path(str(self.address)).suffix.lower() in COUNTING_SUFFIXES and self._end == math.inf
        if counts and self._passed < (1 - LARGEST_PART_MISSING) * told:
            raise UserError(
                f"{self.name} gave {self._passed} of its {told:.0f} frames: it is damaged or cut off; copy or convert "
                "it."
            )

    def _learn(self, capture: cv2.VideoCapture) -> None:
        """Take what an open source tells of itself; UserError where its frames would fill the memory."""
        frame_rate = capture.get(cv2.CAP_PROP_FPS)
        self.file_rate = frame_rate if SLOWEST_FRAME_RATE <= frame_rate <= FASTEST_FRAME_RATE else USUAL_FRAME_RATE
        self.frame_rate = self.file_rate
        if isinstance(self.address, int):
            return
        # What lies at an address and has a length is a file: no frame of it is left out, and its end is no failure.
        if (frames := capture.get(cv2.CAP_PROP_FRAME_COUNT)) > 0:
            self.is_live = False
            self.seconds = frames / self.file_rate
        if self._every and not self.is_live:
            self.frame_rate = min(self.file_rate, 1 / self._every)
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > LARGEST_FRAME:
            raise UserError(f"{self.name} has {width:.0f} x {height:.0f} pixels: scale it down first.")

    def _live_frames(self, live: NewestFrame) -> Generator[Frame]:
        started, number = time.monotonic(), 0
        for picture in live.frames():
            self._passed += picture is not None
            yield Frame(picture, number, time.monotonic() - started)
            number += picture is not None

    def _file_frames(self, capture: cv2.VideoCapture) -> Generator[Frame]:
        seconds, due = None, self._start
        while capture.grab():
            seconds = frame_time(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, seconds, self.file_rate)
            number, self._passed = self._passed, self._passed + 1
            if seconds >= self._end:
                return
            # Times of frames are rounded to milliseconds, which must not make one miss the moment that it is due.
            if seconds + ROUNDING < due:
                continue
            is_read, picture = capture.retrieve()
            if not is_read:
                self._passed = number
                return
            yield Frame(picture, number, seconds)
            if self._every:
                due += self._every * (1 + (seconds + ROUNDING - due) // self._every)

    def _open(self) -> cv2.VideoCapture:
        if isinstance(self.address, int):
            return open_camera(self.address, self._resolution)
        if self.is_live:
            opening, reading = STREAM_PATIENCE_MILLISECONDS, STREAM_SILENCE_MILLISECONDS
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, opening, cv2.CAP_PROP_READ_TIMEOUT_MSEC, reading]
            return cv2.VideoCapture(self.address, cv2.CAP_FFMPEG, limits)
        # Others that OpenCV would try in turn report on standard error what a damaged file lacks.
        return cv2.VideoCapture(self.address, cv2.CAP_FFMPEG)

    def _describe_failure(self) -> str:
        if isinstance(self.address, int):
            return f"{self.name} gives no pictures: connect it, close what else uses it, or choose with --camera."
        if self.is_live:
            return f"{self.name} does not answer: check the address and that the stream is running."
        return f"{self.name} holds no frames that can be read: it is damaged, cut off or no video; copy or convert it."


def frame_time(told: float, previous: float | None, frame_rate: float) -> float:
    """Return the time of a frame in seconds: as its file tells it, but by the rate where that is no later time."""
    if previous is None:
        return told if 0 <= told < math.inf else 0.0
    return told if previous < told < math.inf else previous + 1 / frame_rate
