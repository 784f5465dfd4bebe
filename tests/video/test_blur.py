"""Blurred faces: what is left of them, where, and for how long."""

import numpy as np
import pytest
from conftest import PORTRAIT

from emotion_recognition.faces.haar import HaarDetector
from emotion_recognition.images import read_picture, to_gray
from emotion_recognition.recogniser import Face
from emotion_recognition.video.blur import BLOCKS, VideoBlur, blur_faces

BOX = (155, 105, 222, 222)
NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)


def face(box, track=None) -> Face:
    return Face(box, {"happy": 1.0}, "happy", track=track)


def is_even(frame, box) -> bool:
    """Return whether a box has no details: all its pixels are of a few colours."""
    x, y, width, height = box
    return len(np.unique(frame[y : y + height, x : x + width].reshape(-1, 3), axis=0)) <= BLOCKS**2


def test_nobody_is_found_in_a_blurred_face():
    picture = read_picture(PORTRAIT)
    blurred = blur_faces(picture, [BOX])
    assert [each.box for each in HaarDetector().detect(to_gray(picture))] == [BOX]
    assert HaarDetector().detect(to_gray(blurred)) == []
    assert is_even(blurred, BOX)


def test_boxes_outside_the_picture_change_nothing():
    frame = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    blur = VideoBlur()
    blur.blur(np.zeros((400, 400, 3), np.uint8), [face((200, 20, 50, 50), track=1)], 0.0)
    assert (blur.blur(frame, [], 0.1) == frame).all()
    assert (blur_faces(frame, [(-90, 0, 50, 50), (10, 10, 0, 9)]) == frame).all()


def test_hair_and_chin_are_blurred_too_and_the_rest_is_not_touched():
    blurred = blur_faces(NOISE, [(100, 60, 80, 80), (280, 180, 20, 20)])
    assert is_even(blurred, (80, 40, 120, 120)) and is_even(blurred, (275, 175, 25, 25))
    assert (blurred[:40] == NOISE[:40]).all() and (blurred[:, :80] == NOISE[:, :80]).all()
    assert not is_even(NOISE, (80, 40, 120, 120)), "the frame itself is left as it is"


def test_a_lost_face_stays_blurred_for_two_seconds():
    left, right, moved = (20, 40, 60, 60), (200, 40, 60, 60), (20, 120, 60, 60)
    video = VideoBlur()
    assert is_even(video.blur(NOISE, [face(left, 1), face(right, 2)], 5.0), left)
    assert is_even(VideoBlur().blur(NOISE, [face(left)], 0.0), left), "faces of a picture have no number"
    # A face that has moved is blurred where it is now, and there alone.
    lost = video.blur(NOISE, [face(moved, 1)], 6.9)
    assert is_even(lost, right) and is_even(lost, moved) and not is_even(lost, (20, 40, 60, 30))
    later = video.blur(NOISE, [face(moved, 1)], 7.1)
    assert is_even(later, moved) and not is_even(later, right)


@pytest.mark.parametrize("box", [(0, 0, 3, 3), (0, 0, 300, 200)])
def test_tiny_and_whole_pictures(box):
    blurred = blur_faces(NOISE, [box])
    assert blurred.shape == NOISE.shape and is_even(blurred, box)
