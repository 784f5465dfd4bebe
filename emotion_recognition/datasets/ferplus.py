"""FER+: what ten people each see in the pictures of FER-2013 -> samples with better labels, or with votes."""

import csv
from dataclasses import replace
from pathlib import Path

from emotion_recognition.datasets.fer2013 import USAGES, Fer2013
from emotion_recognition.datasets.samples import Rejected
from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS, canonical

EMOTION_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
OTHER_COLUMNS = {"unknown": "most people could not tell the emotion", "NF": "most people saw no face"}


class FerPlus(Fer2013):
    """Reads FER-2013 with the labels of FER+ (Barsoum et al., 2016): ten people voted on every picture.

    The table of votes has a row for each row of FER-2013, in the same order. A picture's emotion is the one with more
    than half of the votes, of eight with contempt; a picture without one, or with `unknown` or `not a face`, is left
    out. With `keep_labels` nothing is left out, FER-2013's labels stay, and the samples bear the votes.
    """

    def __init__(self, path, votes_path, keep_labels=False):
        super().__init__(path)
        self._votes_path, self._votes, self._keep_labels = votes_path, read_votes(votes_path), keep_labels

    def __iter__(self):
        rows = 0
        for rows, sample in enumerate(super().__iter__(), start=1):
            if rows > len(self._votes):
                break
            yield self._with_votes(rows - 1, sample)
        if rows != len(self._votes):
            raise UserError(f"{self._votes_path} and {self.path} differ in length: take the original files.")

    def _with_votes(self, row, sample):
        """Return the sample of a row as the votes want it."""
        if isinstance(sample, Rejected):
            return sample
        usage, votes = self._votes[row]
        if USAGES.get(usage.lower()) != sample.split:
            raise UserError(
                f"{self._votes_path} and {self.path} differ in usage at row {row}: take the original files."
            )
        by_emotion = {canonical(column): votes[column] for column in EMOTION_COLUMNS}
        if self._keep_labels:
            return replace(sample, votes=tuple(by_emotion[emotion] for emotion in EMOTIONS))
        emotion = decide(by_emotion, votes)
        return replace(sample, emotion=emotion) if emotion in EMOTIONS else Rejected(row, emotion)


def decide(by_emotion, votes) -> str:
    """Return the emotion with more than half of all votes, or why there is none."""
    needed = sum(votes.values()) / 2
    for column, reason in OTHER_COLUMNS.items():
        if votes[column] > needed:
            return reason
    emotion = max(by_emotion, key=by_emotion.get)
    return emotion if by_emotion[emotion] > needed else "no emotion has more than half of the votes"


def read_votes(path) -> list[tuple[str, dict]]:
    """Return (usage, votes by column) of each row of `fer2013new.csv`; UserError where it is no such table."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not there: download FER+'s fer2013new.csv, or name it with --labels.")
    columns = (*EMOTION_COLUMNS, *OTHER_COLUMNS)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [(row["Usage"], {column: int(row[column]) for column in columns}) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{path} is not FER+'s fer2013new.csv ({error}): download it again.") from error
