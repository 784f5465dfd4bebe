"""How fast test.py turns many videos into tables, with one process and with several, and whether the tables agree.

    python -m benchmarks.tables                      200 videos of two seconds, with --jobs 1 and --jobs 2
    python -m benchmarks.tables --videos 20 --jobs 1 4

The videos are those of benchmarks/study_videos.py; they are made first, which is not counted. What is printed on
standard output is the part of docs/benchmarks/tables.md that holds figures.
"""

import csv
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.common import PROJECT, measure, where
from benchmarks.study_videos import FRAME_RATE, MEDIA, write_study
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError

FILES = {"--csv": "rows.csv", "--summary": "summary.csv", "--report": "report.html"}


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("--media", default=MEDIA, help="folder of photos (.jpg) and clips (.mp4)")
    parser.add_argument("--videos", type=options.positive(int), default=200, help="how many videos")
    parser.add_argument("--seconds", type=options.positive(float), default=2.0, help="how long each is")
    parser.add_argument("--jobs", type=options.positive(int), nargs="+", default=[1, 2], help="processes to compare")
    arguments = parser.parse_args()
    frames = round(arguments.seconds * FRAME_RATE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_study(folder / "study", Path(arguments.media), arguments.videos, frames)
        compare(folder, arguments.jobs, arguments.videos * frames / FRAME_RATE)


def compare(folder: Path, jobs: list[int], seconds: float) -> None:
    """Read the videos in `folder`/study, `seconds` long together, with each number of processes; print figures."""
    kept: set[tuple[bytes, ...]] = set()
    print(f"{where()}\n\n| | time | seconds of video read a second |\n|---|---|---|")
    for number in jobs:
        for file in folder.glob("*.*"):
            file.unlink()
        lasted = run(folder, "--jobs", str(number))
        print(f"| `--jobs {number}` | {lasted:.1f} s | {seconds / lasted:.2f} |", flush=True)
        # Beside the tables that are named, that of the tracks.
        kept.add(tuple((folder / name).read_bytes() for name in (*FILES.values(), "summary_tracks.csv")))
    print(f"| again, with `--continue`: all is read already | {run(folder, '--continue'):.1f} s | |")
    print(f"\nThe tables and the report are {'the same' if len(kept) == 1 else 'not the same'} with each `--jobs`.")
    rows, summaries, tracks = (
        list(csv.DictReader((folder / name).read_text().splitlines()))
        for name in ("rows.csv", "summary.csv", "summary_tracks.csv")
    )
    statuses = Counter(summary["status"] for summary in summaries)
    told = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    frames = sum(int(summary["frames"]) for summary in summaries)
    print(f"{len(summaries)} videos ({told}), {frames:,} frames, {len(rows):,} rows, {len(tracks)} tracks.")
    megabytes = {name: (folder / name).stat().st_size / 1e6 for name in FILES.values()}
    print("; ".join(f"`{name}` {size:.2f} MB" for name, size in megabytes.items()) + ".")


def run(folder: Path, *flags: str) -> float:
    """Run test.py on all videos and return how many seconds it took; UserError where it fails."""
    files = [word for pair in FILES.items() for word in pair]
    command = [sys.executable, str(PROJECT / "test.py"), "study", *files, "--no-window", *flags]
    lasted: list[float] = []
    result = measure(lasted, subprocess.run, command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    if result.returncode:
        raise UserError(f"test.py ended with status {result.returncode}; what it said stands above.")
    return lasted[0]


if __name__ == "__main__":
    program.run(main)
