"""What was read, in words: a line for each face of a picture, and one that sums up a video."""

import numpy as np

from emotion_recognition.errors import as_line
from emotion_recognition.faces.orientation import find_turn
from emotion_recognition.recogniser import EmotionRecogniser, Face, gray_picture
from emotion_recognition.video.camera import list_cameras
from emotion_recognition.video.summary import SourceSummary


def describe(probabilities: dict[str, float]) -> str:
    """Return emotions and probabilities in words, the most probable first."""
    ordered = sorted(probabilities.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{emotion} {probability:.1%}" for emotion, probability in ordered)


def describe_faces(name: str, faces: list[Face]) -> str:
    """Return a line for each face of a picture, or of a camera at this moment, or that there is none."""
    lines = ["face at ({}, {}), {}x{}: ".format(*face.box) + describe(face.probabilities) for face in faces]
    return "\n".join(f"{as_line(name)}: {line}" for line in lines or ["no face found"])


def describe_picture(name: str, picture: np.ndarray, faces: list[Face], recogniser: EmotionRecogniser) -> str:
    """Return a line for each face of a picture, or what a person may try where there is none."""
    if faces:
        return describe_faces(name, faces)
    turn = find_turn(recogniser.detector.detect, gray_picture(picture))
    fitting = f"turned {turn}, the picture has one: save it so"
    return f"{describe_faces(name, faces)}; {fitting if turn else '--whole auto reads such a picture as one face'}"


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
    faces = "one face" if summary.tracks == 1 else f"{summary.tracks} faces"
    return f"{name}: {faces}, seen in {summary.frames_with_face} of {frames}: {means}"
