"""What reading an archive costs: seconds of video that one core reads in a second, and what a second worker brings.

    python -m benchmarks.archive clip.mp4                     by how many frames are read, and one worker beside two
    python -m benchmarks.archive clip.mp4 --sources 10000     the check of the model: so many short sources

docs/deployment.md has the model. The speed is that of one core, by the time that the processor was busy; the throughput
is that of archive.py on copies of the clip, with the start of Ray and of its workers.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

# One core reads, as in a worker of archive.py.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2

from emotion_recognition.cli import options, program, recognition_options
from emotion_recognition.errors import UserError
from emotion_recognition.studies.reading import ReadingSettings, read_source
from emotion_recognition.video.sources import make_source

PROJECT = Path(__file__).resolve().parent.parent
STEPS = (0.0, 0.2, 1.0)


def seconds_to_read(clip: Path, settings: ReadingSettings, rounds: int = 3) -> tuple[float, float]:
    """Return the seconds of video in a clip, and the least seconds that one core needs to read them."""
    cv2.setNumThreads(1)
    recogniser = settings.open_recogniser()
    needed, length = [], 0.0
    for _ in range(rounds):
        started = time.process_time()
        with make_source(clip, clip.name, Path(clip.name)) as source:
            summary, _ = read_source(source, recogniser, settings, lambda rows: None)
        needed.append(time.process_time() - started)
        length = summary.seconds or 0.0
    return length, min(needed)


def seconds_of_archive(clip: Path, number: int, workers: int) -> float:
    """Return how long archive.py takes for so many sources of the same content, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        videos = Path(folder) / "videos"
        videos.mkdir()
        for place in range(number):
            (videos / f"{place:05}{clip.suffix}").symlink_to(clip.resolve())
        line = [sys.executable, str(PROJECT / "archive.py"), str(videos), "--output", f"{folder}/tables"]
        started = time.monotonic()
        subprocess.run([*line, "--jobs", str(workers)], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - started


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("clip", type=Path, help="a video like those of the archive")
    parser.add_argument("--sources", type=options.positive(int), default=100, help="copies that archive.py reads")
    parser.add_argument("--jobs", type=options.positive(int), nargs="+", default=[1, 2], help="workers to compare")
    recognition_options.add_finding_flags(parser)
    arguments = parser.parse_args()
    if not arguments.clip.is_file():
        raise UserError(f"{arguments.clip} is not there: name a video.")
    known = {field.name for field in fields(ReadingSettings)}
    settings = ReadingSettings(**{name: value for name, value in vars(arguments).items() if name in known})
    table = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    table.writerow(("read every", "seconds of video", "seconds of one core", "speed"))
    for every in STEPS:
        length, needed = seconds_to_read(arguments.clip, replace(settings, every=every))
        step = f"{every:g} s" if every else "frame"
        table.writerow((step, f"{length:.1f}", f"{needed:.2f}", f"{length / needed:.1f}"))
    table.writerow(("workers", "seconds", "sources a second", "times as fast as the first"))
    taken: list[float] = []
    for jobs in arguments.jobs:
        taken.append(seconds_of_archive(arguments.clip, arguments.sources, jobs))
        rate = arguments.sources / taken[-1]
        table.writerow((jobs, f"{taken[-1]:.1f}", f"{rate:.2f}", f"{taken[0] / taken[-1]:.2f}"))


if __name__ == "__main__":
    program.run(main)
