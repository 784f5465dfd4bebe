"""What reading an archive costs: the speed of one core, what a second worker brings, and the model beside a run.

    python -m benchmarks.archive clip.mp4                              five minutes on two idle cores
    python -m benchmarks.archive clip.mp4 --yunet yunet.onnx           with the other detector as well
    python -m benchmarks.archive clip.mp4 --copies 2 --sources 20      to see what is printed

docs/deployment.md has the model. The speed is that of one core, by the time that the processor was busy. What is
printed on standard output is the part of docs/benchmarks/archive.md that holds figures.
"""

import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# One core reads, as in a worker of archive.py.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from benchmarks.common import PROJECT, where
from emotion_recognition.archive.tables import Tables
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.studies.parquet import check_pyarrow
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.video.sources import find_sources

STEPS = {"each frame": 0.0, "each 0.2 s": 0.2, "each second": 1.0}
# Hours of video, and the hours in which they are to be read.
PLANS = {"1,000 hours in a day": (1e3, 24), "10,000,000 hours in 30 days": (1e7, 720)}
# The check of the model reads sources of so many frames.
SHORT_FRAMES = 2


@dataclass(frozen=True)
class Cost:
    """Seconds that a core needs to read a source, and to sum it up at the end; how many seconds of video it has."""

    read: float
    summed: float
    length: float


@dataclass(frozen=True)
class Run:
    """Seconds from the start of archive.py to its first table, to its last one, and to its end."""

    first: float
    last: float
    whole: float


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("clip", type=Path, help="a video like those of the archive")
    parser.add_argument("--yunet", metavar="FILE", help="YuNet's file: measure this detector as well")
    parser.add_argument("--copies", type=options.positive(int), default=40, help="copies of the clip that are read")
    parser.add_argument("--sources", type=options.positive(int), default=10_000, help="short sources for the check")
    parser.add_argument("--jobs", type=options.positive(int), nargs="+", default=[1, 2], help="workers to compare")
    arguments = parser.parse_args()
    check_pyarrow("tables")
    if not arguments.clip.is_file():
        raise UserError(f"{arguments.clip} is not there: name a video.")
    if arguments.copies < 2:
        raise UserError("--copies must be 2 or more: the time from the first table to the last one is measured.")
    clip = arguments.clip.absolute()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{where()}\n")
        print_speeds(clip, folder, arguments.yunet)
        start = print_throughput(clip, folder, arguments.copies, arguments.jobs)
        print_check(shorten(clip, folder), folder, arguments.sources, arguments.jobs[-1], start)


def print_speeds(clip: Path, folder: Path, yunet: str | None) -> None:
    """Print the speed of a core for each detector and step, and the cores that two archives need."""
    plain = ReadingSettings()
    length = measure_cost(clip, folder, plain, rounds=1).length
    rate = clip.stat().st_size * 8e-6 / length
    print(f"The clip lasts {length:.1f} s and has {rate:.2f} Mbit/s.\n")
    readers = {"Haar": plain, "Haar, `--min-face 100`": replace(plain, min_face=100)}
    if yunet:
        readers["YuNet"] = replace(plain, detector=yunet)
    print(f"| detector | a frame is read | seconds of video a core reads in a second | {' | '.join(PLANS)} |")
    print("|---|---|---|---|---|")
    for detector, settings in readers.items():
        for step, every in STEPS.items():
            speed = length / measure_cost(clip, folder, replace(settings, every=every), rounds=3).read
            needed = (math.ceil(hours / (time_left * speed)) for hours, time_left in PLANS.values())
            cores = " | ".join(f"{number:,} cores" for number in needed)
            print(f"| {detector} | {step} | {speed:.1f} | {cores} |", flush=True)
    empty = write_video(folder / "empty.avi", [np.zeros((48, 64, 3), np.uint8)])
    cost = measure_cost(empty, folder, plain, rounds=100)
    print(f"\nTo open a source and to write its table, a core needs {1000 * cost.read:.1f} ms;")
    print(f"at the end one core sums all sources up, in {1000 * cost.summed:.1f} ms each.\n")


def print_throughput(clip: Path, folder: Path, number: int, jobs: Sequence[int]) -> float:
    """Print how fast copies of the clip are read with each number of workers; return the seconds of the last start."""
    print(f"{number} copies of the clip:\n")
    print("| workers | the whole run | until the first table | tables a second after it |\n|---|---|---|---|")
    runs = [run_archive(clip, folder, number, workers) for workers in jobs]
    rates = [(number - 1) / (run.last - run.first) for run in runs]
    for workers, run, rate in zip(jobs, runs, rates, strict=True):
        print(f"| {workers} | {run.whole:.1f} s | {run.first:.1f} s | {rate:.2f} |")
    print(f"\n{jobs[-1]} workers beside {jobs[0]}: after the start {rates[-1] / rates[0]:.2f} times as fast,")
    print(f"the whole run {runs[0].whole / runs[-1].whole:.2f} times.\n", flush=True)
    return runs[-1].first


def print_check(short: Path, folder: Path, number: int, workers: int, start: float) -> None:
    """Print how long the model says that many short sources take, and how long they have taken."""
    cost = measure_cost(short, folder, ReadingSettings(), rounds=100)
    told = start + number * (cost.read / workers + cost.summed)
    taken = run_archive(short, folder, number, workers).whole
    print(f"{number:,} sources of {SHORT_FRAMES} frames, {1000 * cost.read:.1f} ms of a core each, {workers} workers:")
    print(f"the model says {told:.0f} s, the run took {taken:.0f} s ({taken / told - 1:+.0%}).")


def measure_cost(video: Path, folder: Path, settings: ReadingSettings, rounds: int) -> Cost:
    """Return what a core needs for a video, the median of so many rounds in this process."""
    with program.silent_start():
        recogniser = settings.open_recogniser()
    read: list[float] = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        tables = Tables.begin(name, video.name, settings, recogniser.emotions)
        sources = find_sources([str(video)] * rounds)
        for source in sources:
            read.append(busy(tables.write_part, source, recogniser, True))
        summed = busy(tables.complete, sources, {}) / rounds
        summary, _ = tables.read_summary(sources[0].name)
    return Cost(statistics.median(read), summed, summary.seconds or 0.0)


def busy(work: Callable[..., Any], *arguments: Any) -> float:
    """Return for how many seconds the processor is busy with some work."""
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started


def run_archive(video: Path, folder: Path, number: int, workers: int) -> Run:
    """Let archive.py read so many sources of the same content; UserError where it fails."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        videos = Path(name) / "videos"
        videos.mkdir()
        for place in range(number):
            (videos / f"{place:05}{video.suffix}").symlink_to(video)
        line = [sys.executable, str(PROJECT / "archive.py"), str(videos), "--output", f"{name}/tables"]
        # The clock of files, not the steady one: tables are dated by it.
        started = time.time()
        if subprocess.run([*line, "--jobs", str(workers)], stdout=subprocess.DEVNULL, check=False).returncode:
            raise UserError("archive.py failed; what it said stands above.")
        whole = time.time() - started
        written = [part.stat().st_mtime - started for part in (Path(name) / "tables/rows").iterdir()]
    return Run(min(written), max(written), whole)


def shorten(clip: Path, folder: Path) -> Path:
    """Write the first frames of a clip as a short source."""
    [source] = find_sources([str(clip)])
    with source:
        frames = [frame.picture for frame in itertools.islice(source, SHORT_FRAMES) if frame.picture is not None]
    return write_video(folder / "short.avi", frames)


def write_video(path: Path, frames: Sequence[np.ndarray]) -> Path:
    """Write frames, uint8 (height, width, 3), as a video of 25 frames a second, and return its path."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


if __name__ == "__main__":
    program.run(main)
