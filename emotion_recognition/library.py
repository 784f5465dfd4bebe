"""For other people's programs: one class that reads the emotions of all faces in a picture, and what it returns."""

from dataclasses import dataclass

import numpy as np

from emotion_recognition.cli.program import PROJECT
from emotion_recognition.faces.haar import FaceDetector, crop_face, find_or_whole
from emotion_recognition.images import to_gray
from emotion_recognition.video import overlay


@dataclass(frozen=True)
class Face:
    """A face: its box (x, y, width, height), int, in pixels; and the probability of each emotion, by its name."""

    box: tuple[int, int, int, int]
    probabilities: dict[str, float]

    @property
    def emotion(self) -> str:
        """The most probable emotion."""
        return max(self.probabilities, key=self.probabilities.get)


class EmotionRecogniser:
    """Finds faces and reads their emotions. Loading takes seconds: make one, and use it for all pictures.

    `model` is a model file (by default the one of this project); `emotions` and `pixel_range` are for models of other
    projects, as the flags of test.py. `errors.UserError` says in a sentence what is wrong with a file.
    """

    def __init__(self, model=PROJECT / "model.h5", emotions=None, pixel_range=None):
        # Imported here, so that reading and drawing alone start no Keras.
        from emotion_recognition.models.classifier import EmotionClassifier

        self._detector = FaceDetector()
        self._classifier = EmotionClassifier(model, emotions, pixel_range)

    def read(self, picture: np.ndarray, whole: bool = False) -> list[Face]:
        """Return the faces in a picture, uint8 (height, width, 3), blue-green-red, from left to right; often none.

        With `whole` the picture is one face: a crop, a sticker, a drawing.
        """
        gray = to_gray(picture)
        boxes = find_or_whole(self._detector.detect, gray, "always" if whole else "never")
        rows = self._classifier.probabilities([crop_face(gray, box) for box in boxes])
        emotions = self._classifier.emotions
        return [Face(box, dict(zip(emotions, row.tolist(), strict=True))) for box, row in zip(boxes, rows, strict=True)]


def draw_faces(picture: np.ndarray, faces: list[Face]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), on which every face has its box, emotion and bars.

    A picture below 240x160 pixels is enlarged by a whole number, so that names can be read: boxes no longer fit it.
    """
    emotions = list(faces[0].probabilities) if faces else []
    rows = np.array([list(face.probabilities.values()) for face in faces])
    return overlay.draw_faces(picture, [face.box for face in faces], rows, emotions)
