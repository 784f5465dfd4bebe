"""Where frames come from: pictures, folders of them, video files, streams and cameras."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import check_is_utf8, partial_path
from emotion_recognition.images import SUFFIXES, read_picture
from emotion_recognition.video.camera import NewestFrame, is_picture

# fmt: off
VIDEO_SUFFIXES = (
    ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp", ".flv", ".mts", ".m2ts",
)
# fmt: on
# These files hold the number of frames that are shown: of others it is an estimate, or counts what was cut away.
# Some cameras count frames that they dropped: a file is called damaged where a larger part is missing.
COUNTING_SUFFIXES, LARGEST_PART_MISSING = (".avi",), 0.1

# A stream that does not answer for so long is given up; one that falls silent is opened again.
STREAM_PATIENCE_MILLISECONDS, STREAM_SILENCE_MILLISECONDS = 8000, 3000

# What cameras, streams and damaged videos are taken to give where they tell nothing or nonsense.
USUAL_FRAME_RATE, FASTEST_FRAME_RATE = 25.0, 240.0

# Films of 8K have no more pixels; a video that announces more is likelier a trap.
LARGEST_FRAME = 8192 * 4320

# Numbers of cameras that are tried: systems give them without large gaps.
MOST_CAMERAS = 10


@dataclass(frozen=True)
class Picture:
    """A picture file: one frame. `name` is how it is shown and where its result goes in an output folder."""

    path: Path
    name: str
    is_video = False
    is_live = False
    frame_rate = USUAL_FRAME_RATE

    def frames(self) -> Iterator[np.ndarray]:
        """Yield the picture, uint8 (height, width, 3), blue-green-red."""
        yield read_picture(self.path)


class Video:
    """A video file, a stream or a camera; whatever happens, its `cv2.VideoCapture` is released.

    `resolution`, (width, height), is what a camera is asked for.
    """

    is_video = True

    def __init__(self, address, name: str, is_live: bool, resolution=None):
        self.address, self.name, self.is_live = address, name, is_live
        self.path = None if is_live else Path(address)
        self.frame_rate = USUAL_FRAME_RATE
        self._resolution = resolution

    def frames(self) -> Iterator[np.ndarray | None]:
        """Yield frames, uint8 (height, width, 3), blue-green-red; UserError if none comes or they break off.

        Of a file every frame; of a camera the newest, and None while there is no new one.
        """
        check_is_utf8(self.address)
        with closing(NewestFrame(self._open)) as live:
            if not live.capture.isOpened():
                raise UserError(self._describe_failure())
            self._learn(live.capture)
            number, told = 0, live.capture.get(cv2.CAP_PROP_FRAME_COUNT)
            for frame in live.frames() if self.is_live else all_frames(live.capture):
                number += frame is not None
                yield frame
        if number == 0:
            raise UserError(self._describe_failure())
        if self.is_live:
            raise UserError(f"{self.name} stopped giving pictures after {number} frames: is it still connected?")
        counts = Path(str(self.address)).suffix.lower() in COUNTING_SUFFIXES
        if counts and number < (1 - LARGEST_PART_MISSING) * told:
            raise UserError(
                f"{self.name} gave {number} of its {told:.0f} frames: it is damaged or cut off; copy or convert it."
            )

    def _learn(self, capture):
        """Take what an open source tells of itself; UserError where its frames would fill the memory."""
        frame_rate = capture.get(cv2.CAP_PROP_FPS)
        self.frame_rate = frame_rate if 1 <= frame_rate <= FASTEST_FRAME_RATE else USUAL_FRAME_RATE
        if isinstance(self.address, int):
            return
        # What lies at an address and has a length is a file: no frame of it is left out, and its end is no failure.
        if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
            self.is_live = False
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > LARGEST_FRAME:
            raise UserError(f"{self.name} has {width:.0f} x {height:.0f} pixels: scale it down first.")

    def _open(self):
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


def all_frames(capture) -> Iterator[np.ndarray]:
    """Yield every frame that a capture gives."""
    while (step := capture.read())[0]:
        yield step[1]


def open_camera(number: int, resolution=None):
    """Return the `cv2.VideoCapture` of a camera, which was asked for a resolution (width, height)."""
    capture = cv2.VideoCapture(number)
    if resolution:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, resolution[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, resolution[1])
    return capture


def list_cameras() -> list[tuple]:
    """Return (number, width, height, frames a second) of every camera that opens and gives a picture."""
    found = []
    for number in range(MOST_CAMERAS):
        capture = open_camera(number)
        is_read, frame = capture.read() if capture.isOpened() else (False, None)
        if is_read and is_picture(frame):
            found.append((number, frame.shape[1], frame.shape[0], capture.get(cv2.CAP_PROP_FPS)))
        capture.release()
    return found


def find_sources(names: list[str], camera: int, resolution=None, output=None) -> list:
    """Return the sources that a person named: the camera when there are none; UserError names what is not there.

    What lies in `output` is left out of folders: it is what an earlier run has written.
    """
    if not names:
        return [Video(camera, f"Camera {camera}", is_live=True, resolution=resolution)]
    if resolution:
        raise UserError("--resolution is what a camera is asked for: leave it out for files and streams.")
    return [source for name in names for source in expand(name, output)]


def expand(name: str, output=None) -> list:
    """Return the source behind one name, or all pictures and videos below a folder that are not in its `output`."""
    if "://" in name:
        return [Video(name, name, is_live=True)]
    path = Path(name)
    if path.is_dir():
        known = (entry for entry in path.rglob("*") if entry.suffix.lower() in SUFFIXES + VIDEO_SUFFIXES)
        own = Path(output).resolve() if output else None
        # Who names a folder inside the output wants it to be read.
        if own and path.resolve() in own.parents:
            known = (entry for entry in known if not entry.resolve().is_relative_to(own))
        found = sorted(entry for entry in known if entry.is_file())
        if not found:
            raise UserError(f"{path} holds no pictures or videos: name another folder.")
        return [make_source(entry, str(entry.relative_to(path))) for entry in found]
    if not path.is_file():
        raise UserError(f"{path} is not there: check the name.")
    return [make_source(path, path.name)]


def keep_sources(targets, sources, flag="--output"):
    """Refuse to write over what is read, whatever --force says."""
    read = {source.path.resolve() for source in sources if source.path}
    for target in targets:
        if not read.isdisjoint({Path(target).resolve(), partial_path(target).resolve()}):
            raise UserError(f"{target} would be written over a source: name another {flag}.")


def make_source(path: Path, name: str):
    """Return the source that reads a file of this name."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return Video(str(path), name, is_live=False)
    return Picture(path, name)
