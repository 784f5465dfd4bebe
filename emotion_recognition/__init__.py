"""Emotions on faces. These names are for other people's programs; what the scripts share lies in the rooms beside.

from emotion_recognition import EmotionRecogniser

recogniser = EmotionRecogniser()
for face in recogniser.read("photo.jpg"):
    print(face.box, face.emotion, face.probabilities)
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

if TYPE_CHECKING:
    from emotion_recognition.errors import UserError
    from emotion_recognition.images import read_picture
    from emotion_recognition.recogniser import EmotionRecogniser, Face
    from emotion_recognition.video.overlay import draw_faces

__all__ = ["EmotionRecogniser", "Face", "UserError", "draw_faces", "read_picture"]

_HOMES = {
    "EmotionRecogniser": "recogniser",
    "Face": "recogniser",
    "UserError": "errors",
    "draw_faces": "video.overlay",
    "read_picture": "images",
}


def __getattr__(name: str) -> Any:
    # Imported at first use: `import emotion_recognition` starts neither OpenCV nor Keras.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
