"""Live sources that misbehave, and what is kept of what was read: whole, in order, without holding up the picture."""

import csv
import io
import json
import os
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Reading
from emotion_recognition.video import camera, table
from emotion_recognition.video.background import MOST_WAITING, Background
from emotion_recognition.video.camera import NewestFrame
from emotion_recognition.video.session import Session, Summary, print_reading
from emotion_recognition.video.sources import Video
from emotion_recognition.video.table import COLUMNS, RowFile, Timeline, csv_lines, halve, json_lines, make_rows
from emotion_recognition.video.window import NoWindow

EMOTIONS = ("happy", "sad")


def image(value, size=(64, 48)):
    return np.full((size[1], size[0], 3), value, np.uint8)


class Camera:
    """A fake cv2.VideoCapture: each opening plays the next list of what `read` gives; a number waits so long."""

    def __init__(self, *openings):
        self.openings, self.opened, self.released, self.reads = list(openings), 0, 0, 0

    def open(self):
        self.opened += 1
        self.steps = iter(self.openings.pop(0) if self.openings else [])
        return self

    def read(self):
        self.reads += 1
        for step in self.steps:
            if not isinstance(step, float):
                return step is not None, step
            time.sleep(step)
        return False, None

    def release(self):
        self.released += 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(camera, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(camera, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(camera, "TICK_SECONDS", 0.02)


def values(camera) -> list:
    """Return the gray level of each frame that a camera gives to its end."""
    with closing(NewestFrame(camera.open)) as source:
        return [int(frame.mean()) for frame in source.frames() if frame is not None]


def spaced(*frames) -> list:
    """Return the frames with time between them to take each."""
    return [step for frame in frames for step in (0.02, frame)]


def test_a_slow_reader_gets_the_newest_frame():
    camera = Camera([*spaced(*(image(number) for number in range(10))), 0.1])
    with closing(NewestFrame(camera.open)) as source:
        frames = source.frames()
        assert next(frame for frame in frames if frame is not None).mean() == 0
        time.sleep(0.3)
        assert next(frames).mean() == 9


def test_a_camera_that_comes_back_goes_on():
    camera = Camera(spaced(image(1), image(2)), [], [], spaced(image(3)))
    assert values(camera) == [1, 2, 3]
    assert camera.opened >= 4 and camera.released == camera.opened


def test_empty_frames_gray_frames_and_other_sizes():
    empty, gray, large = np.zeros((0, 0, 3), np.uint8), np.full((48, 64), 7, np.uint8), image(9, (128, 96))
    camera = Camera(spaced(image(1), empty, None, gray, large))
    with closing(NewestFrame(camera.open)) as source:
        frames = [frame for frame in source.frames() if frame is not None]
    assert [frame.shape for frame in frames] == [(48, 64, 3), (48, 64, 3), (96, 128, 3)]
    assert frames[1].mean() == 7


def test_a_camera_that_hangs_is_given_up():
    release = threading.Event()
    camera = Camera([image(1)])
    read = camera.read

    def hang():
        return read() if camera.reads == 0 else (release.wait(10), None)

    camera.read = hang
    try:
        assert values(camera) == [1]
    finally:
        release.set()


def test_while_nothing_comes_the_reader_is_told_so():
    with closing(NewestFrame(Camera([image(1), 0.2]).open)) as source:
        told = list(source.frames())
    assert told[0] is not None and told[1:].count(None) >= 3


def test_a_reader_may_pause_for_longer_than_a_camera_may_be_silent():
    camera = Camera(spaced(*(image(number) for number in range(60))))
    with closing(NewestFrame(camera.open)) as source:
        frames = source.frames()
        assert next(frame for frame in frames if frame is not None).mean() == 0
        time.sleep(0.6)
        assert next(frame for frame in frames if frame is not None).mean() > 10


def test_background_runs_tasks_in_order_and_raises_what_fails():
    done = []
    with closing(Background()) as background:
        for number in range(5):
            background.run(done.append, number)
        background.finish()
        assert done == [0, 1, 2, 3, 4]
        background.run(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            background.finish()
        background.run(done.append, 5)
        background.finish()
    assert done[-1] == 5
    assert "writer" not in [thread.name for thread in threading.enumerate()]


def test_the_last_task_runs_whatever_failed_before_it():
    done = []
    with closing(Background()) as background:
        background.run(lambda: 1 / 0)
        background.run(done.append, "after a failure")
        with pytest.raises(ZeroDivisionError):
            background.finish(lambda: done.append("last") or {}["also"])
        assert done == ["last"]
        background.finish()


def test_a_video_is_completed_when_its_last_frame_fails():
    closed = []

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    source = SimpleNamespace(
        name="clip", is_video=True, is_live=False, frame_rate=25, frames=lambda: (each for each in [image(1)])
    )
    recogniser = SimpleNamespace(emotions=EMOTIONS, follow=lambda smooth: SimpleNamespace(read=lambda *_: read()))
    recorder = SimpleNamespace(keeps=True, write=fail, close=lambda: closed.append(True))
    with closing(Background()) as writer:
        session = Session(recogniser, NoWindow(), recorder, SimpleNamespace(keeps=False), writer, 0)
        with pytest.raises(OSError, match="No space left"):
            session.run(source)
    assert closed == [True]


def test_a_disk_that_stands_still_holds_up_nothing():
    stands, done = threading.Event(), []
    with closing(Background()) as background:
        background.run(stands.wait, 10)
        for number in range(3 * MOST_WAITING):
            background.run_if_there_is_room(done.append, f"frame {number}")
            background.run_surely(done.append, number)
        stands.set()
        background.finish()
    assert [item for item in done if isinstance(item, int)] == list(range(3 * MOST_WAITING))
    assert [item for item in done if isinstance(item, str)] == [f"frame {number}" for number in range(MOST_WAITING - 1)]


def read(*faces) -> Reading:
    """Return the reading of (number, probability of happy) of each face."""
    rows = np.float32([(happy, 1 - happy) for _, happy in faces]).reshape(-1, 2)
    boxes = [(10 * number, 2, 3, 4) for number, _ in faces]
    return Reading(boxes, rows, [int(row.argmax()) for row in rows], [number for number, _ in faces])


VIDEO = Video("a, b.mp4", "a, b.mp4", is_live=False)


def test_rows():
    rows = make_rows(VIDEO, 7, 0.28, read((1, 0.75), (3, 0.25)), EMOTIONS)
    assert [list(row) for row in rows] == [[*COLUMNS, *EMOTIONS]] * 2
    assert list(rows[0].values()) == ["a, b.mp4", 7, 0.28, 1, 10, 2, 3, 4, "happy", 0.75, 0.25]
    assert list(rows[1].values()) == ["a, b.mp4", 7, 0.28, 3, 30, 2, 3, 4, "sad", 0.25, 0.75]
    assert next(csv.reader(io.StringIO(csv_lines(rows)))) == [str(value) for value in rows[0].values()]
    assert [json.loads(line) for line in json_lines(rows).splitlines()] == rows


def test_the_faces_of_a_picture_are_numbered_too():
    reading = Reading([(1, 2, 3, 4), (5, 6, 7, 8)], np.float32([[1, 0], [0, 1]]), [0, 1])
    assert [row["face"] for row in make_rows(VIDEO, 0, 0.0, reading, EMOTIONS)] == [1, 2]


def test_rows_are_in_the_file_at_once_and_whole_when_the_disk_is_full(tmp_path):
    rows = make_rows(VIDEO, 7, 0.28, read((1, 0.75)), EMOTIONS)
    file = RowFile(tmp_path / "out.csv", csv_lines, "heading\n")
    file.write(rows)
    whole = "heading\n" + csv_lines(rows)
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

    file._file = FullDisk(file._file)
    with pytest.raises(OSError, match=r"out\.csv"):
        file.write(rows)
    assert (tmp_path / "out.csv").read_text() == whole


def test_rows_of_an_earlier_run_stay_until_something_is_read(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("earlier")
    file = RowFile(path, csv_lines, "heading\n")
    file.close()
    assert path.read_text() == "earlier"
    file.write([])
    file.close()
    assert path.read_text() == "heading\n"


def test_names_that_are_not_utf_8(tmp_path, capsys):
    strange = Video(os.fsdecode(b"a\xff\x1b[2J.avi"), os.fsdecode(b"a\xff\x1b[2J.avi"), is_live=False)
    file = RowFile(tmp_path / "out.csv", csv_lines)
    file.write(make_rows(strange, 0, 0.0, read((1, 0.75)), EMOTIONS))
    file.close()
    assert (tmp_path / "out.csv").read_bytes().startswith(b"a\\udcff\x1b[2J.avi,0,0.0,1,")
    print_reading(strange, read(), EMOTIONS)
    print(Summary(strange.name, EMOTIONS))
    assert capsys.readouterr().out == "a [2J.avi: no face found\na [2J.avi: 0 faces in 0 frames\n"
    # OpenCV ends the whole process with such a name.
    with pytest.raises(UserError, match="rename it"):
        list(strange.frames())
    timeline = Timeline(tmp_path / "t.png", strange, EMOTIONS)
    timeline.write(0.0, read())
    timeline.close()
    assert (tmp_path / "t.png").is_file()


def test_halving_keeps_the_sums():
    assert halve(np.array([1, 2, 3, 4])).tolist() == [3, 7, 0, 0]
    assert halve(np.array([[1, 5], [2, 6]])).tolist() == [[3, 11], [0, 0]]


def test_a_timeline_keeps_all_frames_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_FACES", 3)
    timeline = Timeline(tmp_path / "t.png", VIDEO, EMOTIONS)
    for number in range(2000):
        # Face 1 is always there; each of the others passes by for ten frames.
        timeline.write(number * 0.1, read((1, 0.75), (2 + number // 10, 0.25)))
    assert timeline._frames.sum() == 2000 and len(timeline._frames) == table.MOST_INTERVALS
    assert len(timeline._faces) == 3 and timeline._faces[1].sum(axis=0).tolist() == [2000, 1500, 500]
    timeline.close()
    picture = np.asarray(Image.open(tmp_path / "t.png").convert("RGB")).reshape(-1, 3)
    shares = [
        (np.abs(picture.astype(int) - colour).max(axis=1) < 3).mean() for colour in ((250, 190, 40), (40, 130, 220))
    ]
    # Of the widest row, three quarters are happy's yellow and one sad's blue.
    assert shares[0] > 2 * shares[1] > 0


@pytest.mark.parametrize("name", ["a.mp4", "a$\\frac$.mp4"])
def test_a_timeline_without_faces_is_drawn_too(tmp_path, name):
    timeline = Timeline(tmp_path / "t.png", Video(name, name, is_live=False), EMOTIONS)
    timeline.write(0.0, read())
    timeline.close()
    assert (tmp_path / "t.png").is_file()
