"""Heat maps over live faces: made without holding up the video, laid where the faces are."""

import threading
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT

from emotion_recognition.explanation.heat import PATCHES_AT_ONCE, HeatMaps
from emotion_recognition.recogniser import Reading
from emotion_recognition.video.background import Background
from emotion_recognition.video.overlay import AGAINST, FOR, LARGEST_OPACITY, draw_heat
from emotion_recognition.video.session import Session
from emotion_recognition.video.window import NoWindow


def see_spot(faces):
    """Return how white the pixel at row 9 and column 33 is, and the rest."""
    white = faces[:, 9, 33] / 255
    return np.stack([white, 1 - white], axis=1)


def frame_with_spot():
    """Return a black frame; in the face at (10, 20) of 48x48 pixels, the pixel that counts is white."""
    frame = np.zeros((100, 120, 3), np.uint8)
    frame[29, 43] = 255
    return frame


def reading_of(*boxes, numbers=None):
    return Reading(list(boxes), np.full((len(boxes), 2), 0.5), [0] * len(boxes), numbers)


BOX, OTHER = (10, 20, 48, 48), (60, 40, 48, 48)


def wait_for_maps(heat, frame, reading):
    """Return the maps of a video's faces when all are there."""
    for _ in range(500):
        maps = heat.maps(frame, reading)
        if all(each is not None for each in maps):
            return maps
        time.sleep(0.01)
    raise AssertionError("waited in vain")


def test_a_picture_has_its_maps_at_once():
    sizes = []

    def classify(faces):
        sizes.append(len(faces))
        return see_spot(faces)

    with closing(HeatMaps(classify)) as heat:
        spot, black = heat.maps(frame_with_spot(), reading_of(BOX, OTHER))
        assert heat.count == 2
    assert spot.shape == (48, 48) and spot[9, 33] == spot.max() > 0.5 and not black.any()
    assert max(sizes) == PATCHES_AT_ONCE, "other faces would wait for a larger batch"


def test_a_video_does_not_wait_for_its_maps():
    is_free = threading.Event()

    def classify(faces):
        is_free.wait(10)
        return see_spot(faces)

    frame, reading = frame_with_spot(), reading_of(BOX, OTHER, numbers=[4, 7])
    with closing(HeatMaps(classify)) as heat:
        assert heat.maps(frame, reading) == [None, None]
        assert heat.maps(frame, reading) == [None, None]
        is_free.set()
        spot, black = wait_for_maps(heat, frame, reading)
        assert spot.max() > 0.5 and not black.any()
        # The map goes with the face's number, not with its place in the list; a new face has none yet.
        is_free.clear()
        gone, new, same = heat.maps(frame, reading_of(OTHER, OTHER, BOX, numbers=[7, 8, 4]))
        assert not gone.any() and new is None and same.max() > 0.5
        is_free.set()


def test_a_map_is_not_shown_on_a_face_of_the_next_video():
    frame, reading = frame_with_spot(), reading_of(BOX, numbers=[1])
    with closing(HeatMaps(see_spot)) as heat:
        assert wait_for_maps(heat, frame, reading)[0].max() > 0.5
        heat.start_video()
        assert heat.maps(np.zeros_like(frame), reading) == [None]
        assert not wait_for_maps(heat, np.zeros_like(frame), reading)[0].any()


@pytest.mark.parametrize(("keeps", "maps"), [(False, 0), (True, 1)])
def test_maps_that_nobody_sees_are_not_made(keeps, maps):
    source = SimpleNamespace(
        is_video=False, is_live=False, name="picture", frame_rate=25, frames=lambda: (each for each in [frame])
    )
    frame, reading = frame_with_spot(), reading_of(BOX)
    recogniser = SimpleNamespace(emotions=("happy", "sad"), read=lambda *_: reading)
    recorder = SimpleNamespace(keeps=keeps, write=lambda *_: None, close=lambda: None)
    with closing(HeatMaps(see_spot, is_on=True)) as heat, closing(Background()) as writer:
        Session(recogniser, NoWindow(), recorder, SimpleNamespace(keeps=False), writer, 0, heat).run(source)
        assert heat.count == maps


def test_a_failure_in_the_thread_is_raised():
    def classify(faces):
        raise MemoryError("too large")

    with closing(HeatMaps(classify)) as heat, pytest.raises(MemoryError, match="too large"):
        wait_for_maps(heat, frame_with_spot(), reading_of(BOX, numbers=[1]))


def test_the_mirrored_frame_has_mirrored_maps():
    importance = np.arange(48 * 48, dtype=np.float32).reshape(48, 48)
    mirrored = replace(reading_of(BOX, OTHER), maps=[importance, None]).mirrored(120)
    assert mirrored.boxes == [(62, 20, 48, 48), (12, 40, 48, 48)]
    assert np.array_equal(mirrored.maps[0], importance[:, ::-1]) and mirrored.maps[1] is None
    assert reading_of(BOX).mirrored(120).maps is None


def test_colours_lie_where_the_map_says():
    frame = np.full((100, 120, 3), 100, np.uint8)
    importance = np.zeros((48, 48), np.float32)
    importance[:, :16], importance[:, 32:] = 0.4, -0.1
    drawn = draw_heat(frame, [BOX, OTHER], [importance, None])
    assert (frame == 100).all()
    strong = np.round((1 - LARGEST_OPACITY) * 100 + LARGEST_OPACITY * np.array(FOR))
    weak = np.round((1 - LARGEST_OPACITY / 4) * 100 + LARGEST_OPACITY / 4 * np.array(AGAINST))
    assert drawn[40, 15].tolist() == strong.tolist()
    assert drawn[30, 55].tolist() == weak.tolist()
    assert (drawn[30, 30] == 100).all() and (drawn[:20] == 100).all() and (drawn[70:, 60:] == 100).all()


def test_a_map_in_which_nothing_matters_is_hardly_seen():
    frame = np.full((100, 120, 3), 100, np.uint8)
    drawn = draw_heat(frame, [BOX], [np.full((48, 48), 0.001, np.float32)])
    assert np.abs(drawn.astype(int) - 100).max() <= 2


class Keys:
    """A window that presses keys, one after the other, and remembers what it showed."""

    is_visible = True

    def __init__(self, keys):
        self.keys, self.shown = list(keys), []

    def show(self, frame, milliseconds):
        self.shown.append(frame)
        return self.keys.pop(0)


def test_key_h_shows_and_hides_the_maps_of_a_picture():
    window, source = Keys("hmhq"), SimpleNamespace(is_video=False, is_live=False, name="picture", frame_rate=25)
    recogniser = SimpleNamespace(emotions=("happy", "sad"))
    with closing(HeatMaps(see_spot)) as heat:
        session = Session(recogniser, window, SimpleNamespace(keeps=False), None, None, 0, heat)
        clock = SimpleNamespace(source=source)
        frame, reading = frame_with_spot(), reading_of(BOX)
        plain = session.draw(frame, reading)
        assert session.show(frame, plain, reading, clock) is False
    assert np.array_equal(window.shown[0], plain)
    # The spot's place in the frame is red, in the mirrored frame too, until the second h.
    assert window.shown[1][2 * 30, 2 * 42, 2] > 100 > plain[2 * 30, 2 * 42, 2]
    assert window.shown[2][2 * 30, 2 * (119 - 42), 2] > 100
    assert not np.array_equal(window.shown[1], window.shown[3]) and heat.is_on is False


def test_heat_in_a_written_picture(run_script, tmp_path):
    for name, flags in (("plain.png", []), ("heat.png", ["--heat"])):
        result = run_script("test.py", PORTRAIT, "--no-window", "--output", name, *flags)
        assert result.returncode == 0, result.stderr
    plain, heat = (cv2.imread(str(tmp_path / name)).astype(int) for name in ("plain.png", "heat.png"))
    changed = np.abs(plain - heat).max(axis=2) > 0
    # The face's box is (155, 105, 222, 222).
    assert changed[105:327, 155:377].mean() > 0.2
    changed[105:327, 155:377] = False
    assert not changed.any()
