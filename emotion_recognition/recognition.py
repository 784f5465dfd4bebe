"""The one loop behind test.py and emotions.py: source -> faces -> emotions -> text, window and files."""

import datetime
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition import files, overlay
from emotion_recognition.cli import SYSTEM_PACKAGES, start_keras
from emotion_recognition.errors import UserError
from emotion_recognition.faces import CASCADE, FaceDetector, crop_face
from emotion_recognition.pictures import to_gray
from emotion_recognition.recorders import open_recorder
from emotion_recognition.sources import find_sources
from emotion_recognition.window import NoWindow, Window, can_open


@dataclass(frozen=True)
class Reading:
    """What was read in one frame: boxes (x, y, width, height), and probabilities float32 (n, emotions)."""

    boxes: list
    probabilities: np.ndarray

    def mirrored(self, width: int) -> "Reading":
        """Return the reading of the mirrored frame."""
        return Reading([(width - x - w, y, w, h) for x, y, w, h in self.boxes], self.probabilities)


class Recogniser:
    """Reads the emotions of all faces in a frame.

    `whole` says when the whole frame is read as one face: never, auto (where no face is found), or always.
    """

    def __init__(self, detector, classifier, whole="never"):
        self._detector, self._classifier, self._whole = detector, classifier, whole
        self.emotions = classifier.emotions

    def read(self, frame: np.ndarray) -> Reading:
        """Return what is read in a frame, uint8 (height, width, 3), blue-green-red."""
        gray = to_gray(frame)
        boxes = [] if self._whole == "always" else self._detector.detect(gray)
        if self._whole == "always" or (self._whole == "auto" and not boxes):
            boxes = [(0, 0, gray.shape[1], gray.shape[0])]
        return Reading(boxes, self._classifier.probabilities([crop_face(gray, box) for box in boxes]))


class Session:
    """Reads one source after the other, and shows, prints and keeps what is read."""

    def __init__(self, recogniser, recorder, window):
        self.recogniser, self.recorder, self.window = recogniser, recorder, window
        self.is_mirrored = False

    def run(self, source) -> bool:
        """Read a source to its end; return False when the person wants to see no more."""
        started = time.monotonic()
        summary = Summary(source.name, self.recogniser.emotions)
        frames = source.frames()
        try:
            # Whatever ends the loop, the source is released and the video completed.
            with closing(frames), closing(self.recorder):
                for number, frame in enumerate(frames):
                    reading = self.recogniser.read(frame)
                    summary.add(reading)
                    if self.recorder.keeps:
                        self.recorder.write(source, self.draw(frame, reading))
                    # Without a window, a camera's readings are printed once a second.
                    is_second = not self.window.is_visible and number % round(source.frame_rate) == 0
                    if not source.is_video or (source.is_live and is_second):
                        print_reading(source.name, reading, self.recogniser.emotions)
                    due = started + (number + 1) / source.frame_rate if not source.is_live else 0
                    if self.window.is_visible and not self.show(frame, reading, source, due):
                        return False
        finally:
            if source.is_video and summary.frames:
                print(summary)
        return True

    def draw(self, frame, reading):
        """Return the annotated frame."""
        return overlay.draw_faces(frame, reading.boxes, reading.probabilities, self.recogniser.emotions)

    def show(self, frame, reading, source, due) -> bool:
        """Show a frame and obey keys: until it is due, or a picture until a key; False means the end."""
        while True:
            if self.is_mirrored:
                # The frame is mirrored before drawing, so that text stays readable.
                view = self.draw(cv2.flip(frame, 1), reading.mirrored(frame.shape[1]))
            else:
                view = self.draw(frame, reading)
            milliseconds = max(1, round(1000 * (due - time.monotonic()))) if source.is_video else 0
            key = self.window.show(view, milliseconds)
            if key == "m":
                self.is_mirrored = not self.is_mirrored
            elif key == "s":
                save_snapshot(self.draw(frame, reading))
            if source.is_video or key not in ("m", "s"):
                return key != "q"


class Summary:
    """Counts the faces of a video and averages their probabilities."""

    def __init__(self, name, emotions):
        self.name, self.emotions = name, emotions
        self.frames = self.faces = 0
        self.total = np.zeros(len(emotions))

    def add(self, reading):
        """Take the reading of the next frame."""
        self.frames += 1
        self.faces += len(reading.boxes)
        self.total += reading.probabilities.sum(axis=0)

    def __str__(self):
        average = f": {describe(self.total / self.faces, self.emotions)}" if self.faces else ""
        return f"{self.name}: {self.faces} faces in {self.frames} frames{average}"


def describe(probabilities, emotions) -> str:
    """Return emotions and probabilities in words, the most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    return ", ".join(f"{emotions[index]} {probabilities[index]:.1%}" for index in order)


def print_reading(name, reading, emotions):
    """Print a line for each face of a picture, or that there is none."""
    if not reading.boxes:
        print(f"{name}: no face found; --whole auto reads such a picture as one face")
    for (x, y, width, height), row in zip(reading.boxes, reading.probabilities, strict=True):
        print(f"{name}: face at ({x}, {y}), {width}x{height}: {describe(row, emotions)}", flush=True)


def save_snapshot(frame):
    """Write the annotated frame into the current folder, under a name with date and time."""
    path = Path(f"snapshot_{datetime.datetime.now():%Y-%m-%d_%H%M%S_%f}.png")
    files.write_picture(path, frame)
    print(f"Wrote {path}")


def recognise(arguments, model) -> int:
    """Read all sources that the arguments name, show, print and keep the results; return the exit status.

    A source that cannot be read is named on standard error; the others are read all the same.
    """
    sources = find_sources(arguments.sources, arguments.camera)
    recorder = open_recorder(arguments.output, sources, arguments.force)
    detector = FaceDetector(arguments.cascade or CASCADE)
    # Keras takes seconds to start: imported only when the arguments are known to be right.
    start_keras()
    from emotion_recognition.classifier import EmotionClassifier

    classifier = EmotionClassifier(model, arguments.emotions, arguments.pixel_range)
    recogniser = Recogniser(detector, classifier, arguments.whole)
    status = 0
    with closing(Window() if can_show(arguments) else NoWindow()) as window:
        session = Session(recogniser, recorder, window)
        for source in sources:
            try:
                if not session.run(source):
                    break
            except UserError as error:
                print(error, file=sys.stderr)
                status = 2
    return status


def can_show(arguments) -> bool:
    """Return whether to open a window; say so where there is no display for it."""
    if arguments.no_window:
        return False
    if can_open():
        return True
    print(f"No display that works, or no window on it (Debian: apt-get install {SYSTEM_PACKAGES}): going on without.")
    return False
