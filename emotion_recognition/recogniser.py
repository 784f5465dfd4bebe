"""A picture, or the frames of a video -> the faces in it, and the emotion of each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_recognition.faces.boxes import Box, Detection, find_or_whole, refuse_small, whole_box
from emotion_recognition.faces.detectors import Detector, FindBoxes, as_detector, finder_of
from emotion_recognition.faces.tracking import Tracker
from emotion_recognition.faces.views import DEFAULT_VIEWS, VIEWS, crop_views
from emotion_recognition.images import read_picture, to_gray
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.places import shipped

MODEL = shipped("model.h5")

WHOLE = ("never", "auto", "always")
# Seconds over which the probabilities of a face in a video are averaged: enough against flicker, and hardly seen.
SMOOTH = 0.3

# Where the first emotion leads the second by less, it is right for 39 % of PublicTest's faces, which are one in six
# (benchmarks/views.py).
CLEAR_LEAD = 0.15

Picture = str | Path | np.ndarray


@dataclass(frozen=True)
class Face:
    """A face in a picture, or in a frame of a video.

    `box` is (x, y, width, height) in pixels. `probabilities` has each emotion by its name, in a video smoothed over
    time. `emotion` is the one to show: of a video, the one that has led clearly of late. `score` is how sure the
    detector was, where it says so; `track` numbers the faces of a video, from 1. `unclear` is the second emotion where
    it is too close to the first to choose between them, else None.
    """

    box: Box
    probabilities: dict[str, float]
    emotion: str
    score: float | None = None
    track: int | None = None
    unclear: str | None = None


class EmotionRecogniser:
    """Finds faces and reads their emotions. Loading takes a while: make one, and use it for all pictures.

    `model` is a model file, or a classifier that is loaded already; `emotions` and `pixel_range` tell of a file of
    another project what `models.model_file.load` cannot know. `detector` finds the faces: haar or yunet, a file of
    either, what `faces.detectors.open_detector` returns, or a function: it is given an array as `read` takes it, and
    returns boxes (x, y, width, height). Detectors opened here look for faces `min_face` pixels wide or more.
    `whole` says when a picture is itself taken as one face: never, auto (where no face is found), or always. A face in
    a picture is read in 1, 2, 4 or 8 `views`, mirrored and with its box shifted, and their mean is taken; in a video
    in one. `errors.UserError` says in a sentence what is wrong with a file; ValueError is for other `whole` or `views`.
    """

    def __init__(
        self,
        model: str | Path | EmotionClassifier = MODEL,
        detector: Detector | FindBoxes | str | Path = "haar",
        *,
        min_face: int | None = None,
        whole: str = "never",
        views: int = DEFAULT_VIEWS,
        emotions: str | None = None,
        pixel_range: str | None = None,
    ) -> None:
        if views not in VIEWS:
            raise ValueError(f"`views` is 1, 2, 4 or 8, not {views!r}.")
        self.whole, self.views = check_whole(whole), views
        self.detector = as_detector(detector, min_face)
        if isinstance(model, str | Path):
            model = EmotionClassifier(model, emotions, pixel_range)
        self.classifier = model
        self.emotions = tuple(self.classifier.emotions)

    def read(self, picture: Picture, whole: str | None = None) -> list[Face]:
        """Return the faces in a picture from left to right; often none.

        `picture` is a file's path, or uint8: gray (height, width), or blue-green-red (height, width, 3). `whole` may
        differ from that of all pictures. TypeError and ValueError name what is no such picture, UserError a crop of
        fewer than 20 pixels in width or height.
        """
        pixels = check_picture(picture)
        found = find_or_whole(self.detector.detect, pixels, check_whole(whole or self.whole))
        rows = self.classify(to_gray(pixels), [each.box for each in found], self.views)
        return [self._face(each, row, int(row.argmax())) for each, row in zip(found, rows, strict=True)]

    def follow(self, smooth: float = SMOOTH) -> "FaceFollower":
        """Return what reads the frames of one video; `smooth` is the time in seconds to average over, 0 for none."""
        return FaceFollower(self, smooth)

    def classify(self, gray: np.ndarray, boxes: list[Box], views: int) -> np.ndarray:
        """Return the probabilities, float32 (n, emotions), of the faces in boxes of a gray picture."""
        refuse_small(boxes)
        crops = [crop for box in boxes for crop in crop_views(gray, box, views)]
        return self.classifier.probabilities(crops).reshape(len(boxes), views, len(self.emotions)).mean(axis=1)

    def _face(self, found: Detection, row: np.ndarray, winner: int, track: int | None = None) -> Face:
        probabilities = dict(zip(self.emotions, row.tolist(), strict=True))
        emotion = self.emotions[winner]
        return Face(found.box, probabilities, emotion, found.score, track, too_close(probabilities, emotion))


class FaceFollower:
    """Reads the frames of one video: knows its faces again, and keeps their emotions steady."""

    def __init__(self, recogniser: EmotionRecogniser, smooth: float) -> None:
        self._recogniser = recogniser
        self._find, self._tracker = finder_of(recogniser.detector), Tracker(smooth)

    def read(self, frame: np.ndarray, seconds: float) -> list[Face]:
        """Return the faces in the next frame, an array as `EmotionRecogniser.read` takes it, at this time."""
        recogniser, pixels = self._recogniser, check_picture(frame)
        # A whole frame that was read as one face is nothing to look near to.
        known = [box for box in self._tracker.expected(seconds) if box != whole_box(pixels)]
        found = find_or_whole(lambda pixels: self._find(pixels, seconds, known), pixels, recogniser.whole)
        rows = recogniser.classify(to_gray(pixels), [each.box for each in found], views=1)
        tracks = self._tracker.update(found, rows, seconds)
        return [recogniser._face(track.face, track.probabilities, track.winner, track.number) for track in tracks]


def too_close(probabilities: dict[str, float], emotion: str) -> str | None:
    """Return the most probable of the other emotions where `emotion` leads it by less than `CLEAR_LEAD`, else None."""
    others = {name: probability for name, probability in probabilities.items() if name != emotion}
    second = max(others, key=others.__getitem__)
    return second if probabilities[emotion] - others[second] < CLEAR_LEAD else None


def check_picture(picture: Picture) -> np.ndarray:
    """Return the pixels of a path or an array, uint8: gray (height, width), or blue-green-red (height, width, 3).

    TypeError and ValueError for what is no such array, UserError for a file that cannot be read.
    """
    if isinstance(picture, str | Path):
        return read_picture(picture)
    if not isinstance(picture, np.ndarray):
        hint = " (cv2.imread gives None for a file that it cannot read: give the path)" if picture is None else ""
        raise TypeError(f"A picture is a path or a NumPy array, not {type(picture).__name__}{hint}.")
    if picture.dtype != np.uint8:
        way_out = "bring it to that range, then convert it with .astype('uint8')"
        raise TypeError(f"A picture's array is uint8, 0 to 255, not {picture.dtype}: {way_out}.")
    if picture.size == 0 or picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (1,), (3,)):
        raise ValueError(
            f"A picture's array is gray (height, width) or blue-green-red (height, width, 3), not {picture.shape}."
        )
    return picture if picture.shape[2:] == (3,) else picture.reshape(picture.shape[:2])


def check_whole(whole: str) -> str:
    """Return when a whole picture is taken as one face; ValueError for another word than those of `WHOLE`."""
    if whole not in WHOLE:
        raise ValueError(f"`whole` is {', '.join(WHOLE[:-1])} or {WHOLE[-1]}, not {whole!r}.")
    return whole
