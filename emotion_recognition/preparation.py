"""Samples -> the data folder: PNG files per split and emotion, the list of exact copies, the list of rejected rows."""

import csv
import hashlib
import shutil
from array import array
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.datasets import Rejected
from emotion_recognition.errors import UserError
from emotion_recognition.files import check_writable
from emotion_recognition.labels import EMOTIONS

SPLITS = ("train", "validation", "test")
COPIES = "copies.csv"
REJECTED = "rejected.csv"


@dataclass
class Written:
    """What is known of the pictures written: for each its digest, its place (split, emotion) and its file name."""

    rejected: int = 0
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
        ends = np.flatnonzero(np.diff(digests[order], append=0)) + 1
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


def write_data_folder(items, output, force=False) -> Written:
    """Write an iterable of `Sample` and `Rejected` as the folder `output`, which appears only when it is whole.

    UserError where `output` exists (unless `force`), holds other things, cannot be written, or would stay empty.
    """
    written = Written()
    with (
        new_folder(output, force) as folder,
        (folder / REJECTED).open("w", newline="", encoding="utf-8") as rejected_file,
    ):
        rejected = csv.writer(rejected_file)
        rejected.writerow(("row", "reason"))
        for number, item in enumerate(items, start=1):
            if isinstance(item, Rejected):
                written.rejected += 1
                rejected.writerow((item.row, item.reason))
            else:
                place = folder / item.split / item.emotion
                if written.add(item):
                    place.mkdir(parents=True)
                # Not cv2.imwrite: it keeps silent when the disk is full.
                (place / item.name).write_bytes(cv2.imencode(".png", item.picture)[1])
            if number % 5000 == 0:
                # Flushed, so that it is seen at once also where it goes to a file.
                print(f"{number:6,} rows read", flush=True)
        if not written.names:
            raise UserError(f"None of the {written.rejected} rows holds a picture: is this the right file?")
        with (folder / COPIES).open("w", newline="", encoding="utf-8") as file:
            copies = csv.writer(file)
            copies.writerow(("group", "split", "emotion", "name"))
            copies.writerows(written.copies())
    return written


@contextmanager
def new_folder(output, force=False):
    """Give a temporary folder beside `output`, renamed into its place when the block ends well, else removed."""
    output = Path(output).absolute()
    refuse_folder(output, force)
    check_writable(output.parent)
    partial, old = (output.with_name(f"{output.name}{ending}") for ending in (".partial", ".old.partial"))
    # There may be some of a run that was killed.
    for rest in (partial, old):
        shutil.rmtree(rest, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
        # Renaming is quick: a run that is interrupted here leaves no folder that is half removed.
        if output.exists():
            output.rename(old)
        partial.rename(output)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        if old.exists() and not output.exists():
            old.rename(output)
        shutil.rmtree(partial, ignore_errors=True)
        # The system names no file when the disk is full.
        if isinstance(error, OSError) and not error.filename:
            error.filename = str(output)
        raise


def refuse_folder(output: Path, force: bool):
    """Refuse to replace anything but, with `force`, a folder that holds only what this module writes."""
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"{output} is a file: name another --output.")
    contents = {entry.name for entry in output.iterdir()}
    foreign = contents - {*SPLITS, COPIES, REJECTED}
    if foreign:
        raise UserError(f"{output} holds other things too (such as {min(foreign)}): name another --output.")
    if contents and not force:
        raise UserError(f"{output} exists already: name another --output, or replace it with --force.")
