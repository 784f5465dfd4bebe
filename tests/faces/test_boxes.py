"""Boxes: how they lie to each other, and the crops that the network sees."""

import numpy as np
import pytest

from emotion_recognition.faces.boxes import (
    Detection,
    clip_box,
    crop_face,
    distinct,
    overlap,
    smallest_width,
)


def test_overlap():
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 20), (5, 10, 10, 20)) == pytest.approx(1 / 7)
    assert overlap((0, 0, 10, 10), (10, 0, 10, 10)) == overlap((0, 0, 10, 10), (20, 20, 5, 5)) == 0


def test_a_mouth_and_the_same_face_once_more_are_no_faces_of_their_own():
    boxes = (0, 0, 100, 100), (4, 4, 96, 96), (30, 60, 40, 40), (70, 0, 90, 90)
    face, again, mouth, neighbour = map(Detection, boxes)
    for order in ([face, again, mouth, neighbour], [neighbour, mouth, again, face]):
        assert distinct(order) == [face, neighbour]
    # Half of it inside is not the most part.
    assert [len(distinct([Detection((0, 0, 100, height)), mouth])) for height in (80, 81)] == [2, 1]


def test_the_smallest_face_that_is_wanted():
    assert smallest_width(None, (480, 640)) == 24
    assert smallest_width(None, (480, 640), least=48) == 48
    assert smallest_width(None, (2000, 3000), least=48) == 100
    assert smallest_width(30, (2000, 3000), least=48) == 30
    assert smallest_width(5, (2000, 3000), least=48) == 24


def test_boxes_are_cut_at_the_edges():
    assert clip_box((-5, 3, 20, 20), 10, 30) == (0, 3, 10, 20)
    assert clip_box(np.array([2, 25, 20, 20]), 50, 30) == (2, 25, 20, 5)


def test_crops():
    gray = np.arange(100 * 120, dtype=np.uint32).reshape(100, 120).astype(np.uint8)
    assert (crop_face(gray, (10, 20, 48, 48)) == gray[20:68, 10:58]).all()
    assert crop_face(gray, (0, 0, 96, 96)).shape == (48, 48)
    halves = crop_face(np.repeat(np.uint8([[10, 200]]), 96, axis=0).repeat(48, axis=1), (0, 0, 96, 96))
    assert (halves[:, :24] == 10).all() and (halves[:, 24:] == 200).all()
