"""What test.py and emotions.py do: frame -> faces -> emotions, and everything set up for all sources that are named."""

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

import numpy as np

from emotion_recognition.cli.program import SYSTEM_PACKAGES, fail, start_keras
from emotion_recognition.errors import UserError
from emotion_recognition.explanation.heat import HeatMaps
from emotion_recognition.faces.haar import CASCADE, FaceDetector, crop_face, find_or_whole, whole_box
from emotion_recognition.faces.tracking import FaceFinder, Tracker
from emotion_recognition.images import to_gray
from emotion_recognition.video.background import Background
from emotion_recognition.video.recorder import open_recorder
from emotion_recognition.video.session import Session
from emotion_recognition.video.sources import find_sources, list_cameras
from emotion_recognition.video.table import Records, check_records
from emotion_recognition.video.window import NoWindow, Window, can_open


@dataclass(frozen=True)
class Reading:
    """What was read in one frame: boxes (x, y, width, height), and probabilities float32 (n, emotions).

    `winners` are the places of the emotions to show, `numbers` say who is who in a video (None in a picture), `maps`
    are what speaks for the winners (see `heat`; None where nobody wants them).
    """

    boxes: list
    probabilities: np.ndarray
    winners: list
    numbers: list | None = None
    maps: list | None = None

    def mirrored(self, width: int) -> "Reading":
        """Return the reading of the mirrored frame."""
        maps = self.maps and [None if each is None else each[:, ::-1] for each in self.maps]
        return replace(self, boxes=[(width - x - w, y, w, h) for x, y, w, h in self.boxes], maps=maps)


class Recogniser:
    """Reads the emotions of all faces in a picture.

    `whole` says when the whole picture is read as one face: never, auto (where no face is found), or always.
    """

    def __init__(self, detector, classifier, whole="never"):
        self._classifier, self._whole = classifier, whole
        self.detector, self.emotions = detector, classifier.emotions

    def read(self, frame: np.ndarray, seconds: float = 0.0) -> Reading:
        """Return what is read in a picture, uint8 (height, width, 3), blue-green-red, whatever its time."""
        boxes, probabilities = self.classify(to_gray(frame), self.detector.detect)
        return Reading(boxes, probabilities, [int(row.argmax()) for row in probabilities])

    def follow(self, smooth: float) -> "VideoRecogniser":
        """Return what reads the frames of one video; `smooth` is the time constant in seconds."""
        return VideoRecogniser(self, smooth)

    def classify(self, gray: np.ndarray, find) -> tuple:
        """Return the boxes that `find` finds in a gray picture, or that of the whole, and their probabilities."""
        boxes = find_or_whole(find, gray, self._whole)
        return boxes, self._classifier.probabilities([crop_face(gray, box) for box in boxes])


class VideoRecogniser:
    """Reads the emotions of all faces in the frames of one video: follows the faces, and keeps their names steady."""

    def __init__(self, recogniser: Recogniser, smooth: float):
        self._recogniser = recogniser
        self._finder, self._tracker = FaceFinder(recogniser.detector), Tracker(smooth)

    def read(self, frame: np.ndarray, seconds: float) -> Reading:
        """Return what is read in the next frame, uint8 (height, width, 3), blue-green-red, of this time."""
        gray = to_gray(frame)
        # A whole frame that was read as one face is nothing to look near to.
        known = [face.box for face in self._tracker.faces if face.box != whole_box(gray)]
        boxes, probabilities = self._recogniser.classify(gray, lambda gray: self._finder.find(gray, seconds, known))
        faces = self._tracker.update(boxes, probabilities, seconds)
        smoothed = np.stack([face.probabilities for face in faces]) if faces else probabilities
        return Reading(boxes, smoothed, [face.winner for face in faces], [face.number for face in faces])


def recognise(arguments, model) -> int:
    """Read all sources that the arguments name, show, print and keep the results; return the exit status.

    A source that cannot be read is named on standard error; the others are read all the same.
    """
    if arguments.list_cameras:
        return print_cameras()
    sources = find_sources(arguments.sources, arguments.camera, arguments.resolution, arguments.output)
    check_records(arguments, sources)
    recorder = open_recorder(arguments.output, sources, arguments.force)
    detector = FaceDetector(arguments.cascade or CASCADE, arguments.min_face)
    # Keras takes seconds to start: imported only when the arguments are known to be right.
    start_keras()
    from emotion_recognition.models.classifier import EmotionClassifier

    classifier = EmotionClassifier(model, arguments.emotions, arguments.pixel_range)
    recogniser = Recogniser(detector, classifier, arguments.whole)
    status = 0
    with ExitStack() as stack:
        window = stack.enter_context(closing(Window(arguments.fullscreen) if can_show(arguments) else NoWindow()))
        records = stack.enter_context(closing(Records(arguments, sources, recogniser.emotions)))
        writer = stack.enter_context(closing(Background()))
        heat = stack.enter_context(closing(HeatMaps(classifier.probabilities, arguments.heat)))
        session = Session(recogniser, window, recorder, records, writer, arguments.smooth, heat)
        for source in sources:
            try:
                if not session.run(source):
                    break
            except UserError as error:
                status = fail(str(error))
    return status


def print_cameras() -> int:
    """Print every camera that gives pictures; return the exit status."""
    cameras = list_cameras()
    for number, width, height, rate in cameras:
        print(f"--camera {number}: {width}x{height}, {rate:.0f} frames/s")
    if not cameras:
        print("No camera gives pictures: connect one, and close what else uses it.")
    return 0


def can_show(arguments) -> bool:
    """Return whether to open a window; say so where there is no display for it."""
    if arguments.no_window:
        return False
    if can_open():
        return True
    print(f"No display that works, or no window on it (Debian: apt-get install {SYSTEM_PACKAGES}): going on without.")
    return False
