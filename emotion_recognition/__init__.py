"""What the scripts share, and a small library: four names are for other people's programs.

    from emotion_recognition import EmotionRecogniser, draw_faces, read_picture

    recogniser = EmotionRecogniser()
    for face in recogniser.read(read_picture("photo.jpg")):
        print(face.box, face.emotion, face.probabilities)

They are imported when they are first used, so that `import emotion_recognition` starts neither OpenCV nor Keras.
"""

import importlib

# Where each public name comes from.
_HOMES = {
    "EmotionRecogniser": "library",
    "Face": "library",
    "draw_faces": "library",
    "read_picture": "images",
}

__all__ = ["EmotionRecogniser", "Face", "draw_faces", "read_picture"]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
