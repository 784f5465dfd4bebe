"""What a report shows of a source beside its numbers: one picture, and the emotions over its time."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box
from emotion_recognition.recogniser import Face
from emotion_recognition.video.blur import VideoBlur, blur_faces
from emotion_recognition.video.capture import Frame
from emotion_recognition.video.timeline import SHORTEST_INTERVAL, halve

# However long a source is, its time is divided into no more intervals.
MOST_INTERVALS = 120
THUMBNAIL_WIDTH, THUMBNAIL_QUALITY = 320, 80
# Another frame with as many faces is taken when they are so many times as wide.
LARGER = 1.2


class Glance:
    """Gathers what a report shows of one source; its faces are blurred unless `blurs` is False."""

    def __init__(self, emotions: Sequence[str], blurs: bool = True) -> None:
        self.interval = SHORTEST_INTERVAL
        self._blur = VideoBlur() if blurs else None
        # In each interval the number of frames, that of faces, and the sum of their probabilities.
        self._sums = np.zeros((MOST_INTERVALS, 2 + len(emotions)))
        self._first: float | None = None
        self._length, self._best, self._picture = 0, (-1, 0.0), b""

    def add(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Take a frame and its faces."""
        if frame.picture is None:
            return
        self._first = frame.seconds if self._first is None else self._first
        seconds = frame.seconds - self._first
        while seconds >= MOST_INTERVALS * self.interval:
            self.interval, self._sums = 2 * self.interval, halve(self._sums)
        place = int(seconds / self.interval)
        self._length = place + 1
        self._sums[place, 0] += 1
        for face in faces:
            self._sums[place, 1:] += (1, *face.probabilities.values())
        boxes = self._blur.boxes(faces, frame.seconds) if self._blur else []
        width = sum(face.box[2] for face in faces)
        if len(faces) > self._best[0] or (len(faces) == self._best[0] and width > LARGER * self._best[1]):
            self._best = len(faces), width
            # Where no face was found, nothing tells what to blur.
            self._picture = b"" if self._blur and not faces else encode(frame.picture, boxes)

    def timeline(self) -> list[list[float]]:
        """Return for each interval the mean probabilities of its faces, 0 to 1; empty where there was none."""
        means: list[list[float]] = []
        for frames, faces, *sums in self._sums[: self._length]:
            if frames or not means:
                means.append((np.array(sums) / faces).round(3).tolist() if faces else [])
            else:
                # Between two frames that are farther apart than an interval, nothing new is known.
                means.append(means[-1])
        return means

    def thumbnail(self) -> str:
        """Return the frame with the most and largest faces as a JPEG in Base64; "" where there is none to show."""
        return base64.b64encode(self._picture).decode()


def encode(picture: np.ndarray, boxes: list[Box]) -> bytes:
    """Return a small JPEG of a picture, uint8 (height, width, 3), in which these boxes are blurred."""
    blurred = blur_faces(picture, boxes)
    height, width = picture.shape[:2]
    scale = min(1.0, THUMBNAIL_WIDTH / width)
    size = max(1, round(scale * width)), max(1, round(scale * height))
    small = cv2.resize(blurred, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY])[1].tobytes()
