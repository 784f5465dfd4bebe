"""Where frames come from: pictures, folders of them, video files, streams and cameras."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.pictures import SUFFIXES, read_picture

VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")

# A stream that says nothing for so long is given up.
STREAM_PATIENCE_MILLISECONDS = 8000

# What cameras, streams and damaged videos are taken to give where they tell nothing or nonsense.
USUAL_FRAME_RATE, FASTEST_FRAME_RATE = 25.0, 240.0


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
    """A video file, a stream or a camera: frames from `cv2.VideoCapture`, which is released whatever happens."""

    is_video = True

    def __init__(self, address, name: str, is_live: bool):
        self.address, self.name, self.is_live = address, name, is_live
        self.frame_rate = USUAL_FRAME_RATE

    def frames(self) -> Iterator[np.ndarray]:
        """Yield frames, uint8 (height, width, 3), blue-green-red; UserError if none comes or a live one breaks off."""
        capture = self._open()
        try:
            if not capture.isOpened():
                raise UserError(self._describe_failure())
            frame_rate = capture.get(cv2.CAP_PROP_FPS)
            self.frame_rate = frame_rate if 1 <= frame_rate <= FASTEST_FRAME_RATE else USUAL_FRAME_RATE
            number = 0
            while True:
                is_read, frame = capture.read()
                if not is_read:
                    break
                number += 1
                yield frame
        finally:
            capture.release()
        if number == 0:
            raise UserError(self._describe_failure())
        if self.is_live:
            raise UserError(f"{self.name} stopped giving pictures after {number} frames: is it still connected?")

    def _open(self):
        if isinstance(self.address, int):
            return cv2.VideoCapture(self.address)
        if self.is_live:
            patience = STREAM_PATIENCE_MILLISECONDS
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, patience, cv2.CAP_PROP_READ_TIMEOUT_MSEC, patience]
            return cv2.VideoCapture(self.address, cv2.CAP_FFMPEG, limits)
        return cv2.VideoCapture(self.address)

    def _describe_failure(self) -> str:
        if isinstance(self.address, int):
            return f"{self.name} gives no pictures: connect it, close what else uses it, or choose with --camera."
        if self.is_live:
            return f"{self.name} does not answer: check the address and that the stream is running."
        return f"{self.name} holds no frames that can be read: it is damaged, cut off or no video; copy or convert it."


def find_sources(names: list[str], camera: int) -> list:
    """Return the sources that a person named: the camera when there are none; UserError names what is not there."""
    if not names:
        return [Video(camera, f"Camera {camera}", is_live=True)]
    return [source for name in names for source in expand(name)]


def expand(name: str) -> list:
    """Return the source behind one name, or all pictures and videos below a folder."""
    if "://" in name:
        return [Video(name, name, is_live=True)]
    path = Path(name)
    if path.is_dir():
        found = sorted(entry for entry in path.rglob("*") if entry.suffix.lower() in SUFFIXES + VIDEO_SUFFIXES)
        if not found:
            raise UserError(f"{path} holds no pictures or videos: name another folder.")
        return [make_source(entry, str(entry.relative_to(path))) for entry in found]
    if not path.is_file():
        raise UserError(f"{path} is not there: check the name.")
    return [make_source(path, path.name)]


def make_source(path: Path, name: str):
    """Return the source that reads a file of this name."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return Video(str(path), name, is_live=False)
    return Picture(path, name)
