"""The emotions: their names, order, spellings and colours, and all other colours of pictures, each stated once."""

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

# Blue, green, red, as OpenCV draws. People who see no red, no green or no blue tell them apart too, and dark text can
# be read on each of them: tests/test_labels.py measures both.
COLOURS = {
    "angry": (58, 74, 241),
    "contempt": (126, 172, 214),
    "disgusted": (135, 255, 190),
    "fearful": (236, 119, 124),
    "happy": (85, 255, 255),
    "neutral": (174, 183, 182),
    "sad": (239, 178, 117),
    "surprised": (30, 152, 251),
}
# Of maps: what speaks for an emotion, and against it. No emotion looks like them.
FOR, AGAINST = (175, 69, 228), (255, 255, 94)
# Of text.
DARK, LIGHT = (30, 30, 30), (240, 240, 240)


def hex_colour(emotion: str) -> str:
    """Return an emotion's colour as pages and figures take it, such as #f14a3a."""
    return "#{2:02x}{1:02x}{0:02x}".format(*COLOURS[emotion])


def canonical(spelling: str) -> str:
    """Return the name in `EMOTIONS` for any spelling, such as Anger, angry or ANGRY; ValueError if there is none."""
    word = spelling.strip().lower()
    name = OTHER_SPELLINGS.get(word, word)
    if name not in EMOTIONS:
        raise ValueError(f"{spelling!r} is not an emotion this project knows ({', '.join(EMOTIONS)})")
    return name
