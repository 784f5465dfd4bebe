"""The views of a face: mirrored, shifted, and as they are at the edge of a picture."""

import numpy as np
import pytest

from emotion_recognition.faces.boxes import crop_face
from emotion_recognition.faces.views import VIEWS, crop_views

GRAY = np.random.default_rng(0).integers(0, 256, (300, 400), np.uint8)
BOX = (100, 80, 96, 96)


@pytest.mark.parametrize("number", VIEWS)
def test_there_are_as_many_different_views_as_wanted(number):
    views = crop_views(GRAY, BOX, number)
    assert len(views) == number == len({view.tobytes() for view in views})
    assert {(view.shape, view.dtype) for view in views} == {((48, 48), np.dtype(np.uint8))}


def test_one_view_is_the_crop_itself_and_the_second_its_mirror_image():
    crop = crop_face(GRAY, BOX)
    first, second = crop_views(GRAY, BOX, 2)
    assert (first == crop).all() and (second == crop[:, ::-1]).all()


def test_shifted_views_are_crops_of_shifted_boxes():
    first, second, *_ = crop_views(GRAY, BOX, 8)
    # A step is 2.4 pixels of this box: 3.5 steps to the left and half a step down, and the next column, mirrored.
    assert (first == crop_face(GRAY, (92, 81, 96, 96))).all()
    assert (second == crop_face(GRAY, (94, 72, 96, 96))[:, ::-1]).all()


@pytest.mark.parametrize("number", [4, 8])
def test_views_lie_evenly_around_the_face(number):
    steps = np.array([(right, down) for right, down, _ in VIEWS[number]]) * 48 / (1.2 if number == 8 else 1.5)
    # One in each column, and one in each row.
    evenly = np.arange(number) - (number - 1) / 2
    assert sorted(steps[:, 0]) == pytest.approx(evenly) and sorted(steps[:, 1]) == pytest.approx(evenly)
    assert sum(mirrored for *_, mirrored in VIEWS[number]) == number / 2


def test_beyond_the_edge_of_the_picture_its_pixels_are_repeated():
    gray = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))
    left = crop_views(gray, (0, 0, 48, 48), 4)[0]
    assert left[0, :4].tolist() == [0, 0, 0, 5]
