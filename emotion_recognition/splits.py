"""Who is trained on and who is tested on: pictures that belong together never fall into different splits."""

import numpy as np

from emotion_recognition.errors import UserError

TENTH = 0.1


def by_group(groups, seed=0, folds=10, fold=1) -> dict:
    """Return the split (train, validation or test) of each of `groups`, such as persons, dealt at random by `seed`.

    The groups are dealt into `folds` parts alike in number; part number `fold`, from 1, is the test. A tenth of the
    others, at least one, is for validation. UserError where there are too few groups for that.
    """
    unique = sorted(set(groups))
    folds = min(folds, len(unique))
    if len(unique) < 3 or fold > folds:
        raise UserError(f"{len(unique)} persons are too few for that: three at least, and no more folds than persons.")
    order = [unique[index] for index in np.random.default_rng(seed).permutation(len(unique))]
    test = set(order[fold - 1 :: folds])
    others = [group for group in order if group not in test]
    validation = set(others[: max(1, round(TENTH * len(others)))])
    return {group: "test" if group in test else "validation" if group in validation else "train" for group in unique}


def by_emotion(emotions, seed=0) -> list[str]:
    """Return the split of each picture, dealt at random by `seed`: a tenth of each emotion for validation and for test.

    An emotion of three pictures or more has at least one in each.
    """
    generator = np.random.default_rng(seed)
    splits = ["train"] * len(emotions)
    for emotion in sorted(set(emotions)):
        members = generator.permutation([index for index, each in enumerate(emotions) if each == emotion])
        number = max(round(TENTH * len(members)), int(len(members) >= 3))
        for index in members[:number]:
            splits[index] = "validation"
        for index in members[number : 2 * number]:
            splits[index] = "test"
    return splits
