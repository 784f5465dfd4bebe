"""CK+ (Lucey et al., 2010), as its authors release it and as it circulates in faces of 48x48 -> samples."""

import re
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.datasets.folders import list_pictures
from emotion_recognition.datasets.photos import list_classes
from emotion_recognition.datasets.picture_sets import Listed, PersonSet
from emotion_recognition.errors import UserError
from emotion_recognition.images import readable_suffixes

CODES = {1: "angry", 2: "contempt", 3: "disgusted", 4: "fearful", 5: "happy", 6: "sad", 7: "surprised"}
FACE_NAME = re.compile(r"(S\d{3})_\d{3}_\d{8}\.png")


@dataclass
class CkPlus(PersonSet):
    """CK+ in its original form.

    `cohn-kanade-images/S005/001/S005_001_00000001.png` and so on are the frames of a sequence, from a neutral face to
    the peak of an emotion; `Emotion/S005/001/S005_001_00000011_emotion.txt` holds its code, where there is one. The
    last three frames bear the emotion; with `neutral`, the first is a sample too.
    """

    neutral: bool = False

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path holds this data set."""
        return (source / "cohn-kanade-images").is_dir() and (source / "Emotion").is_dir()

    def list_pictures(self) -> list[Listed]:
        """Return the frames of all sequences that have a code."""
        listed = []
        # A Mac puts a hidden file beside each that it copies to a foreign disk.
        for label in sorted((self.source / "Emotion").glob("S*/*/[!.]*_emotion.txt")):
            person, sequence = label.parts[-3:-1]
            emotion = read_code(label)
            place = self.source / "cohn-kanade-images" / person / sequence
            if not place.is_dir():
                raise UserError(f"{place} is not there, but {label.name} names its emotion: copy CK+ again.")
            frames = list_pictures(place)
            listed += [Listed(path, emotion, person) for path in frames[-3:]]
            if self.neutral:
                listed += [Listed(path, "neutral", person) for path in frames[:-3][:1]]
        return listed


def read_code(path: Path) -> str:
    """Return the emotion in a file of CK+ such as `   3.0000000e+00`; UserError where it holds no code."""
    try:
        return CODES[float(path.read_text(encoding="utf-8"))]  # type: ignore[index]
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} holds no code from 1 to 7: copy CK+ again.") from error


@dataclass
class CkPlus48(PersonSet):
    """CK+ in the form in which it circulates as faces of 48x48: `anger/S010_004_00000017.png`, and so on."""

    whole: str = "always"

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path holds this data set, and no picture of another one."""
        pictures = [each.path for each in list_classes(source) if each.path.suffix.lower() in readable_suffixes()]
        return all(FACE_NAME.fullmatch(path.name) for path in pictures)

    def list_pictures(self) -> list[Listed]:
        """Return the files in the folders of the emotions."""
        found = [(each, FACE_NAME.fullmatch(each.path.name)) for each in list_classes(self.source)]
        return [Listed(each.path, each.emotion if match else None, match and match[1]) for each, match in found]
