"""Where annotated frames go: a picture, a video, or a folder with one file for each source."""

from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import check_is_utf8, partial_path, write_picture
from emotion_recognition.video.capture import FASTEST_FRAME_RATE, USUAL_FRAME_RATE, Source

# Videos that are read have more forms; those of pictures that cannot be written in colour become PNG.
WRITTEN_VIDEO_SUFFIXES, UNWRITTEN_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".m4v"), (".gif", ".pgm")

# Over so long, and so many frames, a camera's real rate is measured; they wait in memory meanwhile.
MEASURED_SECONDS, MEASURED_FRAMES, SHORTEST_PAUSE = 1.0, 5, 0.5


class Recorder:
    """Writes the frames of each source into its own file; a file appears under its name when it is complete."""

    keeps = True

    def __init__(self, targets: dict):
        self._targets = targets
        self._video = None

    def write(self, source, frame, seconds=0.0):
        """Take the next annotated frame, uint8 (height, width, 3), blue-green-red, of a source, and its time."""
        target = self._targets[source]
        if not source.is_video:
            write_picture(target, frame)
            return
        if self._video is None:
            is_live = source.is_live
            self._video = (
                LiveVideoFile(target) if is_live else VideoFile(target, *frame.shape[1::-1], source.frame_rate)
            )
        self._video.write(frame, seconds)

    def close(self):
        """Complete the video of the current source, if there is one; the next source begins a new file."""
        video, self._video = self._video, None
        if video is not None:
            video.close()


class NoRecorder:
    """Keeps nothing."""

    keeps = False

    def close(self):
        """Do nothing."""


class VideoFile:
    """A video that is written beside its place and renamed into it when it is complete."""

    def __init__(self, path: Path, width: int, height: int, frame_rate: float):
        check_is_utf8(path)
        self.path, self.temporary = path, partial_path(path)
        self.temporary.parent.mkdir(parents=True, exist_ok=True)
        code = cv2.VideoWriter_fourcc(*("MJPG" if path.suffix.lower() == ".avi" else "mp4v"))
        self._size, self.frames = (width, height), 0
        # MPEG-4 counts time in parts of a second, of which it has room for 65,535.
        self.frame_rate = round(frame_rate, 3 if frame_rate < 65 else 2)
        self._writer = cv2.VideoWriter(str(self.temporary), code, self.frame_rate, self._size)
        if not self._writer.isOpened():
            self.temporary.unlink(missing_ok=True)
            raise UserError(f"{path} cannot be written as a video: name an --output that ends in .mp4 or .avi.")

    def write(self, frame, seconds=0.0):
        """Add a frame, whatever its time; a camera that changes its size is scaled to the first."""
        if (frame.shape[1], frame.shape[0]) != self._size:
            frame = cv2.resize(frame, self._size)
        self._writer.write(frame)
        self.frames += 1

    def close(self):
        """Complete the file; UserError where its last frame is missing: on a full disk the writer keeps silent."""
        self._writer.release()
        capture = cv2.VideoCapture(str(self.temporary))
        capture.set(cv2.CAP_PROP_POS_FRAMES, self.frames - 1)
        is_whole = capture.get(cv2.CAP_PROP_FRAME_COUNT) == self.frames and capture.read()[0]
        capture.release()
        if not is_whole:
            self.temporary.unlink(missing_ok=True)
            raise UserError(f"{self.path} could not be written to its end: is the disk full?")
        self.temporary.replace(self.path)


class LiveVideoFile:
    """The video of a camera, at the rate that it really gives, measured in its first second: it plays in real time.

    Where the camera is slower later, frames are repeated; where it is faster, some are left out.
    """

    def __init__(self, path: Path):
        self._path, self._video, self._waiting = path, None, []

    def write(self, frame, seconds: float):
        """Add a frame that was taken at this time."""
        if self._video is not None:
            self._add(frame, seconds)
            return
        self._waiting.append((frame, seconds))
        if seconds - self._waiting[0][1] >= MEASURED_SECONDS and len(self._waiting) >= MEASURED_FRAMES:
            self._begin()

    def _begin(self):
        first, self._started = self._waiting[0]
        distances = np.diff([seconds for _, seconds in self._waiting])
        # A pause among these frames says nothing of the camera.
        if (distances < SHORTEST_PAUSE).any():
            distances = distances[distances < SHORTEST_PAUSE]
        rate = len(distances) / distances.sum() if distances.sum() > 0 else USUAL_FRAME_RATE
        rate = min(max(1.0, rate), FASTEST_FRAME_RATE)
        self._video = VideoFile(self._path, *first.shape[1::-1], rate)
        for frame, seconds in self._waiting:
            self._add(frame, seconds)
        self._waiting.clear()

    def _add(self, frame, seconds):
        due = round((seconds - self._started) * self._video.frame_rate) + 1
        while self._video.frames < due:
            self._video.write(frame)

    def close(self):
        """Complete the file."""
        if self._video is None:
            self._begin()
        self._video.close()


def name_targets(folder: Path, sources) -> dict[Source, Path]:
    """Return a file in the folder for each source, with a number where two have the same name."""
    targets: dict[Source, Path] = {}
    taken = set()
    for number, source in enumerate(sources):
        name = Path(f"live_{number}") if source.is_live else source.place
        if source.is_video:
            name = name.with_suffix(".mp4")
        elif name.suffix.lower() in UNWRITTEN_SUFFIXES:
            name = name.with_suffix(".png")
        stem = name.stem
        # Some systems do not tell large letters from small ones.
        while str(name).casefold() in taken:
            name, number = name.with_stem(f"{stem}_{number}"), number + 1
        taken.add(str(name).casefold())
        targets[source] = folder / name
    return targets


def open_recorder(output, sources, force=False):
    """For the loop that is about to go."""
    from emotion_recognition.video import outputs

    targets = outputs.find_targets(output, sources, force)
    return Recorder(targets) if targets else NoRecorder()
