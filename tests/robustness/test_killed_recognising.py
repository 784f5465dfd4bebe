"""Recognising killed at any moment (kill -9), and disks that are full: what was there is whole, rows are whole lines.

The short form is part of all tests; `make kill` runs the long one.
"""

import random
import resource

import pytest
from conftest import noise, start_script, write_video
from killing import KILLS, measure, run_and_kill, run_on, tell_kills

# Each frame is a row of the table, whatever is in it.
RECOGNISE = ("test.py", "noise.avi", "--no-window", "--whole", "always", "--csv", "rows.csv", "--output", "out.mp4")


@pytest.mark.slow
def test_a_video_killed_at_any_moment(tmp_path, is_long, seed, capsys):
    generator = random.Random(seed)
    write_video(tmp_path / "noise.avi", noise(400))
    lasts, kills = measure(RECOGNISE, tmp_path), 0
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 401
    whole = (tmp_path / "out.mp4").read_bytes()
    while kills < KILLS[is_long]:
        (tmp_path / "out.mp4").write_bytes(b"the old video")
        # Most of the time goes by before the first frame.
        kills += run_and_kill((*RECOGNISE, "--force"), tmp_path, generator.uniform(0.3, 1), lasts)
        lines = (tmp_path / "rows.csv").read_text().splitlines(keepends=True)
        assert len(lines) <= 401 and all(line.count(",") == 17 and line.endswith("\n") for line in lines)
        numbers = [int(line.split(",")[1]) for line in lines[1:]]
        assert numbers == list(range(len(numbers)))
        assert (tmp_path / "out.mp4").read_bytes() in (b"the old video", whole)
    assert start_script(*RECOGNISE, "--force", folder=tmp_path).returncode == 0
    assert (tmp_path / "out.mp4").read_bytes() == whole
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["noise.avi", "out.mp4", "rows.csv"]
    tell_kills(capsys, "reading a video", kills)


FILES = ("--csv", "rows.csv", "--summary", "summary.csv", "--report", "page.html")
STUDY = ("test.py", "videos", "--no-window", "--whole", "always", *FILES)


@pytest.mark.slow
def test_a_study_killed_at_any_moment_goes_on(tmp_path, is_long, seed, capsys):
    generator = random.Random(seed)
    (tmp_path / "videos").mkdir()
    for number in range(5):
        write_video(tmp_path / "videos" / f"{number}.avi", noise(60 + number))
    lasts, kills = measure(STUDY, tmp_path), 0
    tables = ("rows.csv", "summary.csv", "summary_tracks.csv", "page.html")
    whole = [(tmp_path / name).read_bytes() for name in tables]
    assert whole[0].count(b"\n") == 1 + 5 * 60 + 1 + 2 + 3 + 4
    while kills < KILLS[is_long]:
        for path in tmp_path.glob("*.*"):
            path.unlink()
        was_killed = True
        while was_killed:
            # A process that outlives the killed one would hold its output open, and this would wait for ever.
            jobs = ("--jobs", str(generator.choice((1, 2))))
            share = generator.uniform(0.3, 1) if kills < KILLS[is_long] else 1000
            was_killed = run_and_kill((*STUDY, "--continue", *jobs), tmp_path, share, lasts)
            kills += was_killed
        assert [(tmp_path / name).read_bytes() for name in tables] == whole
    assert {entry.name for entry in tmp_path.iterdir()} == {"videos", "rows.csv.journal", *tables}
    tell_kills(capsys, "a study of several videos", kills)


@pytest.mark.slow
def test_a_video_on_a_full_disk(small_disk):
    write_video(small_disk[0].parent / "noise.avi", noise(100))
    (small_disk[0] / "out.mp4").write_bytes(b"the old video")
    arguments = ("test.py", "noise.avi", "--no-window", "--output", "disk/out.mp4", "--force")
    before, after = run_on(small_disk, *arguments)
    assert after == before


@pytest.mark.slow
def test_rows_on_a_full_disk(small_disk):
    folder, limit = small_disk
    write_video(folder.parent / "noise.avi", noise(200))
    # What is left has room for about a hundred rows, and the journal.
    (folder / "filling").write_bytes(bytes(290_000))
    if limit:
        small_disk = folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
    arguments = ("test.py", "noise.avi", "--no-window", "--whole", "always", "--csv", "disk/rows.csv")
    before, after = run_on(small_disk, *arguments)
    lines = after["rows.csv"].decode().splitlines(keepends=True)
    assert 50 < len(lines) < 200 and all(line.count(",") == 17 and line.endswith("\n") for line in lines)
    assert after["filling"] == before["filling"]
    # With room again, the run goes on.
    (folder / "filling").unlink()
    assert start_script(*arguments, "--continue", folder=folder.parent).returncode == 0
    numbers = [int(line.split(",")[1]) for line in (folder / "rows.csv").read_text().splitlines()[1:]]
    assert numbers == list(range(200))
