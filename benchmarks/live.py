"""How fast live video is: the loop of test.py, the classic one, and the parts of both, in turn on the same frames.

    python -m benchmarks.live                 pictures of 1, 13 and 29 faces
    python -m benchmarks.live clip.mp4        a video, and these pictures

Medians are shown; the window is left out, as everything that is shown is drawn all the same.
"""

from collections.abc import Iterable
from itertools import islice

import cv2
import numpy as np

from benchmarks.common import measure, portraits, still_frames
from emotion_recognition.cli import options, program
from emotion_recognition.faces.boxes import Box, Detection, crop_face, overlap, smallest_width
from emotion_recognition.faces.haar import CASCADE
from emotion_recognition.faces.tracking import SMALLEST_OVERLAP, Tracker
from emotion_recognition.images import FACE_SIZE, to_gray
from emotion_recognition.recogniser import SMOOTH, EmotionRecogniser
from emotion_recognition.video.overlay import draw_faces
from emotion_recognition.video.sources import find_sources

# So many frames one side reads before it is another's turn: with fewer, each finds its memory cache full of others'.
BLOCK = 10
# How far the boxes are shifted, as a part of their width, to see how steady names are.
SHIFT = 0.04
WHOLE, CLASSIC = "whole loop of test.py", "classic loop"
DETECTION = "full-frame detection alone, scale 1.1"


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="videos and pictures")
    options.add_model_flag(parser)
    parser.add_argument("--frames", type=options.positive(int), default=300, help="read only so many frames of each")
    arguments = parser.parse_args()
    videos = find_sources(arguments.sources) if arguments.sources else []
    program.start_keras()
    from emotion_recognition.models import model_file

    recogniser, network = EmotionRecogniser(arguments.model), model_file.load(arguments.model).network
    # TensorFlow compiles at the first call.
    network.predict(np.zeros((1, FACE_SIZE, FACE_SIZE, 1), np.float32), verbose=0)
    for video in videos:
        with video:
            frames = [
                (frame.picture, frame.seconds) for frame in islice(video, arguments.frames) if frame.picture is not None
            ]
        if not video.is_video:
            frames = list(islice(still_frames(frames[0][0]), arguments.frames))
        measure_frames(video.name, frames, recogniser, network)
    if all(video.is_video for video in videos):
        for number in (1, 13, 29):
            frames = list(islice(still_frames(portraits(number)), arguments.frames))
            measure_frames(f"{number} portraits", frames, recogniser, network)


def classic(frame: np.ndarray, network, emotions) -> None:
    """What many tutorials do with a frame: the cascade is read anew, and `model.predict` is called for each face."""
    gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    for x, y, width, height in cv2.CascadeClassifier(str(CASCADE)).detectMultiScale(gray, 1.3, 5):
        face = cv2.resize(gray[y : y + height, x : x + width], (FACE_SIZE, FACE_SIZE))
        row = network.predict(face.reshape(1, FACE_SIZE, FACE_SIZE, 1).astype(np.float32), verbose=0)[0]
        cv2.rectangle(frame, (x, y), (x + width, y + height), (255, 0, 0), 2)
        cv2.putText(frame, emotions[row.argmax()], (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 0, 0), 2)


class Losses:
    """Measures for how many seconds faces stay lost that detection on every frame finds."""

    def __init__(self) -> None:
        self.longest, self._before = 0.0, 0.0
        self._open: list[tuple[Box, float]] = []

    def add(self, seconds: float, wanted: list[Box], found: list[Box]) -> None:
        """Take the boxes of the next frame, which is shown at this time."""
        lost = [box for box in wanted if not any(overlap(box, other) >= SMALLEST_OVERLAP for other in found)]
        self._open = [(box, self._last_seen(box)) for box in lost]
        self.longest = max([self.longest, *(seconds - seen for _, seen in self._open)])
        self._before = seconds

    def _last_seen(self, box: Box) -> float:
        return next((seen for other, seen in self._open if overlap(box, other) >= SMALLEST_OVERLAP), self._before)


class Steadiness:
    """Counts how often names change, with and without smoothing, when boxes are shifted a little at random."""

    def __init__(self, classifier) -> None:
        self._classifier, self._generator = classifier, np.random.default_rng(0)
        self._trackers = {smooth: Tracker(smooth) for smooth in (0.0, SMOOTH)}
        self.changes = dict.fromkeys(self._trackers, 0)
        self._names: dict[tuple[float, int], int] = {}

    def add(self, gray: np.ndarray, boxes: list[Box], seconds: float) -> None:
        """Take a gray frame, the boxes of its faces, and its time."""
        boxes = [self._shift(box, gray.shape) for box in boxes]
        rows = self._classifier.probabilities([crop_face(gray, box) for box in boxes])
        for smooth, tracker in self._trackers.items():
            for track in tracker.update(list(map(Detection, boxes)), rows, seconds):
                before = self._names.get((smooth, track.number), track.winner)
                self.changes[smooth] += track.winner != before
                self._names[smooth, track.number] = track.winner

    def _shift(self, box: Box, shape: tuple[int, ...]) -> Box:
        x, y, width, height = box
        by = np.rint(self._generator.normal(0, SHIFT * width, 2)).astype(int)
        left, top = np.clip((x + by[0], y + by[1]), 0, (shape[1] - width, shape[0] - height))
        return int(left), int(top), width, height


def measure_frames(name: str, frames: Iterable, recogniser: EmotionRecogniser, network) -> None:
    """Print how long each side takes per frame; they take turns, some frames each."""
    seconds: dict[str, list[float]] = {}
    numbers: list[int] = []
    losses, steadiness = Losses(), Steadiness(recogniser.classifier)
    detector, cascade = recogniser.detector, cv2.CascadeClassifier(str(CASCADE))
    follower, frames = recogniser.follow(), iter(frames)

    def whole(frame, at):
        faces = follower.read(frame, at)
        draw_faces(frame, faces)
        return faces

    def timed(side, work, *columns):
        return [measure(seconds.setdefault(side, []), work, *row) for row in zip(*columns, strict=True)]

    while block := list(islice(frames, BLOCK)):
        pictures, times = zip(*block, strict=True)
        grays = [to_gray(picture) for picture in pictures]
        timed(CLASSIC, lambda picture: classic(picture.copy(), network, recogniser.emotions), pictures)
        read = timed(WHOLE, whole, pictures, times)
        timed("full-frame detection alone, scale 1.3", lambda gray: cascade.detectMultiScale(gray, 1.3, 5), grays)
        found = timed(DETECTION, detector.detect, grays)
        boxes = [[face.box for face in faces] for faces in read]
        timed("classification alone", recogniser.classify, grays, boxes, [1] * len(grays))
        timed("drawing alone", draw_faces, pictures, read)
        for gray, every, some, at in zip(grays, found, boxes, times, strict=True):
            smallest = smallest_width(None, gray.shape, least=FACE_SIZE)
            losses.add(at, [face.box for face in every if face.box[2] >= smallest], some)
            steadiness.add(gray, some, at)
            numbers.append(len(some))
    report(name, seconds, numbers, losses, steadiness)


def report(name: str, seconds: dict[str, list[float]], numbers: list[int], losses, steadiness) -> None:
    """Print the table of a source of which the frames held so many faces."""
    print(f"\n{name}: {len(numbers)} frames, {np.mean(numbers):.1f} faces in each")
    print(f"{'':40}{'frames/s':>10}{'median ms':>11}{'95 % ms':>10}")
    rates = {}
    for side, values in seconds.items():
        # The first frame compiles the network; where it is the only one, it counts.
        values = values[1:] or values
        rates[side] = 1 / np.mean(values)
        slowest = np.percentile(values, 95)
        print(f"{side:40}{rates[side]:10.1f}{1000 * np.median(values):11.2f}{1000 * slowest:10.2f}")
    times = rates[WHOLE] / rates[CLASSIC]
    print(f"The whole loop is {times:.1f} times as fast as the classic one (at least 10 is wanted for one face)")
    times = rates[WHOLE] / rates[DETECTION]
    print(f"and {times:.1f} times as fast as full-frame detection alone (more than 1 is wanted).")
    longest = f"{losses.longest:.2f} s (0.5 s is allowed)"
    print(f"Longest time for which it loses a face that full-frame detection finds: {longest}")
    without, with_it = steadiness.changes.values()
    print(f"Boxes shifted at random: names change {without} times without smoothing, {with_it} times with it")


if __name__ == "__main__":
    program.run(main)
