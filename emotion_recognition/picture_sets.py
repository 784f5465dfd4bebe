"""Data sets that are released as picture files -> samples: CK+, JAFFE, FERG-DB, and a person's own photos.

A data set is listed first (`Listed`: file, emotion, person), then split, and read picture by picture as it is iterated.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_recognition import splits
from emotion_recognition.errors import UserError
from emotion_recognition.faces import FaceDetector, crop_face
from emotion_recognition.folders import find_classes, list_pictures
from emotion_recognition.labels import canonical
from emotion_recognition.pictures import read_picture, to_face, to_gray
from emotion_recognition.samples import Rejected, Sample

CK_CODES = ("neutral", "angry", "contempt", "disgusted", "fearful", "happy", "sad", "surprised")
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
    """A picture file that a data set names, the emotion it is labelled with, and the person (or character) it shows."""

    path: Path
    emotion: str
    person: str


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
        try:
            emotion = CK_CODES[int(float(label.read_text()))]
        except (ValueError, IndexError) as error:
            raise UserError(f"{label} holds no code from 1 to 7: copy CK+ again.") from error
        frames = list_pictures(Path(folder) / "cohn-kanade-images" / person / sequence)
        listed += [Listed(path, emotion, person) for path in frames[-3:]]
        if with_neutral:
            listed += [Listed(path, "neutral", person) for path in frames[:-3][:1]]
    return listed


def list_ckplus48(folder) -> list[Listed]:
    """List CK+ in the form in which it circulates as faces of 48x48: `anger/S010_004_00000017.png`, and so on."""
    found = [(each, CK_PICTURE.fullmatch(each.path.name)) for each in list_classes(folder)]
    return [Listed(each.path, each.emotion, match[1]) for each, match in found if match]


def list_jaffe(folder) -> list[Listed]:
    """List JAFFE (Lyons et al., 1998): `KA.AN1.39.tiff` is person KA, angry, her first such pose, picture 39."""
    found = [(path, JAFFE_PICTURE.fullmatch(path.name)) for path in list_pictures(Path(folder))]
    return [Listed(path, JAFFE_CODES[match[2].upper()], match[1].upper()) for path, match in found if match]


def list_ferg(folder) -> list[Listed]:
    """List FERG-DB (Aneja et al., 2016): drawn characters in colour, `aia/aia_anger/aia_anger_1.png`, and so on."""
    listed = []
    for group in find_ferg_groups(folder):
        emotion = canonical(group.name.removeprefix(f"{group.parent.name}_"))
        listed += [Listed(path, emotion, group.parent.name) for path in list_pictures(group)]
    return listed


def find_ferg_groups(folder) -> list[Path]:
    """Return the folders <character>/<character>_<emotion> in FERG-DB."""
    groups = (group for group in sorted(Path(folder).glob("*/*_*")) if group.is_dir())
    return [group for group in groups if group.name.startswith(f"{group.parent.name}_")]


def list_classes(folder) -> list[Listed]:
    """List a folder with one folder of pictures per emotion, in any spelling; every picture is a person of its own."""
    classes = find_classes(Path(folder))
    return [Listed(path, emotion, str(path)) for emotion in classes for path in list_pictures(classes[emotion])]


@dataclass(frozen=True)
class Form:
    """A data set of picture files: how it is listed, and whether faces are searched in its pictures.

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


def recognise(folder) -> str:
    """Return which of `FORMS` a folder has; UserError where it is none."""
    folder = Path(folder)
    if (folder / "cohn-kanade-images").is_dir() and (folder / "Emotion").is_dir():
        return "ckplus"
    if any(JAFFE_PICTURE.fullmatch(path.name) for path in list_pictures(folder)):
        return "jaffe"
    if find_ferg_groups(folder):
        return "ferg"
    is_ck = [bool(CK_PICTURE.fullmatch(each.path.name)) for each in list_classes(folder)]
    return "ckplus48" if all(is_ck) else "photos"


class PictureSet:
    """Reads a data set of picture files; iterating gives a `Sample` or a `Rejected` for each of them.

    `split` gives the split of each file, or one word for all of them (`test`: to judge a model trained elsewhere).
    """

    unit = "pictures"

    def __init__(self, listed, split, faces, detector=None):
        self._files = list(zip(listed, [split] * len(listed) if isinstance(split, str) else split, strict=True))
        self._faces, self._detector = faces, detector

    def __iter__(self):
        for listed, split in self._files:
            try:
                gray = to_gray(read_picture(listed.path))
            except UserError as error:
                yield Rejected(str(listed.path), str(error))
                continue
            face = self._find_face(gray)
            if isinstance(face, str):
                yield Rejected(str(listed.path), face)
            else:
                yield Sample(face, listed.emotion, split, f"{listed.path.name.replace('.', '_')}.png")

    def _find_face(self, gray) -> np.ndarray | str:
        """Return the face in a picture, uint8 (48, 48), or why there is none."""
        if self._faces == "whole":
            return to_face(gray)
        boxes = self._detector.detect(gray)
        if not boxes:
            return "no face found"
        if self._faces == "only" and len(boxes) > 1:
            return f"{len(boxes)} faces found instead of one"
        return crop_face(gray, max(boxes, key=lambda box: box[2]))


def open_folder(folder, kind=None, *, with_neutral=False, seed=0, folds=10, fold=1, split_by="person", whole="never"):
    """Return (reader, kind) for a data set in a folder, recognised where `kind` is None.

    `split_by`: person; picture (consecutive frames of one person fall into different splits, as in many papers); test
    (everything is for testing). `whole`: always takes every picture as one face.
    """
    if not Path(folder).is_dir():
        raise UserError(f"{folder} is no folder: name the folder of the data set.")
    kind = kind or recognise(folder)
    form = FORMS[kind]
    listed = form.list(folder, with_neutral) if kind == "ckplus" else form.list(folder)
    if not listed:
        raise UserError(f"{folder} holds no pictures in the form of {kind}: see its layout in the README.")
    if split_by == "test":
        split = "test"
    elif kind == "photos":
        split = splits.by_emotion([each.emotion for each in listed], seed)
    else:
        groups = [each.person if split_by == "person" else str(each.path) for each in listed]
        chosen = splits.by_group(groups, seed, folds, fold)
        split = [chosen[group] for group in groups]
    faces = "whole" if whole == "always" else form.faces
    return PictureSet(listed, split, faces, None if faces == "whole" else FaceDetector()), kind
