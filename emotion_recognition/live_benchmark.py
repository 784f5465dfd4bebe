"""How fast live video is: the classic loop, its parts and the loop of test.py take turns on the same frames."""

import argparse
import time
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path

import cv2
import matplotlib
import numpy as np

from emotion_recognition.faces.haar import CASCADE, FaceDetector, crop_face
from emotion_recognition.faces.tracking import SMALLEST_OVERLAP, Tracker, overlap
from emotion_recognition.images import FACE_SIZE, read_picture, to_gray
from emotion_recognition.models import model_file
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.recogniser import Recogniser
from emotion_recognition.video import overlay
from emotion_recognition.video.background import Background
from emotion_recognition.video.recorder import NoRecorder
from emotion_recognition.video.session import Session
from emotion_recognition.video.sources import USUAL_FRAME_RATE, find_sources
from emotion_recognition.video.table import Records

PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
PORTRAIT_FACE = slice(60, 360), slice(110, 410)
# So many frames a picture stands still.
STILL_FRAMES = 20
# So many frames one side reads before it is another's turn: with fewer, each finds its memory cache full of others'.
BLOCK = 10
# The default of --smooth.
SMOOTH = 0.3
# How far the boxes are shifted, as a part of their width, to see how steady names are.
SHIFT = 0.04


class Still:
    """A picture that stands still, as a video."""

    is_video, is_live, frame_rate = True, False, USUAL_FRAME_RATE

    def __init__(self, name, picture):
        self.name, self._picture = name, picture

    def frames(self):
        """Yield the picture again and again."""
        for _ in range(STILL_FRAMES):
            yield self._picture.copy()


class Undisplayed:
    """A window for which everything is drawn, and that shows nothing."""

    is_visible = True

    def show(self, frame, milliseconds):
        """Press no key."""
        return ""

    def wait(self):
        """Go on."""
        return True


def portraits(number: int) -> Still:
    """Return a picture of 1280x720 with so many portraits of one face."""
    face = cv2.resize(read_picture(PORTRAIT)[PORTRAIT_FACE], (140, 140), interpolation=cv2.INTER_AREA)
    picture = np.full((720, 1280, 3), 200, np.uint8)
    for place in range(number):
        top, left = 2 + 144 * (place // 8), 2 + 160 * (place % 8)
        picture[top : top + 140, left : left + 140] = face
    return Still(f"{number} portraits", picture)


def classic_loop(source, network, emotions):
    """The loop of many tutorials: the cascade read anew for each frame, `model.predict` for each face."""
    for frame in source.frames():
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        for x, y, width, height in cv2.CascadeClassifier(str(CASCADE)).detectMultiScale(gray, 1.3, 5):
            face = cv2.resize(gray[y : y + height, x : x + width], (FACE_SIZE, FACE_SIZE))
            row = network.predict(face.reshape(1, FACE_SIZE, FACE_SIZE, 1).astype(np.float32), verbose=0)[0]
            cv2.rectangle(frame, (x, y), (x + width, y + height), (255, 0, 0), 2)
            cv2.putText(frame, emotions[row.argmax()], (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 0, 0), 2)
        yield frame


class Losses:
    """Counts for how long faces stay lost that detection on every frame finds."""

    def __init__(self):
        self.longest, self._open = 0, []

    def add(self, wanted: list, found: list):
        """Take the boxes of the next frame."""
        lost = [box for box in wanted if not any(overlap(box, other) >= SMALLEST_OVERLAP for other in found)]
        self._open = [(box, 1 + self._frames_before(box)) for box in lost]
        self.longest = max([self.longest, *(frames for _, frames in self._open)])

    def _frames_before(self, box) -> int:
        return next((frames for other, frames in self._open if overlap(box, other) >= SMALLEST_OVERLAP), 0)


class Steadiness:
    """Counts how often names change, with and without smoothing, when boxes are shifted a little at random."""

    def __init__(self, classifier):
        self._classifier, self._generator = classifier, np.random.default_rng(0)
        self._trackers = {smooth: Tracker(smooth) for smooth in (0.0, SMOOTH)}
        self.changes, self._names = dict.fromkeys(self._trackers, 0), {}

    def add(self, gray, boxes, seconds):
        """Take a gray frame, the boxes of its faces, and its time."""
        boxes = [self._shift(box, gray.shape) for box in boxes]
        rows = self._classifier.probabilities([crop_face(gray, box) for box in boxes])
        for smooth, tracker in self._trackers.items():
            for face in tracker.update(boxes, rows, seconds):
                before = self._names.get((smooth, face.number), face.winner)
                self.changes[smooth] += face.winner != before
                self._names[smooth, face.number] = face.winner

    def _shift(self, box, shape):
        x, y, width, height = box
        by = np.rint(self._generator.normal(0, SHIFT * width, 2)).astype(int)
        left, top = np.clip((x + by[0], y + by[1]), 0, (shape[1] - width, shape[0] - height))
        return int(left), int(top), width, height


def measure_source(source, detector, classifier, network, frames: int):
    """Print how long each side takes per frame of a source; they take turns, some frames each."""
    emotions = classifier.emotions
    nothing = argparse.Namespace(csv=None, jsonl=None, timeline=None)
    losses, steadiness, faces, seconds = Losses(), Steadiness(classifier), [], {}
    cascade = cv2.CascadeClassifier(str(CASCADE))
    with ExitStack() as stack:
        writer = stack.enter_context(closing(Background()))
        session = Session(
            Recogniser(detector, classifier), Undisplayed(), NoRecorder(), Records(nothing, [], ()), writer, SMOOTH
        )
        loop = stack.enter_context(closing(session.steps(source)))
        classic = stack.enter_context(closing(classic_loop(source, network, emotions)))
        images = stack.enter_context(closing(source.frames()))

        def timed(name, work, *columns):
            return [measure(seconds.setdefault(name, []), work, *row) for row in zip(*columns, strict=True)]

        while block := list(islice(images, min(BLOCK, frames - len(faces)))):
            grays = [to_gray(image) for image in block]
            timed("classic loop", lambda _: next(classic), block)
            readings = timed("whole loop of test.py", lambda _: next(loop), block)
            timed("full-frame detection alone, scale 1.3", lambda gray: cascade.detectMultiScale(gray, 1.3, 5), grays)
            found = timed("full-frame detection alone, scale 1.1", detector.detect, grays)
            boxes = [reading.boxes for reading in readings]
            crops = [[crop_face(gray, box) for box in row] for gray, row in zip(grays, boxes, strict=True)]
            rows = timed("classification alone", classifier.probabilities, crops)
            timed("drawing alone", lambda *drawn: overlay.draw_faces(*drawn, emotions), block, boxes, rows)
            for gray, every, some in zip(grays, found, boxes, strict=True):
                smallest = detector.smallest_face(gray.shape, least=FACE_SIZE)
                losses.add([box for box in every if box[2] >= smallest], some)
                steadiness.add(gray, some, len(faces) / source.frame_rate)
                faces.append(len(some))
    report(source, seconds, faces, losses, steadiness)


def measure(seconds: list, work, *arguments):
    """Return what a call returns, and append the seconds that it took."""
    started = time.perf_counter()
    result = work(*arguments)
    seconds.append(time.perf_counter() - started)
    return result


def report(source, seconds, faces, losses, steadiness):
    """Print the table of a source."""
    print(f"\n{source.name}: {len(faces)} frames, {np.mean(faces):.1f} faces in each")
    print(f"{'':40}{'frames/s':>10}{'median ms':>11}{'95 % ms':>10}")
    rates = {}
    for name, values in seconds.items():
        # The first frame compiles the network; where it is the only one, it counts.
        values = np.array(values[1:] or values)
        rates[name] = 1 / values.mean()
        slowest = np.percentile(values, 95)
        print(f"{name:40}{rates[name]:10.1f}{1000 * np.median(values):11.2f}{1000 * slowest:10.2f}")
    whole, classic = rates["whole loop of test.py"], rates["classic loop"]
    detection = rates["full-frame detection alone, scale 1.1"]
    print(
        f"The whole loop is {whole / classic:.1f} times as fast as the classic one (at least 10 is wanted for one face)"
    )
    print(f"and {whole / detection:.1f} times as fast as full-frame detection alone (more than 1 is wanted).")
    longest = losses.longest / source.frame_rate
    print(f"Longest time for which it loses a face that full-frame detection finds: {longest:.2f} s (0.5 s is allowed)")
    without, with_it = steadiness.changes.values()
    print(f"Boxes shifted at random: names change {without} times without smoothing, {with_it} times with it")


def run(arguments):
    """Measure every source that the arguments name, or else a portrait and many."""
    given = find_sources(arguments.sources, 0) if arguments.sources else [portraits(1)]
    sources = [source if source.is_video else Still(source.name, next(source.frames())) for source in given]
    if not any(isinstance(source, Still) for source in sources):
        sources += [portraits(number) for number in (1, 13, 29)]
    detector, classifier = FaceDetector(), EmotionClassifier(arguments.model)
    network = model_file.load(arguments.model).network
    # TensorFlow compiles at the first call.
    classifier.probabilities([np.zeros((FACE_SIZE, FACE_SIZE), np.uint8)])
    network.predict(np.zeros((1, FACE_SIZE, FACE_SIZE, 1), np.float32), verbose=0)
    for source in sources:
        measure_source(source, detector, classifier, network, arguments.frames)
