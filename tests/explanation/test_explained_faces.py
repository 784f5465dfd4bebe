"""Faces in people's pictures that are explained: where they are."""

import numpy as np
from conftest import PORTRAIT

from emotion_recognition.explanation.explained_faces import find, place_boxes


def test_a_face_its_name_and_its_place():
    faces, names, [place] = find([PORTRAIT])
    assert faces.shape == (1, 48, 48) and names == ["grace_hopper.jpg, face 1"]
    # The portrait of 512x600 pixels is 400 pixels high in a figure.
    assert place.picture.shape == (400, 341, 3) and place.box == (103, 70, 148, 148)


def test_small_pictures_are_not_enlarged_and_long_ones_keep_a_pixel():
    [place] = place_boxes(np.zeros((48, 60, 3), np.uint8), [(1, 2, 30, 40)])
    assert place.picture.shape == (48, 60, 3) and place.box == (1, 2, 30, 40)
    assert place_boxes(np.zeros((1, 9000, 3), np.uint8), [(0, 0, 9000, 1)])[0].picture.shape == (1, 400, 3)
