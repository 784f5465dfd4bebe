"""archive.py on Ray, on one machine."""

import importlib.util
from pathlib import Path

import cv2
import pytest
from conftest import NO_DISPLAY, PORTRAIT, assert_one_sentence, sentences, start_script

if importlib.util.find_spec("ray") is None or importlib.util.find_spec("pyarrow") is None:
    pytest.skip("ray or pyarrow is not installed (pip install ray pyarrow)", allow_module_level=True)

QUIET = {**NO_DISPLAY, "RAY_USAGE_STATS_ENABLED": "0"}


def make_videos(folder, number):
    """Write so many short videos of a portrait, no two alike."""
    folder.mkdir()
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (256, 300))
    for place in range(number):
        path = folder / f"{place:03}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (256, 300))
        for frame in range(3):
            writer.write(cv2.convertScaleAbs(portrait, alpha=1 - place / 1000, beta=2 * frame))
        writer.release()


def read_rows(path) -> list[dict]:
    """Return the rows of a Parquet file or of all in a folder, in the order in which test.py writes them."""
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(path).to_pylist()
    return sorted(rows, key=lambda row: (row["source"], row["frame"], row["face"])) if Path(path).is_dir() else rows


def assert_same_tables(folder):
    """Check that tables/ holds what test.py writes of videos/ with one process."""
    kept = ("--table", "rows.parquet", "--summary", "summary.parquet", "--force")
    result = start_script("test.py", "videos", *kept, folder=folder, env=QUIET)
    assert result.returncode in (0, 1), result.stderr
    assert read_rows(folder / "tables/rows") == read_rows(folder / "rows.parquet")
    for name in ("summary.parquet", "summary_tracks.parquet"):
        assert read_rows(folder / "tables" / name) == read_rows(folder / name)


@pytest.mark.slow
def test_one_machine_reads_a_folder_and_goes_on(tmp_path):
    make_videos(tmp_path / "videos", 4)
    (tmp_path / "videos/bad.mp4").write_text("nothing")
    (tmp_path / "videos/photo.jpg").symlink_to(PORTRAIT)
    arguments = ("archive.py", "videos", "--output", "tables", "--jobs", "2")
    result = start_script(*arguments, folder=tmp_path, env=QUIET)
    assert result.returncode == 1, result.stdout + result.stderr
    [sentence] = sentences(result)
    assert "bad.mp4" in sentence
    assert "1 could not be read" in result.stdout
    assert "bad.mp4" in (tmp_path / "tables/unreadable.csv").read_text()
    assert_same_tables(tmp_path)

    # A second start reads what has no part.
    (tmp_path / "videos/bad.mp4").unlink()
    parts = sorted((tmp_path / "tables/rows").iterdir())
    parts[0].unlink()
    before = {part: part.stat().st_mtime_ns for part in parts[1:]}
    result = start_script(*arguments, folder=tmp_path, env=QUIET)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "5 sources, 4 of them read already." in result.stdout
    assert {part: part.stat().st_mtime_ns for part in parts[1:]} == before
    assert_same_tables(tmp_path)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["none", "--output", "tables"], ["none is not there", "folder"]),
        (["empty.txt", "--output", "tables"], ["empty.txt names no videos or pictures"]),
        (["stream.txt", "--output", "tables"], ["rtsp://192.0.2.1/ is a stream", "leave it out"]),
        (["photo.txt", "--output", "photo.txt"], ["photo.txt is a file", "--output"]),
        (["photo.txt", "--output", "tables", "--jobs", "2", "--cluster", "auto"], ["--cluster", "--jobs"]),
    ],
)
def test_mistakes(given, words, tmp_path, call_script):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "stream.txt").write_text("rtsp://192.0.2.1/\n")
    (tmp_path / "photo.txt").write_text(f"{PORTRAIT}\n")
    assert_one_sentence(call_script("archive.py", *given), *words)
