"""The pictures that a training learns from and is judged by, without exact copies where they would flatter it."""

import numpy as np

from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError


def read(data, seed=0, keep_duplicates=False) -> tuple[folders.Pictures, folders.Pictures]:
    """Read the folder `data` for training: (train, validation).

    Where there is no validation folder, a tenth of every emotion in train is held out, chosen by `seed`. Training
    pictures of which validation, or by the list of copies test, holds an exact copy are left out, unless
    `keep_duplicates`.
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
        held_out = hold_out(train.labels, seed)
        if not held_out.any():
            raise UserError(f"{data} holds one picture of each emotion, and none is left for validation: add more.")
        print(f"{data} holds no folder `validation`: {held_out.sum()} pictures of train are held out for it.")
        train, validation = train.select(~held_out), train.select(held_out)
        all_pictures -= len(validation)
    if not keep_duplicates:
        # No list tells of copies within train, of which one is held out, nor of those in folders of one's own.
        train = leave_out(train, is_copy(train, validation))
        where = "validation" if folders.read_copies(data) is None else "validation or test"
        print(f"{all_pictures - len(train)} training pictures left out: exact copies of them are in {where}.")
    return train, validation


def leave_out(train, chosen) -> folders.Pictures:
    """Return the training pictures without the copies that `chosen`, bool (n,), picks; UserError where none is left."""
    train = train.select(~chosen)
    if lost := [emotion for label, emotion in enumerate(train.emotions) if label not in train.labels]:
        raise UserError(f"All pictures of {lost[0]} for training are copies of others: train with --keep-duplicates.")
    return train


def is_copy(faces, others) -> np.ndarray:
    """Return which of the faces occur, exactly the same, among others: bool (n,)."""
    known = {picture.tobytes() for picture in others.pictures}
    return np.array([picture.tobytes() in known for picture in faces.pictures], bool)


def hold_out(labels, seed, share=0.1) -> np.ndarray:
    """Return booleans (n,) that choose a share of each label's pictures at random, at least one of two or more."""
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        number = max(1, round(share * len(members))) if len(members) > 1 else 0
        held_out[generator.choice(members, number, replace=False)] = True
    return held_out
