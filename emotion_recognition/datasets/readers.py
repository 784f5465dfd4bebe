"""What a person says on the command line of dataset_prepare.py -> the reader of that data set."""

from emotion_recognition.datasets import emoji, fer2013, ferplus, listings, picture_sets
from emotion_recognition.errors import UserError

WITH_PERSONS = ("ckplus", "ckplus48", "jaffe", "ferg")

# The data sets that a flag is for: elsewhere it is refused, so that nobody believes it has done something.
KINDS_OF_FLAGS = {
    "labels": ("fer2013",),
    "drawn": ("fer2013", "photos"),
    "neutral": ("ckplus",),
    "folds": WITH_PERSONS,
    "fold": WITH_PERSONS,
    "split_pictures": WITH_PERSONS,
    "only_test": ("photos", *WITH_PERSONS, "emoji"),
    "whole": ("photos", "ckplus", "jaffe"),
}


def open_source(arguments):
    """Return the reader of `arguments.source`; UserError where one of the flags in `arguments.given` is not for it."""
    source = arguments.source
    kind = arguments.dataset or listings.recognise(source)
    for flag in arguments.given:
        if kind not in KINDS_OF_FLAGS.get(flag, (kind,)):
            raise UserError(
                f"{source} is read as {kind}, which has no use for --{flag.replace('_', '-')}: leave it out."
            )
    if kind == "emoji":
        return emoji.EmojiFaces(source)
    if kind == "fer2013" and arguments.labels:
        return ferplus.FerPlus(source, arguments.labels, keep_labels=arguments.votes)
    if kind == "fer2013":
        return fer2013.Fer2013(source)
    reader, split = picture_sets.open_folder(
        source,
        kind,
        with_neutral=arguments.neutral,
        seed=arguments.seed,
        folds=arguments.folds,
        fold=arguments.fold,
        split_by="picture" if arguments.split_pictures else "test" if arguments.only_test else "person",
        whole=arguments.whole,
    )
    print(f"{source} is read as {kind}, {split}.")
    return reader
