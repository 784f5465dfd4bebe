"""What was read, in words: a line for each face of a picture, and one that sums up a video."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from emotion_recognition.errors import as_line
from emotion_recognition.faces.boxes import SMALLEST_CROP
from emotion_recognition.faces.orientation import find_turn
from emotion_recognition.recogniser import EmotionRecogniser, Face
from emotion_recognition.studies.summary import SourceSummary, TrackSummary
from emotion_recognition.video.camera import list_cameras

# The last line of a run's text.
HOW_TO_READ = (
    "How to read it: the word that people would choose for such a picture, not what somebody feels; of faces read with"
    " 70%, about 70 in 100 are labelled so. `unclear`: the first two are too close to choose."
)


def describe(probabilities: dict[str, float]) -> str:
    """Return emotions and probabilities in words, the most probable first."""
    ordered = sorted(probabilities.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{emotion} {probability:.0%}" for emotion, probability in ordered)


def describe_emotions(face: Face) -> str:
    """Return what is read of a face in words; where two emotions are too close to choose, that and both of them."""
    told = describe(face.probabilities)
    return f"unclear: {face.emotion} or {face.unclear} ({told})" if face.unclear else told


def describe_faces(name: str, faces: list[Face]) -> str:
    """Return a line for each face of a picture, or of a camera at this moment, or that there is none."""
    lines = ["face at ({}, {}), {}x{}: ".format(*face.box) + describe_emotions(face) for face in faces]
    return "\n".join(f"{as_line(name)}: {line}" for line in lines or ["no face found"])


def describe_picture(name: str, picture: np.ndarray, faces: list[Face], recogniser: EmotionRecogniser) -> str:
    """Return a line for each face of a picture, or what a person may try where there is none."""
    if faces:
        return describe_faces(name, faces)
    if turn := find_turn(recogniser.detector.detect, picture):
        hint = f"turned {turn}, the picture has one: save it so"
    elif min(picture.shape[:2]) < SMALLEST_CROP:
        hint = "it is too small for one: give a larger picture"
    else:
        hint = "--whole auto reads such a picture as one face"
    return f"{describe_faces(name, faces)}; {hint}"


def describe_cameras() -> str:
    """Return a line for each camera that gives pictures."""
    lines = [
        f"--camera {number}: {width}x{height}, {rate:.0f} frames/s" for number, width, height, rate in list_cameras()
    ]
    return "\n".join(lines) or "No camera gives pictures: connect one, and close what else uses it."


def describe_summary(summary: SourceSummary) -> str:
    """Return a line that sums up a picture or a video."""
    name, count = as_line(summary.source), summary.frames
    frames = f"{count} frame" + "s" * (count != 1)
    if not summary.frames_with_face:
        return f"{name}: no face in {frames}"
    means = describe({emotion: mean for emotion, mean in summary.means.items() if mean is not None})
    # Faces of a video are tracks: one person may have several.
    several = f"{summary.tracks} {'tracks of ' if summary.seconds else ''}faces"
    faces = "one face" if summary.tracks == 1 else several
    unclear = f"; unclear in {summary.share_unclear:.0%}" if summary.share_unclear else ""
    return f"{name}: {faces}, seen in {summary.frames_with_face} of {frames}: {means}{unclear}"


@contextmanager
def told_how_to_read(summaries: dict[str, tuple[SourceSummary, list[TrackSummary]]]) -> Iterator[None]:
    """Print how to read the numbers when the block ends well, if a face is in what the sources held by then."""
    yield
    if any(summary.frames_with_face for summary, _ in summaries.values()):
        print(HOW_TO_READ)
