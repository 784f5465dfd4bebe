"""Parquet tables: the same rows as in CSV, whole or not there, and runs that go on."""

import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face
from emotion_recognition.studies import parquet
from emotion_recognition.studies.parquet import ParquetTable, check_pyarrow, read_parquet, rows_path, write_parquet
from emotion_recognition.studies.study import write_rows
from emotion_recognition.studies.table import make_rows

EMOTIONS = ("happy", "sad")
FACE = Face((1, 2, 30, 40), {"happy": 0.75, "sad": 0.25}, "happy", score=0.5, track=1)


def rows_of(source, frames=3):
    """Return the rows of a video whose first frame has no face."""
    return [
        row for number in range(frames) for row in make_rows(source, number, number / 25, [FACE] * number, EMOTIONS)
    ]


def all_rows(path):
    return [row for rows in read_parquet(path) for row in rows]


@pytest.fixture
def table(tmp_path):
    """Return a function that opens the same table."""
    pytest.importorskip("pyarrow", reason="PyArrow is in the extra `tables`")
    return lambda: ParquetTable(tmp_path / "rows.parquet", "--table", EMOTIONS)


def test_rows_as_they_were_written(table, tmp_path):
    opened = table()
    # Names that look like no value, or are none in UTF-8.
    for source in ("NA", 'a, "b"\n.mp4', "null", "a\udcff.mp4"):
        opened.write(rows_of(source))
    assert not (tmp_path / "rows.parquet").exists()
    opened.close()
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
    wanted = [row for source in ("NA", 'a, "b"\n.mp4', "null", "a\\udcff.mp4") for row in rows_of(source)]
    assert all_rows(tmp_path / "rows.parquet") == wanted


def test_rows_that_are_written_in_parts(table, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "GROUP_ROWS", 2)
    write_rows(tmp_path / "rows.parquet", rows_of("a", frames=4), list(rows_of("a")[0]))
    assert all_rows(tmp_path / "rows.parquet") == rows_of("a", frames=4)


def test_a_stopped_run_goes_on(table, tmp_path):
    first = table()
    first.write(rows_of("a"))
    size = first.end_source()
    first.write(rows_of("b", frames=2))
    # As after a kill: the rows wait. Those that are whole become the file, though nothing is left to read.
    first._file.close()
    second = table()
    second.resume(*size)
    second.close()
    assert all_rows(tmp_path / "rows.parquet") == rows_of("a") and len(list(tmp_path.iterdir())) == 1
    # The third goes on with a run that has ended, and is killed; the fourth goes on with that one.
    for source, is_killed in (("b", True), ("c", False)):
        later = table()
        later.resume(*size)
        later.write(rows_of(source))
        size = later.end_source()
        later._file.close() if is_killed else later.close()
    assert all_rows(tmp_path / "rows.parquet") == rows_of("a") + rows_of("b") + rows_of("c")
    assert not rows_path(tmp_path / "rows.parquet").exists()


def test_a_file_that_was_changed_stays(table, tmp_path):
    opened = table()
    opened.write(rows_of("a"))
    size = opened.end_source()
    opened.close()
    write_parquet(tmp_path / "rows.parquet", rows_of("other"), list(rows_of("other")[0]))
    opened = table()
    with pytest.raises(UserError, match=r"rows\.parquet has been changed since the run"):
        opened.resume(*size)
    opened.close()
    assert all_rows(tmp_path / "rows.parquet") == rows_of("other") and len(list(tmp_path.iterdir())) == 1
    (tmp_path / "rows.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match=r"rows\.parquet is no Parquet file, or damaged"):
        table().resume(*size)
    assert rows_path(tmp_path / "rows.parquet").read_bytes() == b""


def test_without_pyarrow_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"rows\.parquet: .* PyArrow; install it with `pip install pyarrow`"):
        check_pyarrow("rows.parquet")
