"""Samples -> the data folder: PNG files per split and emotion, the list of exact copies, the list of rejected rows."""

import csv
import hashlib
import shutil
from array import array
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
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

# Samples per task of a writing thread: enough that handing over costs little, few enough to hold in memory.
CHUNK = 128
TASKS_AHEAD = 8


@dataclass
class Written:
    """What is known of the pictures written: for each its digest, its place (split, emotion) and its file name."""

    rejected: int = 0
    places: list = field(default_factory=list)
    names: list = field(default_factory=list)
    digests: array = field(default_factory=lambda: array("Q"))

    def add(self, sample):
        """Note one sample."""
        self.places.append((sample.split, sample.emotion))
        self.names.append(sample.name)
        self.digests.frombytes(hashlib.blake2b(sample.picture, digest_size=8).digest())

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
        counts = Counter(self.places)
        emotions = [emotion for emotion in EMOTIONS if any(counts[split, emotion] for split in SPLITS)]
        lines = ["".join(f"{heading:>12}" for heading in ("", *SPLITS))]
        for emotion in emotions:
            lines.append(f"{emotion:>12}" + "".join(f"{counts[split, emotion]:12,}" for split in SPLITS))
        sums = (sum(counts[split, emotion] for emotion in emotions) for split in SPLITS)
        return "\n".join([*lines, f"{'all':>12}" + "".join(f"{number:12,}" for number in sums)])


def write_data_folder(items, output, force=False, show=print) -> Written:
    """Write an iterable of `Sample` and `Rejected` as the folder `output`, which appears only when it is whole.

    UserError where `output` exists (unless `force`), holds other things, cannot be written, or would stay empty.
    """
    written = Written()
    with (
        new_folder(output, force) as folder,
        (folder / REJECTED).open("w", newline="", encoding="utf-8") as rejected_file,
        ThreadPoolExecutor(2) as threads,
    ):
        rejected = csv.writer(rejected_file)
        rejected.writerow(("row", "reason"))
        chunk, tasks = [], deque()
        for number, item in enumerate(items, start=1):
            if isinstance(item, Rejected):
                written.rejected += 1
                rejected.writerow((item.row, item.reason))
            else:
                written.add(item)
                chunk.append(item)
            if len(chunk) == CHUNK:
                tasks.append(threads.submit(write_pngs, folder, chunk))
                chunk = []
            if len(tasks) > TASKS_AHEAD:
                tasks.popleft().result()
            if number % 5000 == 0:
                show(f"{number:6,} rows read")
        write_pngs(folder, chunk)
        for task in tasks:
            task.result()
        if not written.names:
            raise UserError(f"None of the {written.rejected} rows holds a picture: is this the right file?")
        with (folder / COPIES).open("w", newline="", encoding="utf-8") as file:
            copies = csv.writer(file)
            copies.writerow(("group", "split", "emotion", "name"))
            copies.writerows(written.copies())
    return written


def write_pngs(folder, samples):
    """Write each sample as folder/<split>/<emotion>/<name>."""
    for sample in samples:
        place = folder / sample.split / sample.emotion
        place.mkdir(parents=True, exist_ok=True)
        # Not cv2.imwrite: it keeps silent when the disk is full.
        (place / sample.name).write_bytes(cv2.imencode(".png", sample.picture)[1])


@contextmanager
def new_folder(output, force=False):
    """Give a temporary folder beside `output`, renamed into its place when the block ends well, else removed."""
    output = Path(output)
    refuse_folder(output, force)
    check_writable(output.absolute().parent)
    partial = output.with_name(f"{output.name}.partial")
    # There may be one of a run that was killed.
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
        if output.exists():
            shutil.rmtree(output)
        partial.rename(output)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
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
