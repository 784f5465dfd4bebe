"""How fast test.py turns many videos into tables, with one process and with several, and whether the tables agree.

    python -m benchmarks.tables                      200 videos of two seconds, with --jobs 1 and --jobs 2
    python -m benchmarks.tables --videos 20 --jobs 1 4

The videos are those of benchmarks/study_videos.py; they are made first, which is not counted.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import measure
from benchmarks.study_videos import FRAME_RATE, MEDIA, write_study
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError


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
    tables = set()
    for number in jobs:
        names = ("--csv", f"rows_{number}.csv", "--summary", f"summary_{number}.csv")
        command = [
            sys.executable,
            str(program.PROJECT / "test.py"),
            "study",
            *names,
            "--no-window",
            "--jobs",
            str(number),
        ]
        lasted: list[float] = []
        result = measure(lasted, subprocess.run, command, cwd=folder, capture_output=True, text=True, check=False)
        if result.returncode:
            raise UserError(f"test.py ended with status {result.returncode}: {result.stderr.strip()}")
        table = (folder / names[1]).read_bytes()
        tables.add((table, (folder / names[3]).read_bytes()))
        rows = table.count(b"\n") - 1
        print(f"--jobs {number}: {rows} rows in {lasted[0]:.1f} s, {seconds / lasted[0]:.2f} seconds of video a second")
    print(f"The tables are {'the same' if len(tables) == 1 else 'not the same'} with every number of processes.")


if __name__ == "__main__":
    program.run(main)
