"""What was read, in words: a line for each face of a picture, and one that sums up a video."""

from collections import Counter

import numpy as np

from emotion_recognition.errors import as_line
from emotion_recognition.faces.orientation import find_turn
from emotion_recognition.recogniser import EmotionRecogniser, Face, gray_picture
from emotion_recognition.video.camera import list_cameras


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


class Summary:
    """Counts the faces of a video and averages their probabilities."""

    def __init__(self, name: str) -> None:
        self.name = as_line(name)
        self.frames = self.frames_with_face = 0
        self._tracks: set[int | None] = set()
        self._sums: Counter[str] = Counter()

    def add(self, faces: list[Face]) -> None:
        """Take the faces of the next frame."""
        self.frames += 1
        self.frames_with_face += bool(faces)
        for face in faces:
            self._tracks.add(face.track)
            self._sums.update(face.probabilities)

    def __str__(self) -> str:
        frames = f"{self.frames} frame" + "s" * (self.frames != 1)
        if not self._tracks:
            return f"{self.name}: no face in {frames}"
        total = sum(self._sums.values())
        means = describe({emotion: value / total for emotion, value in self._sums.items()})
        faces = "one face" if len(self._tracks) == 1 else f"{len(self._tracks)} faces"
        return f"{self.name}: {faces}, seen in {self.frames_with_face} of {frames}: {means}"
