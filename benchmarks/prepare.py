"""How fast a data set is prepared, beside writing the same PNG files alone.

    python -m benchmarks.prepare fer2013.csv

Machines are noisy: both sides take turns, and medians are shown.
"""

import tempfile
from itertools import islice
from pathlib import Path
from statistics import median

import cv2

from benchmarks.common import measure
from emotion_recognition.cli import options, program
from emotion_recognition.datasets import fer2013, preparation
from emotion_recognition.datasets.samples import Sample


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("source", nargs="?", default="fer2013.csv", help="FER-2013's CSV file")
    parser.add_argument("--rows", type=options.positive(int), help="read only so many rows")
    parser.add_argument("--repeat", type=options.positive(int), default=3, help="measurements of each side")
    arguments = parser.parse_args()

    def read():
        return islice(fer2013.Fer2013(Path(arguments.source)), arguments.rows)

    def prepare(folder):
        preparation.write_data_folder(read(), folder / "data")

    def write(folder):
        for sample in samples:
            cv2.imwrite(f"{folder}/{sample.split}/{sample.emotion}/{sample.name}", sample.picture)

    samples = [item for item in read() if isinstance(item, Sample)]
    times: dict = {prepare: [], write: []}
    # Nothing is removed before the end: file systems make new files slowly while they forget removed ones.
    with tempfile.TemporaryDirectory(dir=".", prefix="benchmark.partial") as parent:
        for turn in range(arguments.repeat):
            for work, seconds in times.items():
                folder = Path(parent) / f"{work.__name__}_{turn}"
                for split, emotion in {(sample.split, sample.emotion) for sample in samples}:
                    (folder / split / emotion).mkdir(parents=True)
                measure(seconds, work, folder)
                print(f"{work.__name__}: {seconds[-1]:.2f} s", flush=True)
    preparing, writing = median(times[prepare]), median(times[write])
    print(f"Preparing {len(samples):,} pictures: {preparing:.2f} s")
    print(f"Writing them alone with cv2.imwrite: {writing:.2f} s")
    print(f"Ratio: {preparing / writing:.2f} (at most 1.5 is wanted)")


if __name__ == "__main__":
    program.run(main)
