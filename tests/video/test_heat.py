"""Heat maps over live faces: made without holding up the video, each for the face that it belongs to."""

import threading

import numpy as np
import pytest
from conftest import wait_until

from emotion_recognition.recogniser import Face
from emotion_recognition.video.heat import HeatMaps

BOX, OTHER = (10, 20, 48, 48), (60, 40, 48, 48)


def explain(crop, emotion):
    """Return a map that is the crop itself, and negative for sadness."""
    return (crop / 255 if emotion == "happy" else -(crop / 255)).astype(np.float32)


def frame_with_spot():
    """Return a black frame, in which one pixel of the face in `BOX` is white: row 9, column 33 of its crop."""
    frame = np.zeros((100, 120, 3), np.uint8)
    frame[29, 43] = 255
    return frame


def face(box, track=None, emotion="happy") -> Face:
    return Face(box, {"happy": 0.5, "sad": 0.5}, emotion, track=track)


def wait_for_maps(heat, frame, faces):
    """Return the maps of a video's faces when all are there."""
    wait_until(lambda: not any(each is None for each in heat.maps(frame, faces)))
    return heat.maps(frame, faces)


def test_a_picture_has_its_maps_at_once():
    with HeatMaps(explain, is_on=True) as heat:
        spot, black, sad = heat.maps(frame_with_spot(), [face(BOX), face(OTHER), face(BOX, emotion="sad")])
        assert heat.count == 3
        [waited_for] = heat.maps(frame_with_spot(), [face(BOX, track=1)], wait=True)
    assert spot.shape == (48, 48) and spot[9, 33] == spot.max() == 1 and not black.any() and sad.min() == -1
    assert np.array_equal(waited_for, spot)


def test_maps_that_nobody_wants_are_not_made():
    with HeatMaps(explain) as heat:
        assert heat.maps(frame_with_spot(), [face(BOX)]) == [] and heat.count == 0
        heat.is_on = True
        assert len(heat.maps(frame_with_spot(), [face(BOX)])) == 1


def test_a_video_does_not_wait_for_its_maps():
    is_free = threading.Event()

    def explain_slowly(crop, emotion):
        is_free.wait(10)
        return explain(crop, emotion)

    frame, faces = frame_with_spot(), [face(BOX, 4), face(OTHER, 7)]
    with HeatMaps(explain_slowly, is_on=True) as heat:
        assert heat.maps(frame, faces) == [None, None]
        assert heat.maps(frame, faces) == [None, None]
        is_free.set()
        spot, black = wait_for_maps(heat, frame, faces)
        assert spot.max() == 1 and not black.any()
        # The map goes with the face's number, not with its place in the list; a new face has none yet.
        is_free.clear()
        gone, new, same = heat.maps(frame, [face(OTHER, 7), face(OTHER, 8), face(BOX, 4)])
        assert not gone.any() and new is None and same.max() == 1
        is_free.set()
        # A map is made anew, over and over.
        wait_until(lambda: not heat.maps(np.zeros_like(frame), [face(BOX, 4)])[0].any())


def test_a_map_is_not_shown_on_a_face_of_the_next_video():
    frame, faces = frame_with_spot(), [face(BOX, 1)]
    with HeatMaps(explain, is_on=True) as heat:
        assert wait_for_maps(heat, frame, faces)[0].max() == 1
        heat.start_video()
        assert heat.maps(np.zeros_like(frame), faces) == [None]
        assert not wait_for_maps(heat, np.zeros_like(frame), faces)[0].any()


def test_a_failure_in_the_thread_is_raised():
    def explain(crop, emotion):
        raise MemoryError("too large")

    with HeatMaps(explain, is_on=True) as heat, pytest.raises(MemoryError, match="too large"):
        wait_for_maps(heat, frame_with_spot(), [face(BOX, 1)])
