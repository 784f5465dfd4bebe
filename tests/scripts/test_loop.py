"""The loop of test.py with a window that presses keys: which source comes next, and what is shown meanwhile."""

import errno
import runpy
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import REPOSITORY

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.outputs import Outputs
from emotion_recognition.studies.progress import Progress
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.video import viewer
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.heat import HeatMaps
from emotion_recognition.video.playback import Playback
from emotion_recognition.video.viewer import Viewer

SCRIPT = SimpleNamespace(**runpy.run_path(str(REPOSITORY / "test.py"), run_name="script"))
FACE = Face((10, 20, 48, 48), {"happy": 0.75, "sad": 0.25}, "happy")


class Gray(Source):
    """A picture, or a video of several equal frames, of one level of gray; `broken` ends in a mistake."""

    def __init__(self, name, level=100, frames=1, is_video=False, broken=False):
        super().__init__(name)
        self.level, self.count, self.is_video, self.broken = level, frames, is_video, broken

    def _read(self):
        for number in range(self.count):
            yield Frame(np.full((160, 240, 3), self.level, np.uint8), number, number / self.frame_rate)
        if self.broken:
            raise UserError(f"{self.name} is damaged.")


class Keys:
    """A window that presses keys, one after the other, and remembers what it showed and for how long."""

    is_visible = True

    def __init__(self, *keys):
        self.keys, self.shown, self.waits = list(keys), [], []

    def show(self, picture, milliseconds):
        self.shown.append(picture)
        self.waits.append(milliseconds)
        return self.keys.pop(0)

    def levels(self) -> list[int]:
        """Return the gray level in the middle of each picture."""
        return [int(picture[150, 200, 0]) for picture in self.shown]


@contextmanager
def loop(sources, window):
    """Give what the loops of test.py need beside sources: a recogniser that finds a face everywhere, and a window."""
    reader = SimpleNamespace(read=lambda *_: [FACE])
    recogniser = SimpleNamespace(read=reader.read, follow=lambda smooth: reader, emotions=("happy", "sad"))
    outputs = Outputs(sources=sources, emotions=("happy", "sad"))
    with outputs, HeatMaps(lambda crop, emotion: np.eye(48, dtype=np.float32)) as heat:
        yield recogniser, ReadingSettings(), outputs, Viewer(window, heat), Progress(sources, is_wanted=False)


def play(source, window) -> str:
    """Play a source in a window and return the key that ended it."""
    with loop([source], window) as parts:
        return SCRIPT.play(source, *parts)


def play_all(sources, window) -> int:
    """Play all sources in a window and return the exit status."""
    with loop(sources, window) as parts:
        return SCRIPT.play_all(list(sources), *parts)


@pytest.mark.parametrize("key", ["quit", "next", "previous"])
def test_a_picture_waits_for_the_key_that_ends_it(key):
    window = Keys("", "pause", key)
    assert play(Gray("a"), window) == key
    assert window.waits == [0, 0, 0]


def test_a_video_ends_by_itself_or_by_a_key(capsys):
    window = Keys("", "", "")
    assert play(Gray("a", frames=3, is_video=True), window) == "next"
    assert all(milliseconds > 0 for milliseconds in window.waits)
    assert play(Gray("a", frames=3, is_video=True), Keys("", "quit")) == "quit"
    assert capsys.readouterr().out.splitlines() == [
        f"a: one face, seen in {seen} of {seen} frames: happy 75%, sad 25%" for seen in (3, 2)
    ]


def test_a_paused_video_stands_still_until_it_goes_on():
    window = Keys("pause", "help", "pause", "", "")
    assert play(Gray("a", frames=3, is_video=True), window) == "next"
    assert [milliseconds == 0 for milliseconds in window.waits] == [False, True, True, False, False]


def test_a_paused_video_shows_the_map_of_its_own_frame():
    window, source = Keys("pause", "quit"), Gray("a", is_video=True)
    [frame] = source
    with HeatMaps(lambda crop, emotion: np.eye(48, dtype=np.float32), is_on=True) as heat:
        Viewer(window, heat).show(source, Playback(source), frame, [replace(FACE, track=1)], [None])
    playing, paused = window.shown
    assert paused[44, 34, 2] > 150 > playing[44, 34, 2]


def test_keys_change_the_view(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    window = Keys("heat", "mirror", "snapshot", "heat", "mirror", "help", "quit")
    play(Gray("a"), window)
    plain, heat, flipped, _, flipped_plain, again, helped = window.shown
    # The diagonal of the face is red, in the mirrored view on the other side, until the second time.
    assert heat[44, 34, 2] > 150 > plain[44, 34, 2] and flipped[44, 239 - 34, 2] > 150
    assert not np.array_equal(flipped, flipped_plain) and np.array_equal(again, plain)
    assert (helped[-20:, :100] != plain[-20:, :100]).any()
    [snapshot] = tmp_path.glob("snapshot_*.png")
    assert snapshot.stat().st_size > 0


def test_a_snapshot_that_cannot_be_written_ends_nothing(monkeypatch, capsys):
    def fail(path, picture):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(viewer, "write_picture", fail)
    assert play(Gray("a"), Keys("snapshot", "next")) == "next"
    assert ".png cannot be written here (No space left on device)" in capsys.readouterr().out


def test_a_camera_without_a_new_picture_keeps_the_window_alive():
    source = Gray("a", is_video=True)
    source._read = lambda: iter([Frame(None, 0, 0.0), Frame(None, 0, 0.0)])
    window = SimpleNamespace(is_visible=True, answers=["", "quit"])
    window.wait = lambda: window.answers.pop(0)
    assert play(source, window) == "quit" and window.answers == []


def test_left_and_right_go_to_the_previous_and_next_source():
    sources = [Gray(str(level), level) for level in (10, 20, 30)]
    window = Keys("previous", "next", "next", "previous", "next", "next")
    assert play_all(sources, window) == 0
    assert window.levels() == [10, 10, 20, 30, 20, 30]


def test_a_source_that_cannot_be_read_is_named_and_the_next_comes(capsys):
    sources = [Gray("bad", frames=0, broken=True), Gray("good", 20), Gray("never", 30)]
    window = Keys("quit")
    assert play_all(sources, window) == 1
    assert window.levels() == [20] and capsys.readouterr().err == "bad is damaged.\n"


def test_who_goes_back_passes_by_what_cannot_be_read(capsys):
    sources = [Gray("a", 10), Gray("bad", frames=0, broken=True), Gray("b", 20)]
    window = Keys("next", "previous", "next", "quit")
    assert play_all(sources, window) == 1
    assert window.levels() == [10, 20, 10, 20] and capsys.readouterr().err == "bad is damaged.\n"


@pytest.mark.parametrize(
    "place, keys, levels",
    [(0, ("next", "previous", "quit"), [10, 20, 20]), (1, ("next", "next", "previous", "quit"), [10, 20, 30, 10])],
)
def test_a_source_that_fails_on_the_way_back_is_tried_once_and_passed_by(place, keys, levels):
    sources = [Gray("a", 10), Gray("b", 20), Gray("c", 30)]
    read, tries = sources[place]._read, iter([False, True])

    def read_once():
        if next(tries):
            raise UserError(f"{sources[place].name} is damaged.")
        yield from read()

    sources[place]._read = read_once
    window = Keys(*keys)
    assert play_all(sources, window) == 1 and window.levels() == levels
