"""The pictures that a training learns from and is judged by, without exact copies where they would flatter it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.datasets import folders
from emotion_recognition.datasets.drawings import DRAWN_NAME
from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.errors import UserError
from emotion_recognition.evaluation.tables import counted

# What is learned of fewer pictures of an emotion is of little use.
FEW_PICTURES = 100


def read(data: str | Path, keep_duplicates: bool = False, dry_run: bool = False) -> tuple[Pictures, Pictures]:
    """Read `data`, a folder or a packed file, for training: (train, validation), of which a dry run gets a few only.

    Where there is no validation folder, a tenth of every emotion in train is held out; drawn faces are not. It is the
    same tenth for every seed, so that a teacher has not learned from what its student is judged by. Training pictures
    of which validation, or by the list of copies test, holds an exact copy are left out, unless `keep_duplicates`.
    UserError where too little is left to learn from, or to be judged by.
    """
    train = folders.read_split(data, "train")
    if train is None:
        raise UserError(f"{data} holds no folder `train`: make one with dataset_prepare.py, or name another --data.")
    if len(train.emotions) < 2:
        raise UserError(f"{data}/train holds only the emotion {train.emotions[0]}: at least two are needed.")
    all_pictures = len(train)
    if not keep_duplicates:
        train = leave_out(train, np.isin(train.names, folders.read_copied_names(data)))
    validation = folders.read_split(data, "validation", train.emotions)
    if validation is None:
        held_out = hold_out(train)
        if not held_out.any():
            raise UserError(f"{data} holds one picture of each emotion, and none is left for validation: add more.")
        number = int(held_out.sum())
        are = "is" if number == 1 else "are"
        print(f"{data} holds no folder `validation`: {counted(number)} of train {are} held out for it.")
        train, validation = train.select(~held_out), train.select(held_out)
        all_pictures -= len(validation)
    if not keep_duplicates:
        # No list tells of copies within train, of which one is held out, nor of those in folders of one's own.
        train = leave_out(train, is_copy(train, validation))
        where = "validation" if folders.read_copies(data) is None else "validation or test"
        print(f"{counted(all_pictures - len(train), 'training picture')} left out: {where} holds exact copies.")
    if dry_run:
        train, validation = few(train), few(validation)
    print(f"{counted(len(train))} for training, {len(validation):,} for validation: {', '.join(train.emotions)}")
    return train, validation


def few(data: Pictures) -> Pictures:
    """Return some of the pictures, of every part of the data: enough to try everything out."""
    return data.select(np.linspace(0, len(data) - 1, 16).astype(int))


def leave_out(train: Pictures, chosen: npt.NDArray[np.bool_]) -> Pictures:
    """Return the training pictures without the copies that `chosen`, bool (n,), picks; UserError where none is left."""
    train = train.select(~chosen)
    if lost := [emotion for label, emotion in enumerate(train.emotions) if label not in train.labels]:
        raise UserError(f"All pictures of {lost[0]} for training are copies of others: train with --keep-duplicates.")
    return train


def is_copy(faces: Pictures, others: Pictures) -> npt.NDArray[np.bool_]:
    """Return which of the faces occur, exactly the same, among others: bool (n,)."""
    known = {picture.tobytes() for picture in others.pictures}
    return np.array([picture.tobytes() in known for picture in faces.pictures], bool)


def hold_out(train: Pictures, share: float = 0.1) -> npt.NDArray[np.bool_]:
    """Return booleans (n,) that choose a share of each label's pictures, at least one of two or more, always the same.

    Drawn faces are for training alone: none is chosen, and they do not count.
    """
    generator = np.random.default_rng(0)
    held_out = np.zeros(len(train), bool)
    is_drawn = np.array([DRAWN_NAME.fullmatch(name) is not None for name in train.names], bool)
    for label in np.unique(train.labels):
        members = np.flatnonzero((train.labels == label) & ~is_drawn)
        number = max(1, round(share * len(members))) if len(members) > 1 else 0
        held_out[generator.choice(members, number, replace=False)] = True
    return held_out


def describe(train: Pictures, validation: Pictures) -> dict[str, Any]:
    """Return which pictures these are, for the record of a training."""
    return {
        "train_pictures": len(train),
        "train_fingerprint": train.fingerprint,
        "validation_pictures": len(validation),
        "validation_fingerprint": validation.fingerprint,
    }


def shortcomings(train: Pictures, validation: Pictures, accuracy: float) -> list[str]:
    """Return sentences on why a network that got this share of validation right is not worth much; often none."""
    found = []
    numbers = np.bincount(train.labels, minlength=len(train.emotions))
    if numbers.min() < FEW_PICTURES:
        rarest = train.emotions[numbers.argmin()]
        found.append(
            f"{counted(numbers.min())} of {rarest}: too few; add pictures until each emotion has {FEW_PICTURES}."
        )
    answers = np.bincount(validation.labels, minlength=len(train.emotions))
    if accuracy <= answers.max() / len(validation):
        found.append(
            f"Whoever always says {train.emotions[answers.argmax()]} is right as often as this network: it has learned"
            " too little; train for more epochs, or on more pictures."
        )
    return found
