"""test.py over many files: the same tables with several processes, chosen frames, and flags that do not fit."""

import cv2
import pytest
from conftest import PORTRAIT, assert_one_sentence, files_in, make_video, read_csv


@pytest.fixture
def study(tmp_path):
    """A folder of three videos and a picture, of which one is no video at all."""
    folder = tmp_path / "study"
    folder.mkdir()
    for name in ("a.avi", "b.avi", "d.avi"):
        make_video(folder / name)
    (folder / "c.avi").write_bytes(b"no video")
    (folder / "e.jpg").write_bytes(PORTRAIT.read_bytes())
    return folder


@pytest.mark.slow
def test_several_processes_write_the_same_tables_and_page(run_script, study, tmp_path):
    for jobs in ("1", "2"):
        files = ("--csv", f"rows_{jobs}.csv", "--table", f"rows_{jobs}.csv.gz", "--summary", f"summary_{jobs}.jsonl")
        files += ("--report", f"page_{jobs}.html")
        result = run_script("test.py", "study", "--whole", "auto", "--no-window", *files, "--jobs", jobs)
        assert_one_sentence(result, "c.avi holds no frames that can be read", status=1)
        assert "study/d.avi: one face, seen in 5 of 5 frames" in result.stdout
    for name in ("rows_{}.csv", "rows_{}.csv.gz", "summary_{}.jsonl", "summary_{}_tracks.jsonl", "page_{}.html"):
        assert (tmp_path / name.format(1)).read_bytes() == (tmp_path / name.format(2)).read_bytes()
    assert [row["source"] for row in read_csv(tmp_path / "rows_2.csv")] == [
        *["study/a.avi"] * 5, *["study/b.avi"] * 5, *["study/d.avi"] * 5, "study/e.jpg"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "frames"),
    [
        ([], [0, 1, 2, 3, 4]),
        (["--every", "0.2"], [0, 2, 4]),
        (["--start", "0.1", "--end", "0.4"], [1, 2, 3]),
        (["--every", "0.25", "--start", "0.1"], [1, 4]),
    ],
)
def test_chosen_frames_keep_their_numbers_and_times(succeed, study, tmp_path, flags, frames):
    succeed("test.py", "study/a.avi", "--all-frames", "--csv", "rows.csv", "--summary", "s.csv", *flags)
    found = [(int(row["frame"]), float(row["seconds"]), row["face"]) for row in read_csv(tmp_path / "rows.csv")]
    assert found == [(number, pytest.approx(number / 10), "") for number in frames]
    [summary] = read_csv(tmp_path / "s.csv")
    assert (summary["status"], summary["frames"], summary["rate"]) == ("no face", str(len(frames)), "10.0")
    assert (tmp_path / "s_tracks.csv").read_text().startswith("source,face,first,last,frames,")


def test_chosen_frames_are_written_at_their_pace(succeed, study, tmp_path):
    succeed("test.py", "study/a.avi", "--every", "0.2", "--output", "out.avi")
    written = cv2.VideoCapture(str(tmp_path / "out.avi"))
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 3 and written.get(cv2.CAP_PROP_FPS) == pytest.approx(5)


def test_no_frame_is_chosen(call_script, study):
    result = call_script("test.py", "study/a.avi", "--start", "60", "--csv", "rows.csv")
    assert_one_sentence(result, "study/a.avi has no frame from --start to --end", status=1)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--end", "2", "--start", "2"], ["--end 2 must come after --start 2"]),
        (["--csv", "rows.csv", "--force", "--continue"], ["name one of them"]),
        (["--jobs", "2", "--output", "out/"], ["--jobs reads files into tables, without --output"]),
        (["--report", "page.pdf"], ["page.pdf", "--report", ".html"]),
        (["--report", "there.html"], ["there.html exists already", "--force"]),
        (["--summary", "there.csv"], ["there.csv exists already", "--force", "--continue"]),
    ],
)
def test_flags_that_do_not_fit(call_script, tmp_path, flags, words):
    for name in ("there.csv", "there.html"):
        (tmp_path / name).write_text("mine")
    assert_one_sentence(call_script("test.py", PORTRAIT, *flags), *words)
    assert files_in(tmp_path) == {"there.csv": b"mine", "there.html": b"mine"}


def test_cameras_are_not_cut(call_script):
    result = call_script("test.py", "http://127.0.0.1:9/stream", "--every", "1", "--csv", "rows.csv")
    assert_one_sentence(result, "has no beginning and no end: leave out --every", status=1)


def test_a_table_that_may_not_be_written(call_script, study, tmp_path, monkeypatch):
    from emotion_recognition.studies import table

    def refuse(file, path, flag):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(table, "lock", refuse)
    result = call_script("test.py", "study", "--table", "rows.csv")
    assert_one_sentence(result, "rows.csv", "Permission denied", "change the permissions")


def test_what_is_whole_is_told(call_script, succeed, study, caplog):
    call_script("test.py", "study/a.avi", "study/b.avi", "--csv", "rows.csv")
    result = succeed("test.py", "study/a.avi", "study/b.avi", "study/d.avi", "--csv", "rows.csv", "--continue")
    assert "2 of 3 sources are whole already." in caplog.messages
    assert "a.avi:" not in result.stdout and "d.avi:" in result.stdout
