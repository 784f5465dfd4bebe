"""Data sets that are released as picture files: which files they are, and what path and name say of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition.datasets.folders import find_classes, list_pictures
from emotion_recognition.errors import UserError
from emotion_recognition.images import SUFFIXES
from emotion_recognition.labels import canonical

CK_CODES = {1: "angry", 2: "contempt", 3: "disgusted", 4: "fearful", 5: "happy", 6: "sad", 7: "surprised"}
CK_PICTURE = re.compile(r"(S\d{3})_\d{3}_\d{8}\.png")
JAFFE_PICTURE = re.compile(r"([A-Z]{2})\.(AN|DI|FE|HA|NE|SA|SU)\d\.\d+\.tiff?", re.IGNORECASE)
JAFFE_CODES = {
    "AN": "angry",
    "DI": "disgusted",
    "FE": "fearful",
    "HA": "happy",
    "NE": "neutral",
    "SA": "sad",
    "SU": "surprised",
}


@dataclass(frozen=True)
class Listed:
    """A picture file of a data set, its emotion, and the person (or character) it shows: None where nothing says so."""

    path: Path
    emotion: str | None
    person: str | None


def list_ckplus(folder, with_neutral=False) -> list[Listed]:
    """List CK+ (Lucey et al., 2010) in its original form.

    `cohn-kanade-images/S005/001/S005_001_00000001.png` and so on are the frames of a sequence, from a neutral face to
    the peak of an emotion; `Emotion/S005/001/S005_001_00000011_emotion.txt` holds its code, where there is one
    (1 angry, 2 contempt, 3 disgusted, 4 fearful, 5 happy, 6 sad, 7 surprised). The last three frames bear the emotion;
    the first is neutral.
    """
    listed = []
    for label in sorted((Path(folder) / "Emotion").glob("S*/*/*_emotion.txt")):
        person, sequence = label.parts[-3:-1]
        emotion = read_ckplus_code(label)
        place = Path(folder) / "cohn-kanade-images" / person / sequence
        if not place.is_dir():
            raise UserError(f"{place} is not there, but {label.name} names its emotion: copy CK+ again.")
        frames = list_pictures(place)
        listed += [Listed(path, emotion, person) for path in frames[-3:]]
        if with_neutral:
            listed += [Listed(path, "neutral", person) for path in frames[:-3][:1]]
    return listed


def read_ckplus_code(path) -> str:
    """Return the emotion in a file of CK+ such as `   3.0000000e+00`."""
    try:
        return CK_CODES[float(path.read_text(encoding="utf-8"))]
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} holds no code from 1 to 7: copy CK+ again.") from error


def list_ckplus48(folder) -> list[Listed]:
    """List CK+ in the form in which it circulates as faces of 48x48: `anger/S010_004_00000017.png`, and so on."""
    found = [(each, CK_PICTURE.fullmatch(each.path.name)) for each in list_classes(folder)]
    return [Listed(each.path, match and each.emotion, match and match[1]) for each, match in found]


def list_jaffe(folder) -> list[Listed]:
    """List JAFFE (Lyons et al., 1998): `KA.AN1.39.tiff` is person KA, angry, her first such pose, picture 39."""
    found = [(path, JAFFE_PICTURE.fullmatch(path.name)) for path in list_pictures(Path(folder))]
    return [Listed(path, match and JAFFE_CODES[match[2].upper()], match and match[1].upper()) for path, match in found]


def list_ferg(folder) -> list[Listed]:
    """List FERG-DB (Aneja et al., 2016): drawn characters in colour, `aia/aia_anger/aia_anger_1.png`, and so on."""
    groups = find_ferg_groups(folder)
    return [Listed(path, groups[group], group.parent.name) for group in groups for path in list_pictures(group)]


def find_ferg_groups(folder) -> dict[Path, str]:
    """Return the emotion of each folder <character>/<character>_<emotion>."""
    groups = {}
    for group in sorted(Path(folder).glob("*/*_*/")):
        character, _, word = group.name.rpartition("_")
        if character == group.parent.name and is_emotion(word):
            groups[group] = canonical(word)
    return groups


def is_emotion(word) -> bool:
    """Return whether a word is the spelling of an emotion."""
    try:
        return bool(canonical(word))
    except ValueError:
        return False


def list_classes(folder) -> list[Listed]:
    """List a folder with one folder per emotion, in any spelling, and every file in it that is not hidden."""
    classes = find_classes(Path(folder))
    files = [(path, emotion) for emotion in classes for path in sorted(classes[emotion].iterdir()) if path.is_file()]
    return [Listed(path, emotion, None) for path, emotion in files if not path.name.startswith(".")]


@dataclass(frozen=True)
class Form:
    """A data set of picture files: how it is listed, and which faces are cut out of its pictures.

    `largest`: the largest face, of several; `only`: pictures with several are left out; `whole`: pictures are faces.
    """

    list: Callable
    faces: str


FORMS = {
    "ckplus": Form(list_ckplus, "largest"),
    "ckplus48": Form(list_ckplus48, "whole"),
    "jaffe": Form(list_jaffe, "largest"),
    "ferg": Form(list_ferg, "whole"),
    "photos": Form(list_classes, "only"),
}


def recognise(source) -> str:
    """Return which data set a path holds: one of `FORMS` for a folder, else `emoji` for a font, `fer2013` for a table.

    UserError where a folder is none of them.
    """
    source = Path(source)
    if not source.is_dir():
        return "emoji" if source.suffix.lower() == ".ttf" else "fer2013"
    if tables := [source / name for name in ("fer2013.csv", "icml_face_data.csv") if (source / name).is_file()]:
        raise UserError(f"{source} is a folder: name the table in it, {tables[0]}, or what it is with --dataset.")
    if (source / "cohn-kanade-images").is_dir() and (source / "Emotion").is_dir():
        return "ckplus"
    if any(each.emotion for each in list_jaffe(source)):
        return "jaffe"
    if find_ferg_groups(source):
        return "ferg"
    pictures = [each for each in list_ckplus48(source) if each.path.suffix.lower() in SUFFIXES]
    return "ckplus48" if all(each.emotion for each in pictures) else "photos"
