"""Annotated frames in files: a picture or a video for each source, under its name when it is complete."""

import errno
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import check_is_utf8, partial_path, write_picture
from emotion_recognition.video.camera import PATIENCE_SECONDS
from emotion_recognition.video.capture import USUAL_FRAME_RATE, Source

# More forms can be read: a picture of another form is written as PNG, and a video of any form into a folder as MP4.
WRITTEN_VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v")
WRITTEN_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm")

# Over so long, and so many frames, a camera's real rate is measured; they wait in memory meanwhile.
MEASURED_SECONDS, MEASURED_FRAMES, SHORTEST_PAUSE = 1.0, 5, 0.5

# MPEG-4 counts time in parts of a second, of which it has room for so many; Matroska in thousandths of a second.
# OpenCV writes no video that is slower than the last of these.
MOST_PARTS_OF_A_SECOND, FASTEST_WRITTEN, SLOWEST_WRITTEN = 65_535, 1000, 0.002


class VideoFile:
    """A video, written beside its place and renamed into it when complete; UserError where OpenCV cannot write it."""

    def __init__(self, path: Path, width: int, height: int, frame_rate: float) -> None:
        check_is_utf8(path)
        self.path, self.temporary = path, partial_path(path)
        self.temporary.parent.mkdir(parents=True, exist_ok=True)
        code = cv2.VideoWriter.fourcc(*("MJPG" if path.suffix.lower() == ".avi" else "mp4v"))
        self._size, self.frames = (width, height), 0
        frame_rate = min(max(frame_rate, SLOWEST_WRITTEN), FASTEST_WRITTEN)
        self.frame_rate = round(frame_rate, min(3, int(math.log10(MOST_PARTS_OF_A_SECOND / frame_rate))))
        self._writer = cv2.VideoWriter(str(self.temporary), code, self.frame_rate, self._size)
        if not self._writer.isOpened():
            self.temporary.unlink(missing_ok=True)
            raise UserError(
                f"{path} cannot be written as a video of {width} x {height} pixels: name an --output that ends in .avi,"
                " or scale the source down first."
            )

    def write(self, picture: np.ndarray, seconds: float = 0.0) -> None:
        """Add a frame, whatever its time; a camera that changes its size is scaled to the first."""
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = cv2.resize(picture, self._size)
        self._writer.write(picture)
        self.frames += 1

    def close(self, shortest: int = 0) -> None:
        """Complete the file, or drop one of fewer than `shortest` frames.

        OSError where the last frame is missing: on a full disk the writer keeps silent.
        """
        self._writer.release()
        capture = cv2.VideoCapture(str(self.temporary))
        capture.set(cv2.CAP_PROP_POS_FRAMES, self.frames - 1)
        is_whole = capture.get(cv2.CAP_PROP_FRAME_COUNT) == self.frames and capture.read()[0]
        capture.release()
        if is_whole and self.frames >= shortest:
            self.temporary.replace(self.path)
            return
        self.temporary.unlink(missing_ok=True)
        if not is_whole:
            raise OSError(errno.EIO, "could not be written to its end; see whether the disk is full", str(self.path))


class LiveVideoFile:
    """The video of a camera, at the rate that it really gives, measured in its first second: it plays in real time.

    Where the camera is slower later, frames are repeated; where it is faster, some are left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._video: VideoFile | None = None
        self._waiting: list[tuple[np.ndarray, float]] = []

    @property
    def frames(self) -> int:
        """How many frames are in the file."""
        return self._video.frames if self._video else 0

    def write(self, picture: np.ndarray, seconds: float) -> None:
        """Add a frame that was taken at this time."""
        if self._video is not None:
            self._add(self._video, picture, seconds)
            return
        self._waiting.append((picture, seconds))
        if seconds - self._waiting[0][1] >= MEASURED_SECONDS and len(self._waiting) >= MEASURED_FRAMES:
            self._begin()

    def close(self, shortest: int = 0) -> None:
        """Complete the file, or drop one of fewer than `shortest` frames."""
        (self._video or self._begin()).close(shortest)

    def _begin(self) -> VideoFile:
        first, self._started = self._waiting[0]
        self._last = self._started
        distances = np.diff([seconds for _, seconds in self._waiting])
        # A pause among these frames says nothing of the camera.
        if (distances < SHORTEST_PAUSE).any():
            distances = distances[distances < SHORTEST_PAUSE]
        rate = len(distances) / distances.sum() if distances.sum() > 0 else USUAL_FRAME_RATE
        height, width = first.shape[:2]
        self._video = VideoFile(self._path, width, height, max(1.0, rate))
        for picture, seconds in self._waiting:
            self._add(self._video, picture, seconds)
        self._waiting.clear()
        return self._video

    def _add(self, video: VideoFile, picture: np.ndarray, seconds: float) -> None:
        # A camera that is silent for so long is given up: here a person has paused, and the video goes on where it was.
        if seconds - self._last > PATIENCE_SECONDS:
            self._started += seconds - self._last - 1 / video.frame_rate
        self._last = seconds
        due = round((seconds - self._started) * video.frame_rate) + 1
        while video.frames < due:
            video.write(picture)


class Recorder:
    """Writes the annotated frames of each source into its own file of `targets`."""

    def __init__(self, targets: dict[Source, Path]) -> None:
        self._targets = targets
        self._video: VideoFile | LiveVideoFile | None = None
        # The files that are complete, and how many frames they have.
        self.written: dict[Path, int] = {}

    def write(self, source: Source, picture: np.ndarray, seconds: float = 0.0) -> None:
        """Take the next annotated frame, uint8 (height, width, 3), blue-green-red, of a source, and its time."""
        self._target = target = self._targets[source]
        if not source.is_video:
            write_picture(target, picture)
            self.written[target] = 1
            return
        if self._video is None:
            height, width = picture.shape[:2]
            is_live = source.is_live
            self._video = LiveVideoFile(target) if is_live else VideoFile(target, width, height, source.frame_rate)
        self._video.write(picture, seconds)

    def close(self) -> None:
        """Complete the video of the current source, if there is one; the next source begins a new file.

        Of a video that was seen twice, the longer one stays.
        """
        video, self._video = self._video, None
        if video is not None:
            video.close(shortest=self.written.get(self._target, 0))
            self.written[self._target] = max(video.frames, self.written.get(self._target, 0))


def name_targets(folder: Path, sources: Sequence[Source]) -> dict[Source, Path]:
    """Return a file in the folder for each source that may have frames.

    Two of the same name keep their own folders, or get a number.
    """
    targets: dict[Source, Path] = {}
    taken: set[str] = set()
    # Some systems do not tell large letters from small ones.
    places = Counter(str(source.place).casefold() for source in sources)
    for number, source in enumerate(sources):
        # An empty folder gives nothing to write, and "." no name to write it under.
        if not source.path and not source.is_live:
            continue
        name = Path(f"live_{number}") if source.is_live else source.place
        if not source.is_live and places[str(source.place).casefold()] > 1:
            named = Path(source.name)
            name = Path(*(part for part in named.parts if part not in (named.anchor, "..")))
        if source.is_video:
            name = name.with_suffix(".mp4")
        elif name.suffix.lower() not in WRITTEN_PICTURE_SUFFIXES:
            name = name.with_suffix(".png")
        stem = name.stem
        while str(name).casefold() in taken:
            name, number = name.with_stem(f"{stem}_{number}"), number + 1
        taken.add(str(name).casefold())
        targets[source] = folder / name
    return targets
