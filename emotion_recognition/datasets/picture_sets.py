"""Data sets that are released as picture files -> samples: split by person, read picture by picture."""

from collections import Counter
from pathlib import Path

import numpy as np

from emotion_recognition.datasets import listings, splits
from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import crop_face, find_or_whole
from emotion_recognition.faces.haar import FaceDetector
from emotion_recognition.images import read_picture, to_gray


class PictureSet:
    """Reads a data set of picture files; iterating gives a `Sample` or a `Rejected` for each of them.

    `split(listed, number)` gives the split of a picture before which `number` faces of its emotion were found. `faces`
    is one of `listings.Form`, `whole` as in `boxes.find_or_whole`.
    """

    unit = "pictures"

    def __init__(self, listed, split, faces, whole="never"):
        self._listed, self._split, self._faces = listed, split, faces
        self._detector, self._whole = FaceDetector(), "always" if faces == "whole" else whole

    def __iter__(self):
        found = Counter()
        for listed in self._listed:
            face = self._read_face(listed)
            if isinstance(face, str):
                yield Rejected(str(listed.path), face)
                continue
            split = self._split(listed, found[listed.emotion])
            # With its suffix, since one folder may hold a.jpg and a.png.
            name = f"{listed.path.stem}_{listed.path.suffix[1:]}.png"
            yield Sample(face, listed.emotion, split, name)
            found[listed.emotion] += 1

    def _read_face(self, listed) -> np.ndarray | str:
        """Return the face in a picture, uint8 (48, 48), or why there is none."""
        if listed.emotion is None:
            return "its name does not tell the person and the emotion"
        try:
            gray = to_gray(read_picture(listed.path))
        except UserError as error:
            return str(error)
        boxes = find_or_whole(self._detector.detect, gray, self._whole)
        if not boxes:
            return "no face found"
        if self._faces == "only" and len(boxes) > 1:
            return f"{len(boxes)} faces found instead of one"
        return crop_face(gray, max(boxes, key=lambda box: box[2]))


def open_folder(folder, kind, *, with_neutral=False, seed=0, folds=10, fold=1, split_by="person", whole="never"):
    """Return (reader, how it is split, in words) for a folder that holds the data set `kind`, one of `listings.FORMS`.

    `split_by`: person; picture (consecutive frames of one person fall into different splits, as in many papers); test
    (everything is for testing). Photos, of which nobody knows whom they show, are split one by one. `whole`: always
    takes every picture as one face, auto those in which no face is found.
    """
    if not Path(folder).is_dir():
        raise UserError(f"{folder} is no folder: name the folder of the data set.")
    form = listings.FORMS[kind]
    listed = form.list(folder, with_neutral) if kind == "ckplus" else form.list(folder)
    known = [each for each in listed if each.emotion]
    if not known:
        raise UserError(f"{folder} holds no pictures in the form of {kind}: see its layout in the README.")
    if kind == "photos":
        # Before `splits.of_number` deals them.
        listed = [listed[index] for index in np.random.default_rng(seed).permutation(len(listed))]
    split, words = choose_split(kind, known, split_by, seed, folds, fold)
    return PictureSet(listed, split, form.faces, whole), words


def choose_split(kind, listed, split_by, seed, folds, fold):
    """Return (the function that a `PictureSet` asks for the split of a picture, the same in words)."""
    if split_by == "test":
        return lambda each, number: "test", "all for testing"
    if kind == "photos":
        return lambda each, number: splits.of_number(number), "split by picture"
    if split_by == "picture":
        chosen = splits.by_group([each.path for each in listed], seed, folds, fold)
        words = "split by picture, which flatters: persons are in several splits"
        return lambda each, number: chosen[each.path], words
    chosen = splits.by_group([each.person for each in listed], seed, folds, fold)
    numbers = Counter(chosen.values())
    words = ", ".join(f"{numbers[split]} for {split}" for split in ("train", "validation", "test"))
    return lambda each, number: chosen[each.person], f"split by person: {words}"
