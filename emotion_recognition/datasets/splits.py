"""Who is trained on and who is tested on: pictures that belong together never fall into different splits."""

from collections.abc import Iterable

import numpy as np

from emotion_recognition.errors import UserError

SPLITS = ("train", "validation", "test")

# What FER-2013 and FER+ call them, in lower case.
USAGES = {"training": "train", "publictest": "validation", "privatetest": "test"}

# Of the groups that are not for testing.
VALIDATION_SHARE = 0.1


def by_group(groups: Iterable, seed: int = 0, folds: int = 10, fold: int = 1) -> dict:
    """Return the split (train, validation or test) of each of `groups`, such as persons, dealt at random by `seed`.

    The groups are dealt into `folds` parts alike in number; part number `fold`, from 1, is the test. A tenth of the
    others, at least one, is for validation. UserError where there are too few groups or folds for that.
    """
    if folds < 2:
        raise UserError("--folds takes 2 or more: one is tested on, the others are trained on.")
    if not 1 <= fold <= folds:
        raise UserError(f"There is no fold {fold} of {folds}: name another --fold.")
    unique = sorted(set(groups))
    folds = min(folds, len(unique))
    order = [unique[index] for index in np.random.default_rng(seed).permutation(len(unique))]
    test = set(order[fold - 1 :: folds])
    others = [group for group in order if group not in test]
    if len(others) < 2 or not test:
        raise UserError(
            f"{len(unique)} persons are too few (with --split-pictures, pictures): one is needed in each of train,"
            " validation and test, and in each fold."
        )
    validation = set(others[: max(1, round(VALIDATION_SHARE * len(others)))])
    return {group: "test" if group in test else "validation" if group in validation else "train" for group in unique}


def of_number(number: int) -> str:
    """Return the split of picture `number`, from 0, of an emotion: a tenth each for validation and test, from three on.

    So the split needs no more than a count, and pictures in which no face is found leave no gap in it.
    """
    return {1: "validation", 2: "test"}.get(number % 10, "train")
