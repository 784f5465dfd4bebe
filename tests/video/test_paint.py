"""Painting: text in a real typeface, areas, and places that are free."""

import numpy as np
import pytest

from emotion_recognition.video.paint import first_free, label, measure, paste, text_size

GROUND, COLOUR = (10, 20, 30), (210, 220, 230)


@pytest.mark.parametrize("size", [8, 10, 24, 48])
def test_text_is_as_high_as_it_says_and_has_smooth_edges(size):
    line = label("HE", size, COLOUR, GROUND)
    assert line.shape == (*measure("HE", size)[::-1], 3)
    strength = (line.astype(float) - GROUND).mean(axis=2) / 200
    rows, columns = np.nonzero(strength > 0.5)
    assert np.ptp(rows) + 1 == pytest.approx(size, abs=1)
    assert columns.min() >= size // 2 and line.shape[1] - 1 - columns.max() >= size // 2 - 1
    assert strength.max() > 0.9 and ((strength > 0.2) & (strength < 0.8)).any()


def test_text_that_has_not_changed_is_not_drawn_anew():
    assert label("happy 94%", 10, COLOUR, GROUND) is label("happy 94%", 10, COLOUR, GROUND)
    with pytest.raises(ValueError, match="read-only"):
        label("happy 94%", 10, COLOUR, GROUND)[:] = 0


def test_what_sticks_out_is_cut():
    canvas, patch = np.zeros((4, 5, 3), np.uint8), np.full((3, 3, 3), 7, np.uint8)
    paste(canvas, patch, 3, 2)
    assert (canvas[2:, 3:] == 7).all() and canvas.sum() == 7 * 2 * 2 * 3


def test_text_grows_with_the_picture_and_can_always_be_read():
    sizes = [
        text_size(np.empty((height, width, 3), np.uint8)) for width, height in ((240, 160), (640, 480), (3840, 2160))
    ]
    assert sizes == [8, 11, 48]


def test_the_first_free_place_is_taken():
    canvas, place, other = np.empty((100, 100, 3)), (10, 10, 20, 20), (50, 50, 20, 20)
    assert first_free(canvas, [place, other], []) == place
    assert first_free(canvas, [(90, 10, 20, 20), (-1, 10, 20, 20), place, other], [(25, 25, 5, 5)]) == other
    assert first_free(canvas, [place, (10, 81, 20, 20)], [(29, 29, 5, 5)]) is None
