"""The panel of bars beside a face."""

import numpy as np
import pytest

from emotion_recognition.labels import COLOURS, EMOTIONS
from emotion_recognition.video.bars import draw_bars

BOX = (200, 150, 120, 120)
SEVEN = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")
ROW = dict(zip(SEVEN, [0.5, 0.25, 0.05, 0.05, 0.05, 0.05, 0.05], strict=True))


def gray_frame(width=640, height=480):
    return np.full((height, width, 3), 128, np.uint8)


def test_bars_are_as_long_as_probabilities():
    frame = gray_frame()
    x, y, width, height = draw_bars(frame, BOX, ROW, [BOX])
    panel = frame[y : y + height, x : x + width]
    lengths = [(panel == COLOURS[emotion]).all(axis=2).sum(axis=1).max() for emotion in SEVEN]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=1)
    assert lengths[1] == pytest.approx(5 * lengths[2], abs=3)
    assert (panel.max(axis=2) > 200).mean() > 0.03, "names are written"
    panel[:] = 128
    assert (frame == 128).all()


def test_the_panel_stands_where_there_is_room():
    width, height = draw_bars(gray_frame(), BOX, ROW, [])[2:]
    [right, left, below, above] = [
        draw_bars(gray_frame(), BOX, ROW, [BOX, *taken])[:2]
        for taken in (
            [],
            [(330, 160, 9, 9)],
            [(330, 160, 9, 9), (180, 160, 9, 9)],
            [(330, 160, 9, 9), (180, 160, 9, 9), (210, 280, 9, 9)],
        )
    ]
    assert 320 < right[0] < 330 and right[1] == 150
    assert 190 < left[0] + width < 200 and left[1] == 150
    assert below[0] == 200 and 270 < below[1] < 280
    assert above[0] == 200 and 140 < above[1] + height < 150
    assert draw_bars(gray_frame(), (200, 400, 60, 60), ROW, [])[1:] == (480 - height, width, height)


@pytest.mark.parametrize(("size", "box"), [((640, 480), (0, 0, 640, 480)), ((240, 160), (60, 20, 120, 120))])
def test_without_room_there_are_none(size, box):
    frame = gray_frame(*size)
    assert draw_bars(frame, box, ROW, [box]) == box and (frame == 128).all()
