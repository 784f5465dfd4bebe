"""Samples -> the data folder: PNG files per split and emotion; lists of exact copies, of what is left out, of votes."""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotion_recognition.datasets.folders import COPIES, REJECTED, VOTES
from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.datasets.splits import SPLITS
from emotion_recognition.errors import UserError
from emotion_recognition.files import folder_written_whole
from emotion_recognition.labels import EMOTIONS

# So many pictures are compressed and written in a thread while the next ones are read.
CHUNK = 512


@dataclass
class Written:
    """What a data folder holds: how many pictures of each (split, emotion); of each reason, how many are left out.

    `places` holds (split, emotion, name) of every picture, those of equal pictures together under their digest.
    """

    counts: Counter = field(default_factory=Counter)
    rejected: Counter = field(default_factory=Counter)
    places: dict[bytes, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, sample: Sample) -> None:
        """Note one sample."""
        self.counts[sample.split, sample.emotion] += 1
        digest = hashlib.blake2b(sample.picture.tobytes(), digest_size=8).digest()
        self.places[digest].append((sample.split, sample.emotion, sample.name))

    def copies(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield (group, split, emotion, name) for all pictures of which another split holds an exact copy."""
        across = (places for places in self.places.values() if len({split for split, *_ in places}) > 1)
        for group, places in enumerate(across):
            yield from ((group, *place) for place in places)

    def table(self) -> str:
        """Return the number of pictures per emotion and split as lines of text."""
        rows = [(emotion, [self.counts[split, emotion] for split in SPLITS]) for emotion in EMOTIONS]
        rows = [(emotion, numbers) for emotion, numbers in rows if any(numbers)]
        rows.append(("all", [sum(column) for column in zip(*(numbers for _, numbers in rows), strict=True)]))
        lines = ["".join(f"{heading:>12}" for heading in ("", *SPLITS))]
        lines += [f"{name:>12}" + "".join(f"{number:12,}" for number in numbers) for name, numbers in rows]
        return "\n".join(lines)


def write_data_folder(
    items: Iterable[Sample | Rejected], output: str | Path, force: bool = False, unit: str = "rows"
) -> Written:
    """Write samples as the folder `output`, which appears only when it is whole; what is rejected is listed in it.

    UserError where `output` exists (unless `force`), holds what this function has not written, cannot be written, or
    where `items` hold no sample.
    """
    written = Written()
    with (
        folder_written_whole(output, force) as folder,
        ExitStack() as stack,
        ThreadPoolExecutor(max_workers=1) as writer,
    ):
        rejected = open_table(stack, folder / REJECTED, (unit.removesuffix("s"), "reason"))
        votes, chunk, writing = None, [], Future[None]()
        writing.set_result(None)
        for item in items:
            if isinstance(item, Rejected):
                written.rejected[item.reason] += 1
                rejected.writerow((item.place, item.reason))
                continue
            written.add(item)
            chunk.append(item)
            if item.votes:
                votes = votes or open_table(stack, folder / VOTES, ("split", "emotion", "name", *EMOTIONS))
                votes.writerow((item.split, item.emotion, item.name, *item.votes))
            if len(chunk) == CHUNK:
                # Never more than one chunk ahead, so that little memory is needed.
                writing.result()
                writing, chunk = writer.submit(write_pngs, folder, chunk), []
        writing.result()
        write_pngs(folder, chunk)
        if not written.places:
            raise UserError(f"None of the {written.rejected.total()} {unit} holds a face: is this the right source?")
        open_table(stack, folder / COPIES, ("group", "split", "emotion", "name")).writerows(written.copies())
        # The tables are complete before they are put on the list of what was written.
        stack.close()
    return written


def open_table(stack: ExitStack, path: Path, columns: Iterable[str]) -> Any:
    """Return a CSV writer to a new file, with its header written, that `stack` closes."""
    # Names of files may be no UTF-8: the same bytes are written again.
    file = path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
    writer = csv.writer(stack.enter_context(file))
    writer.writerow(columns)
    return writer


def write_pngs(folder: Path, samples: list[Sample]) -> None:
    """Write the pictures of samples as PNG files."""
    for split, emotion in {(sample.split, sample.emotion) for sample in samples}:
        (folder / split / emotion).mkdir(parents=True, exist_ok=True)
    # Not cv2.imwrite, which keeps silent when the disk is full. All are compressed before the first is written, since
    # each change between the two may wait for the thread that reads rows.
    encoded: list[np.ndarray] = [cv2.imencode(".png", sample.picture)[1] for sample in samples]
    for sample, contents in zip(samples, encoded, strict=True):
        (folder / sample.split / sample.emotion / sample.name).write_bytes(contents.tobytes())
