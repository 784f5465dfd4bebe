"""The folder of tables, and what a worker does in it: parts that are whole, machines that do not see it, full disks."""

from dataclasses import replace

import cv2
import pytest
from conftest import PORTRAIT, make_picture, make_video, read_csv

from emotion_recognition.archive import worker
from emotion_recognition.archive.tables import Tables
from emotion_recognition.archive.worker import Problem, read_part
from emotion_recognition.errors import UserError
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.video.sources import find_sources

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (pip install pyarrow)")

EMOTIONS = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
SETTINGS = ReadingSettings(whole="always")


@pytest.fixture
def tables(tmp_path):
    return Tables.begin(tmp_path / "tables", "videos", SETTINGS, EMOTIONS)


def read(path, tables, is_last_try=False):
    return read_part(path.name, str(path), tables, is_last_try)


def rows_of(tables, path) -> list[dict]:
    return parquet.read_table(tables.part(path.name)).to_pylist()


def test_a_source_becomes_a_part_with_its_summary(tables, tmp_path):
    video = make_video(tmp_path / "clip.avi")
    assert read(video, tables) is None
    assert [(row["source"], row["frame"], row["face"]) for row in rows_of(tables, video)] == [
        ("clip.avi", frame, 1) for frame in range(5)
    ]
    summary, [track] = tables.read_summary("clip.avi")
    assert (summary.status, summary.frames, summary.tracks, track.frames) == ("read", 5, 1, 5)
    sources = find_sources([str(video)])
    sources[0].name = "clip.avi"
    assert tables.left(sources) == []
    sources[0].name = "a name that is no UTF-8: caf\udce9.avi"
    assert tables.left(sources) == sources


def test_a_source_that_cannot_be_read_leaves_no_part(tables, tmp_path):
    (tmp_path / "bad.mp4").write_text("nothing")
    problem = read(tmp_path / "bad.mp4", tables, is_last_try=True)
    assert "bad.mp4" in problem.reason and not problem.is_unseen
    assert read(tmp_path / "none.mp4", tables).is_unseen
    # The system refuses to look at such a name.
    assert read(tmp_path / f"{'a' * 300}.mp4", tables).is_unseen
    assert list((tables.folder / "rows").iterdir()) == []


def test_what_is_read_of_a_video_that_breaks_off_is_kept_at_the_last_try(tables, tmp_path):
    video = make_video(tmp_path / "clip.avi", range(0, 200, 2))
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert isinstance(read(video, tables), Problem)
    assert not tables.part("clip.avi").exists()
    problem = read(video, tables, is_last_try=True)
    assert tables.read_summary("clip.avi")[0].status == "partly read"
    assert 0 < len(rows_of(tables, video)) < 100
    # A later run does not read it again, and has it on its list.
    sources = find_sources([str(video)])
    sources[0].name = "clip.avi"
    assert tables.left(sources) == []
    assert tables.complete(sources, {}) == {"clip.avi": problem.reason}
    assert read_csv(tables.folder / "unreadable.csv") == [{"source": "clip.avi", "reason": problem.reason}]


def test_a_surprise_is_a_problem_of_one_source(tables, tmp_path, monkeypatch):
    def surprise(*arguments):
        raise cv2.error("who knows")

    monkeypatch.setattr(Tables, "write_part", surprise)
    reason = read(make_picture(tmp_path / "picture.png"), tables).reason
    assert reason.startswith("picture.png: ") and "who knows" in reason


def test_a_machine_that_sees_another_folder(tables, tmp_path):
    picture = make_picture(tmp_path / "picture.png")
    with pytest.raises(UserError, match=r"does not see .*: name an --output on a disk that all machines share"):
        read(picture, replace(tables, record="of another run"))
    with pytest.raises(UserError, match="does not see"):
        read(picture, replace(tables, folder=tmp_path / "elsewhere"))


def test_a_machine_without_the_model(tables, tmp_path):
    worker.open_once.cache_clear()
    tables = replace(tables, settings=ReadingSettings(model=tmp_path / "none.h5"))
    with pytest.raises(UserError, match=r"^The machine .* cannot begin: .*none\.h5"):
        read(make_picture(tmp_path / "picture.png"), tables)


@pytest.mark.parametrize("small_disk", ["full"], indirect=True)
def test_a_full_disk_is_told_and_what_is_there_stays(small_disk, tmp_path):
    tables = Tables.begin(small_disk[0] / "tables", "videos", SETTINGS, EMOTIONS)
    picture = make_picture(tmp_path / "picture.png")
    assert read(picture, tables) is None
    with (small_disk[0] / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
        while filler.write(bytes(1000)):
            pass
    before = tables.part("picture.png").read_bytes()
    with pytest.raises(UserError, match=r"cannot write .*No space left.*run the same command again"):
        read(make_video(tmp_path / "clip.avi"), tables)
    assert [path.read_bytes() for path in (tables.folder / "rows").iterdir()] == [before]


def test_tables_go_on_only_as_they_were_begun(tables, tmp_path):
    again = Tables.begin(tables.folder, "videos/", SETTINGS, EMOTIONS)
    assert again.record == tables.record and again.left([]) == []
    with pytest.raises(UserError, match=r"begun with whole always, not never.*another --output"):
        Tables.begin(tables.folder, "videos", ReadingSettings(), EMOTIONS)
    with pytest.raises(UserError, match="begun with sources videos, not other"):
        Tables.begin(tables.folder, "other", SETTINGS, EMOTIONS)
    # A start that was killed may have made no folder for rows yet.
    (tables.folder / "rows").rmdir()
    assert Tables.begin(tables.folder, "videos", SETTINGS, EMOTIONS).left([]) == []
    for content in (b"", b"[1]", b"\xff"):
        (tables.folder / "archive.json").write_bytes(content)
        with pytest.raises(UserError, match=r"archive\.json is damaged .*another --output"):
            Tables.begin(tables.folder, "videos", SETTINGS, EMOTIONS)
    with pytest.raises(UserError, match="holds something else"):
        Tables.begin(tmp_path, "videos", SETTINGS, EMOTIONS)


def test_the_summaries_name_what_could_not_be_read(tables, tmp_path):
    make_picture(tmp_path / "sources/a.png")
    (tmp_path / "sources/b.mp4").write_text("nothing")
    cv2.imwrite(str(tmp_path / "sources/c.png"), cv2.imread(str(PORTRAIT)))
    sources = find_sources([str(tmp_path / "sources")])
    for source in (sources[0], sources[2]):
        assert read_part(source.name, str(source.path), tables, False) is None
    rest = tables.folder / "rows/0.000000-1-00000000.partial.parquet"
    rest.touch()
    broken = {sources[1].name: "b.mp4 is damaged"}
    assert tables.complete(sources, broken) == broken
    rows = parquet.read_table(tables.folder / "summary.parquet").to_pylist()
    assert [row["status"] for row in rows] == ["read", "unreadable", "read"]
    assert (rows[1]["source"], rows[1]["reason"], rows[1]["frames"]) == (sources[1].name, "b.mp4 is damaged", 0)
    tracks = parquet.read_table(tables.folder / "summary_tracks.parquet").to_pylist()
    assert [row["source"] for row in tracks] == [sources[0].name, sources[2].name]
    assert not rest.exists()
