"""The emotions: their names, order, spellings and colours, each stated once."""

# The alphabetical order is that of the class folders, and so the order of every network's outputs.
EMOTIONS = ("angry", "contempt", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")

# FER-2013 writes an emotion as its place in this list, 0 to 6.
FER2013_CODES = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")

OTHER_SPELLINGS = {
    "anger": "angry",
    "contemptuous": "contempt",
    "disgust": "disgusted",
    "fear": "fearful",
    "afraid": "fearful",
    "scared": "fearful",
    "happiness": "happy",
    "joy": "happy",
    "neutrality": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}

# Blue, green, red, as OpenCV draws.
COLOURS = {
    "angry": (60, 60, 230),
    "contempt": (180, 130, 70),
    "disgusted": (80, 175, 75),
    "fearful": (200, 80, 150),
    "happy": (40, 190, 250),
    "neutral": (190, 190, 190),
    "sad": (220, 130, 40),
    "surprised": (60, 140, 255),
}


def canonical(spelling: str) -> str:
    """Return the name in `EMOTIONS` for any spelling, such as Anger, angry or ANGRY; ValueError if there is none."""
    word = spelling.strip().lower()
    name = OTHER_SPELLINGS.get(word, word)
    if name not in EMOTIONS:
        raise ValueError(f"{spelling!r} is not an emotion this project knows ({', '.join(EMOTIONS)})")
    return name
