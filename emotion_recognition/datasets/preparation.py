"""Samples -> the data folder: PNG files per split and emotion; lists of exact copies, of what is left out, of votes."""

import csv
import hashlib
from array import array
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.datasets.samples import Rejected
from emotion_recognition.errors import UserError
from emotion_recognition.files import claim_folder, folder_written_whole
from emotion_recognition.labels import EMOTIONS

SPLITS = ("train", "validation", "test")
COPIES = "copies.csv"
REJECTED = "rejected.csv"
VOTES = "votes.csv"

# Pictures are compressed and written in a thread while rows are read: so many pictures a task, so many tasks waiting.
CHUNK, TASKS_AHEAD = 128, 8


@dataclass
class Written:
    """What is known of the pictures written: for each its digest, its place (split, emotion) and its file name.

    `rejected` counts the reasons for which others were left out.
    """

    rejected: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)
    places: list = field(default_factory=list)
    names: list = field(default_factory=list)
    digests: array = field(default_factory=lambda: array("Q"))

    def add(self, sample) -> bool:
        """Note one sample; return whether it is the first of its place."""
        place = sample.split, sample.emotion
        self.counts[place] += 1
        self.places.append(place)
        self.names.append(sample.name)
        self.digests.frombytes(hashlib.blake2b(sample.picture, digest_size=8).digest())
        return self.counts[place] == 1

    def copies(self):
        """Yield (group, split, emotion, name) for all pictures of which another split holds an exact copy."""
        digests = np.array(self.digests)
        order = np.argsort(digests, kind="stable")
        ends = np.flatnonzero(digests[order][1:] != digests[order][:-1]) + 1
        groups = (members for members in np.split(order, ends) if len(members) > 1)
        across = (members for members in groups if len({self.places[member][0] for member in members}) > 1)
        for group, members in enumerate(sorted(across, key=min)):
            yield from ((group, *self.places[member], self.names[member]) for member in members)

    def table(self) -> str:
        """Return the number of pictures per emotion and split as lines of text."""
        counts = self.counts
        emotions = [emotion for emotion in EMOTIONS if any(counts[split, emotion] for split in SPLITS)]
        lines = ["".join(f"{heading:>12}" for heading in ("", *SPLITS))]
        for emotion in emotions:
            lines.append(f"{emotion:>12}" + "".join(f"{counts[split, emotion]:12,}" for split in SPLITS))
        sums = (sum(counts[split, emotion] for emotion in emotions) for split in SPLITS)
        return "\n".join([*lines, f"{'all':>12}" + "".join(f"{number:12,}" for number in sums)])


def write_data_folder(items, output, force=False, unit="rows", drawn=()) -> Written:
    """Write an iterable of `Sample` and `Rejected` as the folder `output`, which appears only when it is whole.

    The samples in `drawn` are added to it. UserError where `output` exists (unless `force`), was not written by this
    function, cannot be written, or where `items` hold no sample.
    """
    # Somebody's own pictures may lie in folders of these names too.
    if holds_pictures_of_others(output):
        raise UserError(f"{output} holds pictures that this script has not written: name another --output.")
    claim_folder(output, {*SPLITS, COPIES, REJECTED, VOTES}.__contains__, force)
    written = Written()
    with (
        folder_written_whole(output) as folder,
        ExitStack() as stack,
        ThreadPoolExecutor(max_workers=1) as writer,
    ):
        rejected = table(stack, folder / REJECTED, (unit.removesuffix("s"), "reason"))
        chunk, tasks, votes = [], deque(), None
        for number, item in enumerate(chain(not_empty(items, written, unit), drawn), start=1):
            if isinstance(item, Rejected):
                written.rejected[item.reason] += 1
                rejected.writerow((item.place, item.reason))
            else:
                # Text, because `Path` objects would take a tenth of the time.
                place = f"{folder}/{item.split}/{item.emotion}"
                if written.add(item):
                    Path(place).mkdir(parents=True)
                chunk.append((f"{place}/{item.name}", item.picture))
                if item.votes:
                    votes = votes or table(stack, folder / VOTES, ("split", "emotion", "name", *EMOTIONS))
                    votes.writerow((item.split, item.emotion, item.name, *item.votes))
            if len(chunk) == CHUNK:
                tasks.append(writer.submit(write_pngs, chunk))
                chunk = []
            if len(tasks) > TASKS_AHEAD:
                tasks.popleft().result()
            if number % 5000 == 0:
                # Flushed, so that it is seen at once also where it goes to a file.
                print(f"{number:6,} {unit} read", flush=True)
        write_pngs(chunk)
        for task in tasks:
            task.result()
        table(stack, folder / COPIES, ("group", "split", "emotion", "name")).writerows(written.copies())
    return written


def holds_pictures_of_others(output) -> bool:
    """Return whether a folder holds splits, but not the list that every run writes beside them."""
    return any((Path(output) / split).exists() for split in SPLITS) and not (Path(output) / REJECTED).exists()


def not_empty(items, written, unit):
    """Yield the items; UserError in the end where none of them was a sample."""
    yield from items
    if not written.names:
        raise UserError(f"None of the {written.rejected.total()} {unit} holds a face: is this the right source?")


def table(stack, path, columns):
    """Return a CSV writer to a new file, with its header written, that `stack` closes."""
    # Names of files may be no UTF-8: the same bytes are written again.
    file = path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
    writer = csv.writer(stack.enter_context(file))
    writer.writerow(columns)
    return writer


def write_pngs(chunk):
    """Write (path, picture) pairs as PNG files."""
    # Not cv2.imwrite: it keeps silent when the disk is full. All are compressed before the first is written, since each
    # change between the two may wait for the thread that reads rows.
    files = [(path, cv2.imencode(".png", picture)[1].tobytes()) for path, picture in chunk]
    for path, contents in files:
        with open(path, "wb") as file:  # noqa: PTH123 - text, as above
            file.write(contents)
