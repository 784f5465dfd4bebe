"""The tables of a run that was stopped and goes on: no row is lost or doubled, and nothing of others is touched."""

import errno
import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import PORTRAIT, files_in, plain, read_csv

from emotion_recognition.errors import UserError
from emotion_recognition.images import read_picture
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.outputs import Outputs
from emotion_recognition.studies.reading import ReadingSettings, SourceReader, read_source
from emotion_recognition.studies.study import Study, tracks_path
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.sources import find_sources

EMOTIONS = ("happy", "sad")
FACE = Face((1, 2, 30, 40), {"happy": 0.75, "sad": 0.25}, "happy", score=4.0, track=1)
SETTINGS = ReadingSettings()
READER = SimpleNamespace(read=lambda picture, *seconds: [FACE] if picture.mean() else [])
RECOGNISER = SimpleNamespace(emotions=EMOTIONS, follow=lambda smooth: READER, read=READER.read)


@pytest.fixture(autouse=True)
def _digest(monkeypatch):
    monkeypatch.setattr(ReadingSettings, "model_digest", lambda self: "digest")


class Clip(Source):
    """A video of so many frames, of which every third is black and has no face; `fails` after its last frame."""

    is_video = True

    def __init__(self, name, frames=3, fails=False):
        super().__init__(name)
        self.count, self.fails, self.path = frames, fails, Path("clips") / f"{name}.avi"

    def _read(self):
        for number in range(self.count):
            # The times are those of a part, as with --start.
            yield Frame(np.full((48, 64, 3), 100 * (number % 3 > 0), np.uint8), number, 60 + number / 25)
        if self.fails:
            raise UserError("it is cut off.")


def clips(**failing):
    return [Clip(name, fails=name in failing) for name in ("a", "b", "c")]


def run(folder, sources, stop_at="", settings=None, **options):
    """Read all sources as test.py does; stopped as by a kill in the middle of a source where one is named."""
    outputs = Outputs(
        csv=folder / "rows.csv", jsonl=folder / "rows.jsonl", table=folder / "rows.csv.gz",
        summary=folder / "summary.csv", sources=sources, emotions=EMOTIONS, settings=settings or SETTINGS, **options,
    )  # fmt: skip
    for source in outputs.study.left(sources):
        reader = SourceReader(source, RECOGNISER, settings or SETTINGS)
        try:
            for frame, faces in reader:
                outputs.write(source, frame, faces, None)
                if source.name == stop_at and frame.number == 1:
                    outputs.complete()
                    for part in (*outputs.study.tables, outputs.study._journal):
                        part._file.close()
                    return
        except UserError:
            pass
        outputs.end_source(reader.summary(), reader.tracks(), reader.is_done)
    outputs.__exit__(None, None, None)


def rows(folder, name="rows.csv"):
    return [(row["source"], int(row["frame"])) for row in read_csv(folder / name)]


@pytest.fixture
def whole(tmp_path):
    """The files of a run that nobody has stopped."""
    (tmp_path / "whole").mkdir()
    run(tmp_path / "whole", clips())
    return files_in(tmp_path / "whole")


def test_all_settings_reach_who_finds_and_reads_faces():
    for settings in ({"min_face": 300}, {"min_score": 50}):
        recogniser = ReadingSettings(**settings, whole="auto", views=2).open_recogniser()
        assert (recogniser.whole, recogniser.views) == ("auto", 2)
        assert recogniser.detector.detect(read_picture(PORTRAIT)) == []
    for settings in ({"emotions": "fer2013"}, {"pixel_range": "byte"}):
        with pytest.raises(UserError, match="leave out --emotions and --pixel-range"):
            ReadingSettings(**settings).open_recogniser()


def test_the_files_of_a_run(whole, tmp_path):
    folder = tmp_path / "whole"
    assert rows(folder) == [(name, number) for name in "abc" for number in (1, 2)]
    assert gzip.decompress(whole["rows.csv.gz"]) == whole["rows.csv"]
    lines = [json.loads(line) for line in whole["rows.jsonl"].splitlines()]
    assert [(line["source"], line["frame"]) for line in lines] == rows(folder)
    summaries = read_csv(folder / "summary.csv")
    assert [(row["source"], row["status"], row["frames"]) for row in summaries] == [(n, "read", "3") for n in "abc"]
    first = summaries[0]
    assert (first["rate"], first["seconds"], first["share_with_face"]) == ("25.0", "0.12", "0.6667")
    means = [first[name] for name in ("tracks", "mean_score", "mean_happy", "share_happy", "model")]
    assert means == ["1", "4.0", "0.75", "1.0", "digest"]
    tracks = read_csv(folder / "summary_tracks.csv")
    assert [(row["source"], row["face"], row["frames"], row["mean_width"]) for row in tracks] == [
        (name, "1", "2", "30.0") for name in "abc"
    ]
    assert (tracks[0]["first"], tracks[0]["last"]) == ("60.04", "60.08")
    assert tracks_path(folder / "summary.csv.gz") == folder / "summary_tracks.csv.gz"


@pytest.mark.parametrize("stop_at", ["a", "b", "c"])
def test_a_stopped_run_goes_on_to_the_same_tables(whole, tmp_path, stop_at):
    run(tmp_path, clips(), stop_at=stop_at)
    (tmp_path / "rows.csv.gz.journal").open("a").write('{"summary": {"sour')
    run(tmp_path, clips(), continues=True)
    assert {name: (tmp_path / name).read_bytes() for name in whole} == whole
    # Once more, there is nothing to do.
    run(tmp_path, clips(), continues=True)
    assert {name: (tmp_path / name).read_bytes() for name in whole} == whole


def test_new_sources_are_added_and_unreadable_ones_tried_again(tmp_path):
    first = [Clip("a"), Clip("bad", frames=0, fails=True), Clip("half", frames=2, fails=True)]
    run(tmp_path, first)
    assert rows(tmp_path) == [("a", 1), ("a", 2), ("half", 1)]
    run(tmp_path, [Clip("new"), Clip("a"), Clip("bad", frames=2), Clip("half")], continues=True)
    assert rows(tmp_path) == [("a", 1), ("a", 2), ("half", 1), ("new", 1), ("new", 2), ("bad", 1)]
    statuses = {row["source"]: (row["status"], row["reason"]) for row in read_csv(tmp_path / "summary.csv")}
    assert statuses == {
        "a": ("read", ""), "bad": ("read", ""), "half": ("partly read", "half: it is cut off."), "new": ("read", "")
    }  # fmt: skip


@pytest.mark.parametrize(("is_live", "anew"), [(False, "force"), (False, "continues"), (True, "force")])
def test_two_runs_into_one_table(tmp_path, is_live, anew):
    source = Clip("a")
    # The rows of a camera have no journal.
    source.is_live = is_live
    options = {"csv": tmp_path / "rows.csv", "sources": [source], "emotions": EMOTIONS, "settings": SETTINGS}
    with Outputs(**options) as outputs:
        outputs.write(source, Frame(None, 0, 0.0), [FACE], None)
        outputs.complete()
        before = (tmp_path / "rows.csv").read_bytes()
        with pytest.raises(UserError, match=r"rows\.csv\S* is being written by another run: wait .* another --csv"):
            Outputs(**options, **{anew: True})
        assert (tmp_path / "rows.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smooth": 0.0}, r"begun with --smooth 0\.3: go on so, or begin anew with --force"),
        ({"all_frames": True}, "begun without --all-frames"),
        ({"report": "page.html", "blur": False}, "begun without --no-blur"),
        (("rows.csv", "mine"), r"rows\.csv has been changed .* with --force"),
        (("rows.csv.gz.journal", None), r"journal, which tells .* is missing"),
        (("rows.csv.gz.journal", "{}}\n"), "journal is damaged: begin anew with --force"),
        (("rows.csv.gz.journal", "[]\n{}\n"), "journal is damaged"),
    ],
)
def test_what_does_not_fit_the_run_before(tmp_path, change, words):
    run(tmp_path, clips())
    settings = SETTINGS
    match change:
        case dict():
            settings = replace(SETTINGS, **change)
        case (name, None):
            (tmp_path / name).unlink()
        case (name, text):
            (tmp_path / name).write_text(text)
    before = files_in(tmp_path)
    with pytest.raises(UserError, match=words):
        run(tmp_path, clips(), continues=True, settings=settings)
    assert files_in(tmp_path) == before


def test_a_run_that_was_begun_with_zero_or_with_other_files_is_told_so(tmp_path):
    settings = replace(SETTINGS, smooth=0.0, min_score=0.0)
    run(tmp_path, clips(), settings=settings)
    with pytest.raises(UserError, match=r"begun with --min-score 0\.0: go on so"):
        run(tmp_path, clips(), continues=True, settings=replace(SETTINGS, smooth=0.0))
    with pytest.raises(UserError, match=r"begun with --smooth 0\.0: go on so"):
        run(tmp_path, clips(), continues=True, settings=replace(SETTINGS, min_score=0.0))
    with pytest.raises(UserError, match=r"with --table rows\.csv\.gz, --csv rows\.csv, .*: name the same files, or"):
        fewer = {"table": tmp_path / "rows.csv.gz", "sources": clips(), "emotions": EMOTIONS}
        Outputs(**fewer, settings=settings, continues=True)


def test_a_table_of_another_version(tmp_path):
    (tmp_path / "rows.csv").write_text("source,frame,seconds,face,x,y\na,0,0.0,1,2,3\n")
    before = files_in(tmp_path)
    with pytest.raises(UserError, match=r"rows\.csv is a table of another version, with other columns: .* --force"):
        Outputs(csv=tmp_path / "rows.csv", sources=clips(), emotions=EMOTIONS, settings=SETTINGS, continues=True)
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("left", "files"),
    [
        ("rows.parquet.rows.csv", {"table": "rows.parquet"}),
        ("summary.csv.journal", {"summary": "summary.csv"}),
    ],
)
def test_what_a_killed_run_has_left_is_not_overwritten(tmp_path, monkeypatch, left, files):
    monkeypatch.setattr("emotion_recognition.studies.study.check_pyarrow", lambda path: None)
    (tmp_path / left).write_text("a night's work")
    with pytest.raises(UserError, match=f"{left} exists already: .* --force, or go on with --continue"):
        Outputs(**{name: tmp_path / file for name, file in files.items()}, sources=clips(), emotions=EMOTIONS)
    assert files_in(tmp_path) == {left: b"a night's work"}


def test_pictures_of_others_are_no_run_to_go_on_with(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("mine")
    files = {"output": tmp_path / "out", "csv": tmp_path / "rows.csv"}
    with pytest.raises(UserError, match="out exists already"):
        Outputs(**files, sources=clips(), emotions=EMOTIONS, settings=SETTINGS, continues=True)


def test_a_single_source_leaves_no_journal_unless_it_was_stopped(tmp_path):
    run(tmp_path, [Clip("a")])
    assert not list(tmp_path.glob("*.journal"))
    run(tmp_path, [Clip("a")], stop_at="a", force=True)
    run(tmp_path, [Clip("a")], continues=True)
    assert rows(tmp_path) == [("a", 1), ("a", 2)]


@pytest.mark.parametrize(
    ("frames", "blur", "told"), [([3], None, "Faces that were found are blurred"), ([3, 1], False, "can be recognised")]
)
def test_what_was_read_is_kept_where_the_page_finds_no_room(tmp_path, monkeypatch, frames, blur, told):
    files, settings = {"--report": tmp_path / "page.html"}, replace(SETTINGS, report="page.html", blur=blur)
    # The frame of the second source has no face: it is shown where none would have to be blurred.
    sources = [Clip(str(number), number) for number in frames]
    study = Study(files, sources, EMOTIONS, settings)
    for source in sources:
        study.end_source(*read_source(source, RECOGNISER, settings, lambda rows: None))
    with monkeypatch.context() as full:
        full.setattr("emotion_recognition.studies.study.write_report", raise_full)
        with pytest.raises(OSError, match="No space"):
            study.close()
    again = Study(files, sources, EMOTIONS, settings, continues=True)
    assert again.left(sources) == []
    again.close()
    page = (tmp_path / "page.html").read_text()
    assert page.count("<section") == page.count("data:image/jpeg") == len(frames) and told in page


def raise_full(*arguments):
    """Fail as a full disk does, in the midst of the file that is named last."""
    if isinstance(arguments[-1], Path):
        arguments[-1].write_bytes(b"a part")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_ctrl_c_keeps_what_is_whole_and_says_how_to_go_on(whole, tmp_path, capsys):
    sources = clips()
    files = {"csv": tmp_path / "rows.csv", "summary": tmp_path / "summary.csv"}
    with (
        pytest.raises(KeyboardInterrupt),
        Outputs(**files, sources=sources, emotions=EMOTIONS, settings=SETTINGS) as outputs,
    ):
        for source in sources:
            reader = SourceReader(source, RECOGNISER, SETTINGS)
            try:
                for frame, faces in reader:
                    outputs.write(source, frame, faces, None)
                    if (source.name, frame.number) == ("b", 1):
                        raise KeyboardInterrupt
            finally:
                outputs.end_source(reader.summary(), reader.tracks(), reader.is_done)
    assert "with --continue goes on" in capsys.readouterr().out
    assert rows(tmp_path) == [("a", 1), ("a", 2), ("b", 1)]
    statuses = [(row["source"], row["status"]) for row in read_csv(tmp_path / "summary.csv")]
    assert statuses == [("a", "read"), ("b", "partly read")]
    options = {"sources": clips(), "emotions": EMOTIONS, "settings": SETTINGS, "continues": True}
    with Outputs(**files, **options) as outputs:
        assert [source.name for source in outputs.study.left(clips())] == ["b", "c"]
    assert rows(tmp_path) == [("a", 1), ("a", 2)]


def test_only_what_was_written_is_told(tmp_path, capsys):
    run(tmp_path, [Clip("bad", frames=0, fails=True)])
    assert capsys.readouterr().out == f"Wrote {tmp_path}/summary.csv, {tmp_path}/summary_tracks.csv\n"
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".journal"}
    run(tmp_path, [Clip("a", frames=1)], force=True)
    assert f"{tmp_path}/rows.jsonl" in capsys.readouterr().out and (tmp_path / "rows.jsonl").exists()
    run(tmp_path, [Clip("a"), Clip("b")], force=True)
    capsys.readouterr()
    run(tmp_path, [Clip("a"), Clip("b")], continues=True)
    assert capsys.readouterr().out == ""


def test_a_mistyped_name_leaves_nothing_in_the_way(tmp_path):
    files = {"csv": tmp_path / "rows.csv", "emotions": EMOTIONS, "settings": SETTINGS}
    for source in (Clip("typo", frames=0, fails=True), Clip("clip")):
        with Outputs(**files, sources=[source]) as outputs:
            outputs.end_source(*read_source(source, RECOGNISER, SETTINGS, outputs.study.tables[0].write))
        assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"][: source.count]


def test_rows_that_wait_for_a_parquet_file_are_gone_on_with(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pyarrow", reason="PyArrow is in the extra `tables`")
    options = {"table": tmp_path / "rows.parquet", "sources": clips(), "emotions": EMOTIONS, "settings": SETTINGS}
    with monkeypatch.context() as full:
        full.setattr("emotion_recognition.studies.parquet.ParquetTable._convert", raise_full)
        with pytest.raises(OSError, match="No space"), Outputs(**options) as outputs:
            outputs.write(options["sources"][0], Frame(plain(), 0, 0.0), [FACE], None)
    assert "rows.parquet" not in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.parquet.journal", "rows.parquet.rows.csv"]
    assert rows(tmp_path, "rows.parquet.rows.csv") == [("a", 0)]
    journal = (tmp_path / "rows.parquet.journal").rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"journal, which tells what .*rows\.parquet holds whole, is missing"):
        Outputs(**options, continues=True)
    journal.rename(tmp_path / "rows.parquet.journal")
    with Outputs(**options, continues=True) as outputs:
        assert outputs.study.left(clips())[0].name == "a"


def test_of_a_source_that_was_stopped_before_its_first_frame_nothing_is_told(tmp_path):
    sources = [Clip("a"), Clip("b")]
    # A picture.
    sources[1].is_video = False
    with Outputs(summary=tmp_path / "summary.csv", sources=sources, emotions=EMOTIONS, settings=SETTINGS) as outputs:
        outputs.end_source(*read_source(sources[0], RECOGNISER, SETTINGS, lambda rows: None))
        stopped = SourceReader(sources[1], RECOGNISER, SETTINGS)
        outputs.end_source(stopped.summary(), stopped.tracks(), stopped.is_done)
    assert [(row["source"], row["status"]) for row in read_csv(tmp_path / "summary.csv")] == [("a", "read")]


def test_a_camera_has_a_summary_and_no_journal(tmp_path):
    camera = Clip("Camera 0")
    camera.is_live = True
    run(tmp_path, [camera])
    assert (tmp_path / "summary.csv").read_text().splitlines()[1].startswith("Camera 0,read,,3,25.0,0.12,0.6667,1,")
    assert not list(tmp_path.glob("*.journal"))
    with pytest.raises(UserError, match="--continue goes on with tables of files"):
        run(tmp_path, [camera], continues=True)
    # Who ends a camera has read it whole.
    reader = SourceReader(camera, RECOGNISER, SETTINGS)
    next(iter(reader))
    assert reader.summary().status == "no face"


def test_a_source_to_which_a_person_comes_back_is_summed_up_by_its_longer_visit(tmp_path):
    source = Clip("a", frames=6)
    with Outputs(csv=tmp_path / "rows.csv", sources=[source, Clip("b")], emotions=EMOTIONS, settings=SETTINGS) as kept:
        for frames in (2, 6, 1):
            reader = SourceReader(source, RECOGNISER, SETTINGS)
            for frame, faces in reader:
                kept.write(source, frame, faces, None)
                if frame.number == frames - 1:
                    break
            reader.is_done = True
            kept.end_source(reader.summary(), reader.tracks(), reader.is_done)
        assert kept.study.summaries["a"][0].frames == 6
    assert [frame for _, frame in rows(tmp_path)] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("clip", "status", "reason", "frames"),
    [
        (Clip("a"), "read", None, 3),
        (Clip("a", frames=1), "no face", None, 1),
        (Clip("a", frames=2, fails=True), "partly read", "a: it is cut off.", 2),
        (Clip("a", frames=0, fails=True), "unreadable", "a: it is cut off.", 0),
    ],
)
def test_a_source_that_is_read_whole_tells_how_it_went(clip, status, reason, frames):
    kept = []
    summary, tracks = read_source(clip, RECOGNISER, replace(SETTINGS, all_frames=True), kept.extend)
    assert (summary.status, summary.reason, summary.frames) == (status, reason, frames)
    assert [row["frame"] for row in kept] == list(range(frames))
    assert [row["face"] for row in kept] == [None, 1, 1][:frames]
    with_face = []
    read_source(clip, RECOGNISER, SETTINGS, with_face.extend)
    assert with_face == kept[1:]
    assert len(tracks) == (frames > 1)
    assert summary.means["happy"] == (0.75 if frames > 1 else None)


def test_a_video_that_was_passed_by_is_not_read_whole():
    reader = SourceReader(Clip("a"), RECOGNISER, SETTINGS)
    next(iter(reader))
    reader.is_done = True
    summary = reader.summary()
    assert (summary.status, summary.reason, summary.frames) == ("partly read", "it was left before its end", 1)


def test_a_file_of_the_current_folder_is_named_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    [source] = find_sources(["."])
    assert source.name == os.path.join(".", "a.png")  # noqa: PTH118
    assert read_source(source, RECOGNISER, SETTINGS, print)[0].reason.startswith("a.png is no picture")


def test_what_is_done_with_the_rows_may_fail():
    with pytest.raises(OSError, match="No space left"):
        read_source(Clip("a"), RECOGNISER, SETTINGS, raise_full)
