"""Rows: what they hold, and that a file ends with a whole one whatever happens."""

import csv
import gzip
import io
import json

import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face
from emotion_recognition.studies import table as table_module
from emotion_recognition.studies.table import COLUMNS, Table, check_ending, csv_lines, json_lines, make_rows

EMOTIONS = ("happy", "sad")
HEADING = ",".join((*COLUMNS, *EMOTIONS)) + "\n"


def faces(*happy, first=1) -> list[Face]:
    """Return a face for each probability of happy, with tracks from `first` on."""
    rows = [{"happy": value, "sad": 1 - value} for value in happy]
    return [
        Face((10 * track, 2, 3, 4), row, max(row, key=row.get), track=track)
        for track, row in enumerate(rows, start=first)
    ]


def test_rows():
    rows = make_rows("a, b.mp4", 7, 0.28, faces(0.75, 0.25, first=2))
    assert [list(row) for row in rows] == [[*COLUMNS, *EMOTIONS]] * 2
    assert list(rows[0].values()) == ["a, b.mp4", 7, 0.28, 2, None, 20, 2, 3, 4, "happy", None, 0.75, 0.25]
    assert list(rows[1].values()) == ["a, b.mp4", 7, 0.28, 3, None, 30, 2, 3, 4, "sad", None, 0.25, 0.75]
    written = ["" if value is None else str(value) for value in rows[0].values()]
    assert next(csv.reader(io.StringIO(csv_lines(rows)))) == written
    assert [json.loads(line) for line in json_lines(rows).splitlines()] == rows


def test_a_frame_without_a_face_is_a_row_where_all_are_wanted():
    assert make_rows("a.mp4", 7, 0.28, []) == []
    [row] = make_rows("a.mp4", 7, 0.28, [], EMOTIONS)
    assert csv_lines([row]) == "a.mp4,7,0.28" + "," * (len(COLUMNS) + len(EMOTIONS) - 3) + "\n"
    assert json.loads(json_lines([row]))["happy"] is None
    assert make_rows("a.mp4", 7, 0.28, faces(0.75), EMOTIONS) == make_rows("a.mp4", 7, 0.28, faces(0.75))


def test_the_faces_of_a_picture_are_numbered_too_with_their_scores_and_what_is_unclear():
    unsure = Face((1, 2, 3, 4), {"happy": 0.5, "sad": 0.5}, "happy", score=2.41321, unclear="sad")
    rows = make_rows("a.png", 0, 0.0, [unsure, unsure])
    assert [(row["face"], row["score"], row["unclear"]) for row in rows] == [(1, 2.4132, "sad"), (2, 2.4132, "sad")]


def test_rows_are_in_the_file_at_once_and_whole_when_the_disk_is_full(tmp_path):
    rows = make_rows("a.mp4", 7, 0.28, faces(0.75))
    table = Table(tmp_path / "out.csv", "--csv", EMOTIONS)
    table.write(rows)
    whole = HEADING + csv_lines(rows)
    assert (tmp_path / "out.csv").read_text() == whole

    class FullDisk:
        def __init__(self, raw):
            self.raw, self.room = raw, 10

        def write(self, data):
            if not self.room:
                raise OSError(28, "No space left on device")
            written, self.room = self.raw.write(data[: self.room]), 0
            return written

        def __getattr__(self, name):
            return getattr(self.raw, name)

    table._file = FullDisk(table._file)
    with pytest.raises(OSError, match=r"out\.csv"):
        table.write(rows)
    assert (tmp_path / "out.csv").read_text() == whole


def test_a_table_without_rows_is_there_once_something_was_read(tmp_path):
    for name, text in (("read.jsonl", ""), ("read.csv", HEADING), ("unread.jsonl", None), ("unread.csv", None)):
        table = Table(tmp_path / name, "--table", EMOTIONS)
        if text is not None:
            table.write([])
        table.close()
        assert (tmp_path / name).exists() == (text is not None)
        assert text is None or (tmp_path / name).read_text() == text


def test_names_that_are_not_utf_8(tmp_path):
    table = Table(tmp_path / "out.csv", "--csv", EMOTIONS)
    table.write(make_rows("a\udcff\x1b[2J.avi", 0, 0.0, faces(0.75)))
    table.close()
    assert (tmp_path / "out.csv").read_bytes().startswith(HEADING.encode() + b"a\\udcff\x1b[2J.avi,0,0.0,1,,")
    # In JSON the sign itself, or half of a pair, would make a file that most programs refuse.
    [line] = json_lines(make_rows("a\udcff.avi", 0, 0.0, faces(0.75))).splitlines()
    assert json.loads(line)["source"] == "a\\udcff.avi"


@pytest.mark.parametrize(
    ("flag", "right", "wrong", "told"),
    [
        ("--csv", ("Rows.CSV", "-"), ("rows.csv.gz", "rows", "rows.parquet"), r"\.csv, or - to print"),
        ("--jsonl", ("rows.jsonl", "rows.ndjson", "-"), ("rows.json",), r"\.jsonl or \.ndjson, or - to print"),
        (
            "--table",
            ("rows.csv", "rows.CSV.gz", "rows.jsonl", "rows.parquet"),
            ("-", "rows.gz"),
            r"\.csv or .*parquet\.",
        ),
        ("--summary", ("rows.csv.gz",), ("-",), r"\.csv or .*parquet\."),
    ],
)
def test_endings_of_another_form_are_refused(flag, right, wrong, told):
    for name in right:
        check_ending(name, flag)
    for name in wrong:
        with pytest.raises(UserError, match=f"{name}: name a file for {flag} that ends in {told}"):
            check_ending(name, flag)


def test_rows_on_standard_output(capfd):
    rows = make_rows("a.mp4", 7, 0.28, faces(0.75))
    for flag, text in (("--csv", HEADING + csv_lines(rows)), ("--jsonl", json_lines(rows))):
        table = Table("-", flag, EMOTIONS)
        table.write(rows)
        table.close()
        assert capfd.readouterr().out == text
    print("standard output is still open", flush=True)
    assert capfd.readouterr().out


def test_what_was_printed_is_not_cut_back(capfd):
    print("precious", flush=True)
    table = Table("-", "--csv", EMOTIONS)
    table.resume(0, "")
    table.resume(1000, "digest")
    table.close()
    assert capfd.readouterr().out == "precious\n"


def test_a_carriage_return_in_a_name_ends_no_row():
    rows = make_rows("a\rb.jpg", 0, 0.0, faces(0.75)) + make_rows("c.jpg", 0, 0.0, faces(0.75))
    text = csv_lines(rows)
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))] == ["a\rb.jpg", "c.jpg"]
    assert text.splitlines()[-1].startswith("c.jpg,0,0.0,1,,")


def test_packed_rows_are_those_of_csv_and_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(table_module, "PACKED_BYTES", 100)
    packed, plain = (
        Table(tmp_path / "rows.csv.gz", "--table", EMOTIONS),
        Table(tmp_path / "rows.csv", "--csv", EMOTIONS),
    )
    for table in (packed, plain):
        table.write(make_rows("a", 0, 0.0, faces(0.75)))
    assert (tmp_path / "rows.csv.gz").stat().st_size, "they do not all wait in memory"
    size = packed.end_source()
    packed.write(make_rows("lost", 0, 0.0, faces(0.75)))
    packed.close()
    packed = Table(tmp_path / "rows.csv.gz", "--table", EMOTIONS)
    packed.resume(*size)
    for table in (packed, plain):
        table.write(make_rows("b", 0, 0.0, faces(0.75)))
        table.close()
    assert gzip.decompress((tmp_path / "rows.csv.gz").read_bytes()) == (tmp_path / "rows.csv").read_bytes()
