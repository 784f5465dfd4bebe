"""JAFFE (Lyons et al., 1998), whose pictures say in their names whom and what they show -> samples."""

import re
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.datasets.folders import list_pictures
from emotion_recognition.datasets.picture_sets import Listed, PersonSet

# KA.AN1.39.tiff is person KA, angry, her first such pose, picture 39.
NAME = re.compile(r"([A-Z]{2})\.(AN|DI|FE|HA|NE|SA|SU)\d\.\d+\.tiff?", re.IGNORECASE)
WORDS = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
CODES = {word[:2].upper(): word for word in WORDS}


@dataclass
class Jaffe(PersonSet):
    """JAFFE: one folder of pictures of ten persons."""

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path holds this data set."""
        return source.is_dir() and any(NAME.fullmatch(path.name) for path in list_pictures(source))

    def list_pictures(self) -> list[Listed]:
        """Return all pictures of the folder."""
        found = [(path, NAME.fullmatch(path.name)) for path in list_pictures(self.source)]
        return [
            Listed(path, CODES[match[2].upper()], match[1].upper()) if match else Listed(path, None)
            for path, match in found
        ]
