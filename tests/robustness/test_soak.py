"""A long video needs no more memory, threads or open files than a short one, and leaves nothing behind.

The short form is part of all tests; `make soak` runs the long one: an hour of video, as fast as it goes.
"""

import itertools
import os
import re
import statistics
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, SHARED, command, write_video

FRAMES = (3_000, 108_000)
FRAME_RATE = 30
# The frames of the first minute.
WARM = 60 * FRAME_RATE


def read_loop() -> list[np.ndarray]:
    """Return the frames of the clip, or of the portrait that moves where the clip is not there; uint8 (168, 298, 3)."""
    capture = cv2.VideoCapture(str(SHARED / "media" / "clip.mp4"))
    frames = []
    while (step := capture.read())[0]:
        frames.append(cv2.resize(step[1], (298, 168)))
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (298, 363))
    return frames or [portrait[top : top + 168] for top in range(60)]


def last_frame(rows) -> int:
    """Return the number of the last frame in a table that is being written; -1 where there is none yet."""
    if not rows.is_file() or rows.stat().st_size < 2000:
        return -1
    with rows.open("rb") as file:
        file.seek(-1500, os.SEEK_END)
        lines = file.read().splitlines()
    return int(lines[-2].split(b",")[1])


def look_at(process) -> tuple[float, int, int]:
    """Return megabytes, threads and open files of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    kilobytes, threads = (int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads"))
    return kilobytes / 1024, threads, len(list(Path(f"/proc/{process}/fd").iterdir()))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read from /proc, which Linux has")
def test_a_long_video(tmp_path, is_long, capsys):
    frames, rows, temporary = FRAMES[is_long], tmp_path / "rows.csv", tmp_path / "temporary"
    temporary.mkdir()
    write_video(tmp_path / "long.mp4", itertools.islice(itertools.cycle(read_loop()), frames), FRAME_RATE, "mp4v")
    arguments = ("test.py", "long.mp4", "--no-window", "--csv", "rows.csv", "--timeline", "timeline.png")
    started, looks = time.monotonic(), []
    process = subprocess.Popen(
        command(*arguments), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    # The timeline, at the end, loads Matplotlib: what is looked at before it counts.
    while process.poll() is None and (number := last_frame(rows)) < frames - 20:
        if number >= WARM:
            looks.append(look_at(process.pid))
        time.sleep(0.02 if not is_long else 0.5)
    output, errors = process.communicate()
    minutes = (time.monotonic() - started) / 60
    assert process.returncode == 0, errors
    assert f"{frames} frames" in output
    warm, end = ([statistics.median(values) for values in zip(*some, strict=True)] for some in (looks[:9], looks[-9:]))
    assert len(looks) > 20
    assert end[0] < 1.05 * warm[0], f"{warm[0]:.0f} MB after the first minute, {end[0]:.0f} MB at the end"
    assert end[1:] == warm[1:], f"threads and open files: {warm[1:]} after the first minute, {end[1:]} at the end"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.mp4", "rows.csv", "temporary", "timeline.png"]
    assert list(temporary.iterdir()) == []
    with capsys.disabled():
        print(
            f"\nSoaked: {frames:,} frames in {minutes:.0f} minutes; {warm[0]:.0f} MB after the first minute of video,"
            f" {end[0]:.0f} MB at the end; as many threads and open files."
        )
