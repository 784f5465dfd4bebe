"""How fast maps are: all patches of a face at once beside one after the other, and maps in a video that plays."""

import argparse
import time
from contextlib import ExitStack, closing
from statistics import median

import numpy as np

from emotion_recognition.explanation import occlusion
from emotion_recognition.explanation.heat import HeatMaps
from emotion_recognition.faces.haar import FaceDetector, crop_face
from emotion_recognition.images import to_gray
from emotion_recognition.live_benchmark import SMOOTH, Undisplayed, measure, portraits
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.recogniser import Recogniser
from emotion_recognition.video.background import Background
from emotion_recognition.video.recorder import NoRecorder
from emotion_recognition.video.session import Session
from emotion_recognition.video.table import Records

# Times that the still picture of `portraits` is played, 20 frames each.
TURNS = 10


class Paced(Undisplayed):
    """A window that shows nothing, and takes for it the time that a frame stays on the screen."""

    def show(self, frame, milliseconds):
        """Wait; press no key."""
        time.sleep(milliseconds / 1000)
        return ""


def run(arguments):
    """Print both figures for the portrait and a model file."""
    classifier, detector = EmotionClassifier(arguments.model), FaceDetector()
    source = portraits(1)
    gray = to_gray(next(source.frames()))
    face = crop_face(gray, detector.detect(gray)[0])
    compare_maps(classifier, face, arguments.repeat)
    play(classifier, detector, source)


def compare_maps(classifier, face, repeat):
    """Compare the occlusion map of a face with the same map made by `model.predict` for one patch after the other."""

    def predict_one_by_one(faces):
        rows = [classifier.network.predict(each[np.newaxis, ..., np.newaxis] * 1.0, verbose=0)[0] for each in faces]
        return np.array(rows)

    sides = {classifier.probabilities: [], predict_one_by_one: []}
    chosen = classifier.probabilities([face]).argmax(axis=1)
    # Both sides compile at their first calls.
    for classify in sides:
        classify(face[np.newaxis].repeat(2, axis=0))
    for _ in range(repeat):
        maps = [measure(times, occlusion.occlusion_maps, side, [face], chosen) for side, times in sides.items()]
    np.testing.assert_allclose(*maps, atol=1e-4)
    batched, one_by_one = (median(times) for times in sides.values())
    print(f"Occlusion map of a face, {len(occlusion.make_patches())} patches at once: {batched:.3f} s")
    print(f"The same with model.predict, patch by patch: {one_by_one:.3f} s")
    print(f"At once it is {one_by_one / batched:.1f} times as fast (at least 20 is wanted)")


def play(classifier, detector, source):
    """Play one face as a video of 25 frames a second, with heat maps, and count frames and maps."""
    nothing = argparse.Namespace(csv=None, jsonl=None, timeline=None)
    with ExitStack() as stack:
        heat = stack.enter_context(closing(HeatMaps(classifier.probabilities, is_on=True)))
        writer = stack.enter_context(closing(Background()))
        recogniser, records = Recogniser(detector, classifier), Records(nothing, [], ())
        session = Session(recogniser, Paced(), NoRecorder(), records, writer, SMOOTH, heat)
        # The first turn starts the thread.
        list(session.steps(source))
        started, before = time.perf_counter(), heat.count
        frames = sum(len(list(session.steps(source))) for _ in range(TURNS))
        seconds = time.perf_counter() - started
    print(
        f"A video of {source.frame_rate:.0f} frames/s with one face and --heat: {frames / seconds:.1f} frames/s shown"
    )
    print(f"and {(heat.count - before) / seconds:.1f} maps/s (at least 15 and 3 are wanted)")
