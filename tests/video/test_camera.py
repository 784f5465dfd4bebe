"""Cameras and streams that misbehave: the newest frame is what counts, and whatever happens, they are released."""

import threading
import time
from contextlib import closing

import cv2
import numpy as np
import pytest
from conftest import plain, wait_until

from emotion_recognition.errors import UserError
from emotion_recognition.video import camera as live
from emotion_recognition.video.camera import NewestFrame
from emotion_recognition.video.sources import find_sources


class Camera:
    """A fake cv2.VideoCapture: each opening plays the next list of what `read` gives.

    A number waits for so many seconds, an event until it is set.
    """

    def __init__(self, *openings, told=0.0):
        self.openings, self.told, self.asked = list(openings), told, []
        self.opened = self.released = self.reads = 0

    def open(self, *arguments):
        self.opened += 1
        self.steps = iter(self.openings.pop(0) if self.openings else [])
        return self

    def isOpened(self):
        return True

    def get(self, what):
        return self.told

    def set(self, *what):
        self.asked.append(what)

    def read(self):
        self.reads += 1
        for step in self.steps:
            if isinstance(step, threading.Event):
                step.wait(60)
            elif isinstance(step, float):
                time.sleep(step)
            else:
                return step is not None, step
        return False, None

    def release(self):
        self.released += 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(live, "TICK_SECONDS", 0.02)


@pytest.fixture
def plug_in(monkeypatch):
    """Return a function that puts a fake camera in the place of all cameras: plug_in(camera) gives its source."""

    def plug_in(camera, **options):
        monkeypatch.setattr(cv2, "VideoCapture", camera.open)
        [source] = find_sources([], **options)
        return source

    return plug_in


def levels(camera) -> list:
    """Return the gray level of each frame that a camera gives to its end."""
    with closing(NewestFrame(camera.open)) as source:
        return [int(frame.mean()) for frame in source.frames() if frame is not None]


def spaced(*frames) -> list:
    """Return the frames with time between them to take each."""
    return [step for frame in frames for step in (0.05, frame)]


def test_a_slow_reader_gets_the_newest_frame():
    is_taken, is_over = threading.Event(), threading.Event()
    camera = Camera([plain(0), is_taken, *(plain(number) for number in range(1, 10)), is_over])
    with closing(NewestFrame(camera.open)) as source:
        frames = source.frames()
        assert next(frame for frame in frames if frame is not None).mean() == 0
        is_taken.set()
        # When the camera is read for the eleventh time, the tenth frame is there.
        wait_until(lambda: camera.reads > 10)
        assert next(frames).mean() == 9
        is_over.set()


def test_a_camera_that_comes_back_goes_on():
    camera = Camera(spaced(plain(1), plain(2)), [], [], spaced(plain(3)))
    assert levels(camera) == [1, 2, 3]
    assert camera.opened >= 4 and camera.released == camera.opened


def test_empty_frames_gray_frames_and_other_sizes(monkeypatch):
    # A slow machine should not open the camera again in between.
    monkeypatch.setattr(live, "RETRY_SECONDS", 5.0)
    empty, gray, large = np.zeros((0, 0, 3), np.uint8), np.full((48, 64), 7, np.uint8), plain(9, (128, 96))
    camera = Camera(spaced(plain(1), empty, None, gray, large))
    with closing(NewestFrame(camera.open)) as source:
        frames = [frame for frame in source.frames() if frame is not None]
    assert [frame.shape for frame in frames] == [(48, 64, 3), (48, 64, 3), (96, 128, 3)]
    assert frames[1].mean() == 7


def test_a_camera_that_hangs_is_given_up():
    release = threading.Event()
    camera = Camera([plain(1)])
    read = camera.read

    def hang():
        return read() if camera.reads == 0 else (release.wait(10), None)

    camera.read = hang
    try:
        assert levels(camera) == [1]
    finally:
        release.set()


def test_a_reader_may_pause_for_longer_than_a_camera_may_be_silent():
    camera = Camera(spaced(*(plain(number) for number in range(60))))
    with closing(NewestFrame(camera.open)) as source:
        frames = source.frames()
        assert next(frame for frame in frames if frame is not None).mean() == 0
        time.sleep(0.6)
        assert next(frame for frame in frames if frame is not None).mean() > 0


def test_the_frames_of_a_camera_are_numbered_by_the_clock_and_none_where_there_is_no_new_one(plug_in):
    camera, frames = Camera([plain(1), 0.2, plain(2), 0.2]), []
    with pytest.raises(UserError, match="Camera 0 stopped giving pictures after 2 frames"):
        frames.extend(plug_in(camera))
    # It was opened again and again.
    assert camera.opened == camera.released > 2
    taken = [frame for frame in frames if frame.picture is not None]
    assert [frame.number for frame in taken] == [0, 1]
    assert 0.15 < taken[1].seconds - taken[0].seconds < 10
    # While the second is awaited, its number and the time are told without a picture.
    between = frames[frames.index(taken[0]) + 1 : frames.index(taken[1])]
    assert 3 <= len(between) < 100 and all(frame.picture is None and frame.number == 1 for frame in between)
    assert sorted(frame.seconds for frame in frames) == [frame.seconds for frame in frames]


def test_a_camera_that_is_not_there_is_named():
    with pytest.raises(UserError, match="Camera 77 gives no pictures"):
        list(*find_sources([], camera=77))


@pytest.mark.parametrize(
    ("told", "taken"),
    [(30, 30), (480, 480), (0.2, 0.2), (0, 25), (1e-9, 25), (-1, 25), (float("nan"), 25), (90_000, 25)],
)
def test_frame_rates_that_are_nonsense(plug_in, told, taken):
    source = plug_in(Camera([plain(1)], told=told))
    with source:
        next(iter(source))
    assert source.frame_rate == taken


def test_a_camera_that_is_left_early_is_released(plug_in):
    camera = Camera(spaced(*map(plain, range(99))))
    with plug_in(camera) as source:
        next(iter(source))
    assert camera.opened == camera.released == 1
    assert "live source" not in [thread.name for thread in threading.enumerate()]


def test_a_camera_is_asked_for_a_resolution(plug_in):
    camera = Camera([plain(1)])
    with plug_in(camera, resolution=(1280, 720)) as source:
        next(iter(source))
    assert camera.asked == [(cv2.CAP_PROP_FRAME_WIDTH, 1280), (cv2.CAP_PROP_FRAME_HEIGHT, 720)]


def test_cameras_are_listed_and_released(plug_in):
    camera = Camera([], [plain(1)], told=30.0)
    plug_in(camera)
    assert live.list_cameras() == [(1, 64, 48, 30.0)]
    assert camera.opened == camera.released == 10
