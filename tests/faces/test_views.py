"""The views of a face: mirrored, shifted, and as they are at the edge of a picture."""

import numpy as np
import pytest

from emotion_recognition.faces.boxes import crop_face
from emotion_recognition.faces.views import DEFAULT_VIEWS, VIEWS, crop_views

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
    left, right, upper, _ = crop_views(GRAY, BOX, 4)
    assert (left == crop_face(GRAY, (95, 80, 96, 96))).all() and (right == crop_face(GRAY, (105, 80, 96, 96))).all()
    assert (upper == crop_face(GRAY, (100, 75, 96, 96))[:, ::-1]).all()
    first, second, *_ = crop_views(GRAY, BOX, 8)
    assert (first == crop_face(GRAY, (93, 73, 96, 96))).all()
    assert (second == crop_face(GRAY, (95, 83, 96, 96))[:, ::-1]).all()


def test_views_lie_around_the_face():
    assert DEFAULT_VIEWS in VIEWS
    for views in VIEWS.values():
        assert np.sum([(right, down) for right, down, _ in views], axis=0) == pytest.approx(0)


def test_no_two_of_eight_views_lie_in_one_row_or_column():
    places = np.array([(right, down) for right, down, _ in VIEWS[8]]) * 48
    assert sorted(places[:, 0]) == pytest.approx(np.arange(8) - 3.5) == sorted(places[:, 1])
    assert sum(mirrored for *_, mirrored in VIEWS[8]) == 4


def test_beyond_the_edge_of_the_picture_its_pixels_are_repeated():
    gray = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))
    left = crop_views(gray, (0, 0, 48, 48), 4)[0]
    assert left[0, :4].tolist() == [0, 0, 0, 5]
