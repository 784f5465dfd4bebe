"""Killed at any moment (kill -9), and disks that are full: what was there is still whole, and the work can go on.

The short form is part of all tests; `make kill` runs the long one.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter

import cv2
import numpy as np
import pytest
from conftest import assert_one_sentence, command, files_in, start_script
from test_training_runs import SCRIPT, SETTINGS, assert_same_result, assert_same_weights

# For each of the three, in the short form and in the long one.
KILLS = (3, 30)

killed = Counter()


def run_and_kill(arguments, folder, share, lasts, sign="") -> bool:
    """Run a script and kill it when this share of the time is over that it lasts; return whether it was killed.

    The time begins when a line with `sign` is printed.
    """
    process = subprocess.Popen(
        command(*arguments), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    while sign and sign not in (line := process.stdout.readline()):
        assert line, f"{arguments} ended before it printed {sign}"
    # Emptied, so that the script is never held up by a full pipe.
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    try:
        process.wait(share * lasts)
    except subprocess.TimeoutExpired:
        process.kill()
    status = process.wait()
    reader.join()
    process.stdout.close()
    assert status in (0, -signal.SIGKILL)
    killed[arguments[0]] += status != 0
    return status != 0


def measure(arguments, folder, sign="") -> float:
    """Run a script to its end and return how many seconds it lasts from the line with `sign` on."""
    started = time.monotonic()
    with subprocess.Popen(command(*arguments), cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        while sign and sign not in process.stdout.readline():
            started = time.monotonic()
        process.stdout.read()
    assert process.returncode == 0
    return time.monotonic() - started


@pytest.mark.slow
def test_preparing_killed_at_any_moment(small_csv, small_data, tmp_path, is_long, seed):
    generator = random.Random(seed)
    old = start_script("dataset_prepare.py", small_csv, "--output", "old", folder=tmp_path)
    assert old.returncode == 0
    (tmp_path / "old" / "rejected.csv").write_text("row,reason\n0,of the old folder\n")
    shutil.copytree(tmp_path / "old", tmp_path / "data")
    before, after = files_in(tmp_path / "old"), files_in(small_data)
    arguments = ("dataset_prepare.py", small_csv, "--force")
    lasts = measure((*arguments, "--output", "measured"), tmp_path)
    # A moment that is drawn near the end may come when all is done: then another one is drawn.
    while killed["dataset_prepare.py"] < KILLS[is_long]:
        run_and_kill(arguments, tmp_path, generator.random(), lasts)
        # Between its two renames there is for a moment no folder, and the old one waits beside it.
        found = tmp_path / ("data" if (tmp_path / "data").exists() else "data.old.partial")
        assert files_in(found) in (before, after)
        assert start_script(*arguments, folder=tmp_path).returncode == 0
        assert files_in(tmp_path / "data") == after
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "measured", "old"]
        shutil.rmtree(tmp_path / "data")
        shutil.copytree(tmp_path / "old", tmp_path / "data")


@pytest.mark.slow
def test_a_training_killed_at_any_moment(small_data, tmp_path, is_long, seed):
    generator = random.Random(seed)
    arguments, kills = (SCRIPT, "--data", small_data, *SETTINGS), 0
    (tmp_path / "unbroken").mkdir()
    lasts = measure(arguments, tmp_path / "unbroken", sign="Epoch 1")
    while kills < KILLS[is_long]:
        folder = tmp_path / f"from kill {kills}"
        folder.mkdir()
        model = folder / "little_vgg.h5"
        model.write_bytes(b"the old model")
        was_killed = True
        while was_killed:
            flag = "--resume" if (folder / "little_vgg_checkpoint.h5").exists() else "--force"
            share = generator.random() if kills < KILLS[is_long] else 1000
            was_killed = run_and_kill((*arguments, flag), folder, share, lasts, sign="pictures for training")
            kills += was_killed
            if model.read_bytes() != b"the old model":
                assert_same_weights(model, tmp_path / "unbroken" / "little_vgg.h5")
        assert_same_result(tmp_path / "unbroken", folder)
        assert not list(folder.glob("*checkpoint*")) and not list(folder.glob("*.partial*"))


def make_video(path, frames):
    """Write a video of noise with this many frames."""
    generator = np.random.default_rng(0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (320, 240))
    for _ in range(frames):
        writer.write(generator.integers(0, 255, (240, 320, 3), np.uint8))
    writer.release()


# Each frame is a row of the table, whatever is in it.
RECOGNISE = ("test.py", "noise.avi", "--no-window", "--whole", "always", "--csv", "rows.csv", "--output", "out.mp4")


@pytest.mark.slow
def test_a_video_killed_at_any_moment(tmp_path, is_long, seed):
    generator = random.Random(seed)
    make_video(tmp_path / "noise.avi", 400)
    lasts = measure(RECOGNISE, tmp_path)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 401
    whole = (tmp_path / "out.mp4").read_bytes()
    while killed["test.py"] < KILLS[is_long]:
        (tmp_path / "out.mp4").write_bytes(b"the old video")
        # Most of the time goes by before the first frame.
        run_and_kill((*RECOGNISE, "--force"), tmp_path, generator.uniform(0.3, 1), lasts)
        lines = (tmp_path / "rows.csv").read_text().splitlines(keepends=True)
        assert len(lines) <= 401 and all(line.count(",") == 15 and line.endswith("\n") for line in lines)
        numbers = [int(line.split(",")[1]) for line in lines[1:]]
        assert numbers == list(range(len(numbers)))
        assert (tmp_path / "out.mp4").read_bytes() in (b"the old video", whole)
    assert start_script(*RECOGNISE, "--force", folder=tmp_path).returncode == 0
    assert (tmp_path / "out.mp4").read_bytes() == whole
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["noise.avi", "out.mp4", "rows.csv"]


@pytest.mark.slow
def test_so_many_were_killed(capsys, is_long):
    if len(killed) < 3:
        pytest.skip("not all tests of this file were run")
    assert min(killed.values()) == KILLS[is_long]
    with capsys.disabled():
        print("\nKilled:", ", ".join(f"{name} {number} times" for name, number in killed.items()) + "; nothing lost.")


@pytest.fixture(params=["full", "limited"])
def small_disk(request, tmp_path):
    """A folder and a function for its process: on a disk of 300 kB, or where no file may be larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limited":
        yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        return
    mounting = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder, None
    subprocess.run(["umount", folder], check=True)


def run_on(small_disk, *arguments):
    """Run a script of which the files on the disk are old ones; check that they are all there is afterwards."""
    folder, limit = small_disk
    before = files_in(folder)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    result = start_script(*arguments, folder=folder.parent, preexec_fn=limit, env=environment)
    assert_one_sentence(result, "disk")
    return before, files_in(folder)


@pytest.mark.slow
def test_a_training_on_a_full_disk(small_disk, small_data):
    (small_disk[0] / "little_vgg.h5").write_bytes(b"the old model")
    arguments = (SCRIPT, "--data", small_data, *SETTINGS, "--output", "disk/little_vgg.h5", "--force")
    before, after = run_on(small_disk, *arguments)
    asides = [name for name in after if name not in before]
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("little_vgg_20") and after[name] == b"the old model" for name in asides)


@pytest.mark.slow
def test_a_video_on_a_full_disk(small_disk):
    make_video(small_disk[0].parent / "noise.avi", 100)
    (small_disk[0] / "out.mp4").write_bytes(b"the old video")
    arguments = ("test.py", "noise.avi", "--no-window", "--output", "disk/out.mp4", "--force")
    before, after = run_on(small_disk, *arguments)
    assert after == before


@pytest.mark.slow
def test_rows_on_a_full_disk(small_disk):
    folder, limit = small_disk
    make_video(folder.parent / "noise.avi", 200)
    # What is left has room for about a hundred rows.
    (folder / "filling").write_bytes(bytes(298_000))
    if limit:
        small_disk = folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
    arguments = ("test.py", "noise.avi", "--no-window", "--whole", "always", "--csv", "disk/rows.csv")
    before, after = run_on(small_disk, *arguments)
    lines = after["rows.csv"].decode().splitlines(keepends=True)
    assert 50 < len(lines) < 200 and all(line.count(",") == 15 and line.endswith("\n") for line in lines)
    assert after["filling"] == before["filling"]
