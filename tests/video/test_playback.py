"""The pace of a video on the screen."""

from types import SimpleNamespace

import pytest

from emotion_recognition.video import playback
from emotion_recognition.video.playback import Playback

VIDEO, CAMERA = SimpleNamespace(is_live=False, frame_rate=10), SimpleNamespace(is_live=True, frame_rate=10)


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(playback.time, "monotonic", lambda: clock.now)
    return clock


def test_a_frame_stays_until_the_next_is_due_and_a_camera_waits_for_nothing(clock):
    video = Playback(VIDEO)
    # It is read from a later moment on.
    assert video.milliseconds_left(60.0) == 100
    clock.now += 0.15
    assert video.milliseconds_left(60.1) == 50
    assert video.milliseconds_left(60.0) == 1, "a frame that is late is followed at once"
    assert Playback(CAMERA).milliseconds_left(0.0) == 1


def test_after_a_pause_it_goes_on_where_it_stood(clock):
    video = Playback(VIDEO)
    assert not video.is_paused
    video.pause()
    clock.now += 60
    assert video.is_paused
    video.pause()
    assert not video.is_paused and video.milliseconds_left(0.0) == 100


def test_frames_a_second(clock):
    video = Playback(VIDEO)
    video.next_frame()
    assert video.frames_per_second() == 0
    for _ in range(playback.COUNTED_FRAMES):
        clock.now += 0.05
        video.next_frame()
    assert video.frames_per_second() == pytest.approx(20)
    # A pause does not count.
    for seconds in (60, 0.1):
        video.pause()
        clock.now += seconds
    video.next_frame()
    assert video.frames_per_second() == pytest.approx(10)


def test_a_camera_is_printed_every_second():
    camera = Playback(CAMERA)
    assert [seconds for seconds in (0.0, 0.5, 1.0, 1.9, 2.5) if camera.is_time_to_print(seconds)] == [0.0, 1.0, 2.5]
