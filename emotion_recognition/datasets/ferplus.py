"""FER+ (Barsoum et al., 2016): what ten people each see in the pictures of FER-2013, as labels or as votes."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.datasets.splits import USAGES
from emotion_recognition.errors import UserError
from emotion_recognition.labels import EMOTIONS, canonical

EMOTION_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
OTHER_COLUMNS = {"unknown": "most people could not tell the emotion", "NF": "most people saw no face"}


def with_votes(rows: Iterable[Sample | Rejected], path: Path, keep_labels: bool = False) -> Iterator[Sample | Rejected]:
    """Yield the rows of FER-2013 with the labels of FER+; `path` is its table, which has a row for each of them.

    A picture's emotion is the one of the eight in `EMOTIONS` with more than half of all votes, those for `unknown` and
    `NF` (not a face) among them; a picture without such an emotion is left out. With `keep_labels` nothing is left out,
    FER-2013's labels stay, and the samples bear the votes. UserError where the two tables do not belong together.
    """
    table, number = read_table(path), 0
    for number, row in enumerate(rows, start=1):
        if number > len(table):
            break
        usage, votes = table[number - 1]
        if isinstance(row, Rejected):
            yield row
            continue
        if USAGES.get(usage.lower()) != row.split:
            raise UserError(f"{path} and FER-2013 differ in usage at row {number - 1}: take the original files.")
        by_emotion = {canonical(column): votes[column] for column in EMOTION_COLUMNS}
        emotion = decide(by_emotion, votes)
        if keep_labels:
            yield replace(row, votes=tuple(by_emotion[emotion] for emotion in EMOTIONS))
        elif emotion in EMOTIONS:
            yield replace(row, emotion=emotion)
        else:
            yield Rejected(number - 1, emotion)
    if number != len(table):
        raise UserError(f"{path} and FER-2013 differ in length: take the original files.")


def decide(by_emotion: dict[str, int], votes: dict[str, int]) -> str:
    """Return the emotion with more than half of all votes, or why there is none."""
    needed = sum(votes.values()) / 2
    for column, reason in OTHER_COLUMNS.items():
        if votes[column] > needed:
            return reason
    emotion = max(by_emotion, key=lambda each: by_emotion[each])
    return emotion if by_emotion[emotion] > needed else "no emotion has more than half of the votes"


def read_table(path: str | Path) -> list[tuple[str, dict[str, int]]]:
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
