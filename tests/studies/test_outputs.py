"""What is kept: refused before any work where it cannot be, in order, complete, and never holding up a camera."""

import threading
from pathlib import Path

import cv2
import pytest
from conftest import files_in, make_picture, make_video, plain

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face
from emotion_recognition.studies import outputs
from emotion_recognition.studies.outputs import MOST_WAITING, Outputs
from emotion_recognition.video.capture import Frame, Video
from emotion_recognition.video.sources import Picture, Unreadable, find_sources

EMOTIONS = ("happy", "sad")
FACE = Face((1, 2, 3, 4), {"happy": 0.75, "sad": 0.25}, "happy", track=1)
CAMERA = Video(0, "Camera 0", is_live=True)


def picture(name="a.png"):
    return Picture(Path(name), name)


def video(name="a.mp4"):
    return Video(name, name, is_live=False)


def open_outputs(output=None, sources=(CAMERA,), **options):
    return Outputs(output, sources=list(sources), emotions=EMOTIONS, **options)


@pytest.mark.parametrize(
    ("output", "sources", "words"),
    [
        ("out.png", [picture(), picture()], "one file, but there are 2 sources: name a folder"),
        ("out.mp4", [picture()], r"does not fit a\.png: name an --output that ends in \.png"),
        ("out.png", [video()], r"does not fit a\.mp4: name an --output that ends in \.mp4"),
        # Videos of these kinds are read, but not written.
        ("out.webm", [video()], r"\.webm has an ending that cannot be written: videos are written as \.mp4"),
        ("result.xyz", [picture()], r"result\.xyz has an ending .*: pictures are written as \.png.*a slash"),
        ("result.gif", [picture()], r"result\.gif has an ending"),
        ("file", [picture()], "is a file"),
    ],
)
def test_the_output_must_fit_the_source(tmp_path, output, sources, words):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=words):
        open_outputs(tmp_path / output, sources)
    assert files_in(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("name", ["results", "results.v2/", "there.png"])
def test_a_name_without_an_ending_or_with_a_slash_is_a_folder(tmp_path, name):
    (tmp_path / "there.png").mkdir()
    with open_outputs(f"{tmp_path}/{name}", [picture()]) as kept:
        kept.write(picture_source := next(iter(kept._recorder._targets)), Frame(plain(), 0, 0.0), [], plain(7))
    assert (cv2.imread(str(tmp_path / name / picture_source.place)) == 7).all()


def test_nothing_is_overwritten_by_surprise(tmp_path):
    old = make_picture(tmp_path / "old" / "out.png", 7)
    source = picture()
    for output in (old, tmp_path / "old"):
        with pytest.raises(UserError, match="--force"):
            open_outputs(output, [source])
    assert (cv2.imread(str(old)) == 7).all()
    with open_outputs(old, [source], force=True) as kept:
        kept.write(source, Frame(plain(), 0, 0.0), [], plain(9))
    assert (cv2.imread(str(old)) == 9).all()


def test_nothing_is_written_over_what_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source, clip = find_sources([make_picture(tmp_path / "a.png").name, make_video(tmp_path / "b.avi").name])
    before = files_in(tmp_path)
    for output, source_there in (("a.png", source), (".", source), ("b.avi", clip)):
        with pytest.raises(UserError, match="over a source: name another --output"):
            open_outputs(tmp_path / output, [source_there], force=True)
    for flag, name in (("csv", "rows.csv"), ("jsonl", "rows.jsonl"), ("timeline", "time.png")):
        found = Picture(tmp_path / name, name) if flag != "timeline" else Video(str(tmp_path / name), name, False)
        with pytest.raises(UserError, match=f"over a source: name another --{flag}"):
            open_outputs(sources=[found], force=True, **{flag: tmp_path / "x" / ".." / name})
    assert files_in(tmp_path) == before


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"csv": "rows.parquet"}, r"rows\.parquet"),
        ({"csv": "x/../rows.csv", "jsonl": "x/../rows.jsonl", "output": "rows.csv/"}, "two of these write one file"),
        ({"csv": "-", "jsonl": "-"}, "--csv, --jsonl: two of these write one file"),
        # The rows of tracks go to summary_tracks.csv.
        ({"csv": "summary_tracks.csv", "summary": "x/../summary.csv"}, "--csv, --summary: two of these write one file"),
        ({"csv": "folder.csv"}, "is a folder"),
        # As a variable of the shell gives it that is not set.
        ({"csv": ""}, "name a file for --csv"),
        ({"timeline": ""}, r"ends in \.png"),
    ],
)
def test_files_that_cannot_be_kept(tmp_path, monkeypatch, files, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "x").mkdir()
    with pytest.raises(UserError, match=words):
        open_outputs(**files)


def test_of_a_source_that_cannot_be_read_its_own_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = Unreadable("empty", "empty holds no pictures or videos.")
    with open_outputs(sources=[source], output="out.mp4", timeline="time.png") as kept:
        assert not kept.keeps_pictures
    assert not list(tmp_path.iterdir())


def test_everything_is_kept_and_told(tmp_path, capsys):
    sources = [video("a.mp4"), picture("b.png")]
    tables = {"csv": tmp_path / "rows.csv", "table": tmp_path / "rows.csv.gz", "jsonl": tmp_path / "rows.jsonl"}
    with open_outputs(tmp_path / "out", sources, **tables) as kept:
        assert kept.keeps_pictures
        for number in range(3):
            kept.write(sources[0], Frame(plain(), number, number / 25), [FACE], plain(80 * number))
        kept.write(sources[1], Frame(plain(), 0, 0.0), [], plain(7))
        # The video is complete when the next source begins.
        assert cv2.VideoCapture(str(tmp_path / "out" / "a.mp4")).get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert (tmp_path / "rows.csv").read_text().splitlines() == [
        "source,frame,seconds,face,score,x,y,width,height,emotion,unclear,happy,sad",
        *(
            f"a.mp4,{number},{number / 25:.4g},1,,1,2,3,4,happy,,0.75,0.25".replace(",0,0,", ",0,0.0,")
            for number in range(3)
        ),
    ]
    assert (cv2.imread(str(tmp_path / "out" / "b.png")) == 7).all()
    told = capsys.readouterr().out
    names = ("out/a.mp4", "out/b.png", "rows.csv.gz", "rows.csv")
    assert told == f"Wrote {', '.join(f'{tmp_path}/{name}' for name in names)} and 1 more\n"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("writer")]


def test_a_source_to_which_a_person_comes_back_is_kept_once(tmp_path):
    source = video()
    with open_outputs(sources=[source], csv=tmp_path / "rows.csv", timeline=tmp_path / "time.png") as kept:
        for number in (0, 1, 0, 1, 2):
            kept.write(source, Frame(plain(), number, number / 25), [FACE], None)
    assert kept._timeline.frames.sum() == 3
    assert [line.split(",")[1] for line in (tmp_path / "rows.csv").read_text().splitlines()[1:]] == ["0", "1", "2"]


def test_rows_of_an_earlier_run_stay_where_nothing_is_read(tmp_path, capsys):
    files = {"csv": tmp_path / "rows.csv", "timeline": tmp_path / "time.png"}
    for path in files.values():
        path.write_text("earlier")
    with open_outputs(**files, force=True):
        pass
    assert [path.read_text() for path in files.values()] == ["earlier"] * 2 and capsys.readouterr().out == ""


class Recorder:
    """In the place of the one that writes: keeps what it is given, waits or fails as it is told."""

    def __init__(self, targets, action=lambda: None):
        self.kept, self.closed, self.action, self.written = [], 0, action, {}

    def write(self, source, picture, seconds):
        self.action()
        self.kept.append(int(picture.mean()))

    def close(self):
        self.closed += 1


@pytest.fixture
def recorded(monkeypatch, tmp_path):
    """Return a function that opens outputs with such a recorder, and rows: recorded(sources, action)."""

    def recorded(sources, action=lambda: None):
        monkeypatch.setattr(outputs, "Recorder", lambda targets: Recorder(targets, action))
        return open_outputs(tmp_path / "out", sources, csv=tmp_path / "rows.csv")

    return recorded


def fill(kept, source, frames):
    for number in range(frames):
        kept.write(source, Frame(plain(), number, 0.04 * number), [FACE], plain(number))


def test_a_disk_that_stands_still_holds_up_no_camera(recorded, tmp_path):
    stands = threading.Event()
    with recorded([CAMERA], lambda: stands.wait(10)) as kept:
        # It returns though nothing can be written: pictures without room are left out, rows never.
        fill(kept, CAMERA, 3 * MOST_WAITING)
        stands.set()
    assert kept._recorder.kept == list(range(MOST_WAITING))
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 1 + 3 * MOST_WAITING


def test_of_a_video_every_frame_waits_for_its_place(recorded):
    source = video()
    with recorded([source]) as kept:
        fill(kept, source, 3 * MOST_WAITING)
    assert kept._recorder.kept == list(range(3 * MOST_WAITING)) and kept._recorder.closed >= 1


def fail():
    raise OSError(28, "No space left on device")


def test_what_fails_is_raised_at_the_next_call_and_the_file_is_completed(recorded):
    source = video()
    kept = recorded([source], fail)
    with pytest.raises(OSError, match="No space left"), kept:
        fill(kept, source, 99)
    assert kept._recorder.closed == 2 and kept._recorder.kept == []


def test_what_fails_last_is_raised_at_the_end_and_ctrl_c_does_not_hide_it(recorded, tmp_path):
    source = video()
    for stop in (None, KeyboardInterrupt()):
        (tmp_path / "out").rmdir() if (tmp_path / "out").exists() else None
        with pytest.raises(OSError, match="No space left"), recorded([source], fail) as kept:
            kept.write(source, Frame(plain(), 0, 0.0), [], plain())
            if stop:
                raise stop


def test_a_hundred_sources_that_fail_do_not_hang(recorded):
    sources, failed = [picture(f"{number}.png") for number in range(100)], 0
    with recorded(sources, fail) as kept:
        for source in sources:
            try:
                kept.write(source, Frame(plain(), 0, 0.0), [], plain())
            except OSError:
                failed += 1
    # Each is told of its own failure, at once.
    assert failed == 100


def test_a_place_is_given_back_where_handing_over_fails(recorded, monkeypatch):
    source = video()
    with recorded([source]) as kept:
        fill(kept, source, 1)
        submit = kept._executor.submit
        monkeypatch.setattr(kept._executor, "submit", lambda task: (_ for _ in ()).throw(RuntimeError("no thread")))
        for _ in range(2 * MOST_WAITING):
            with pytest.raises(RuntimeError, match="no thread"):
                kept.write(source, Frame(plain(), 1, 0.0), [], plain())
        monkeypatch.setattr(kept._executor, "submit", submit)
        fill(kept, source, 2)
    assert kept._recorder.kept == [0, 0, 1]
