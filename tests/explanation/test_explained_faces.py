"""Faces in people's pictures that are explained: where they are."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import PORTRAIT, make_picture

from emotion_recognition import EmotionRecogniser, Face
from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.explanation import explained_faces, figures
from emotion_recognition.explanation.explained_faces import place_boxes
from emotion_recognition.explanation.regions import MeanMap


def test_a_face_its_name_and_its_place():
    recogniser = EmotionRecogniser()
    [face] = explained_faces.find([PORTRAIT], recogniser)
    assert face.crop.shape == (48, 48) and (face.source, face.number) == (str(PORTRAIT), 1)
    assert face.read == recogniser.read(PORTRAIT)[0]
    # The portrait of 512x600 pixels is 400 pixels high in a figure.
    assert face.place.picture.shape == (400, 341, 3) and face.place.box == (103, 70, 148, 148)


def test_several_faces_keep_their_places_and_too_many_are_refused(tmp_path, monkeypatch):
    read = [Face(box, {"happy": 1.0}, "happy") for box in ((30, 2, 20, 20), (1, 2, 30, 40))]
    path, recogniser = make_picture(tmp_path / "a.png"), SimpleNamespace(read=lambda picture: read)
    found = [(face.number, face.read, face.place.box) for face in explained_faces.find([path], recogniser)]
    assert found == [(1, read[0], read[0].box), (2, read[1], read[1].box)]
    monkeypatch.setattr(explained_faces, "MOST_FACES", 3)
    with pytest.raises(UserError, match="4 faces are too many for one figure"):
        explained_faces.find([path, path], recogniser)


def test_labelled_faces_are_shuffled_with_their_labels(small_data):
    test = folders.read_split(small_data, "test")
    faces, labels = explained_faces.read(small_data, "test", test.emotions)
    label_of = {picture.tobytes(): label for picture, label in zip(test.pictures, test.labels, strict=True)}
    assert labels.tolist() == [label_of[face.tobytes()] for face in faces] != sorted(labels)


def test_each_face_has_a_row_with_its_own_map(tmp_path, drawn):
    read = Face((1, 2, 30, 40), {"happy": 0.4, "sad": 0.35, "angry": 0.25}, "happy", unclear="sad")
    blue, crop = np.full((48, 60, 3), (255, 0, 0), np.uint8), np.full((48, 48), 100, np.uint8)
    faces = [explained_faces.ExplainedFace("a.png", row, read, crop, *place_boxes(blue, [read.box])) for row in (1, 2)]
    maps, masks = np.full((2, 48, 48), -1.0), np.full((2, 48, 48), 0.5)
    maps[1], masks[:, 0] = 2, 0.25
    corners = np.array([[(1.0, 2.0), (30.0, 2.0), (30.0, 40.0), (1.0, 40.0)]] * 2)
    figures.explained_faces(faces, ["happy", "sad"], maps, "occlusion", masks, corners, tmp_path / "a.png")
    axes = drawn[0].axes
    titles = ["a.png\nface 2", "what the model sees", "sad: occlusion", "spatial mask", "spatial transformer"]
    assert [each.get_title() for each in axes[6:12]] == [*titles, "unclear: happy or sad"]
    assert axes[0].images[0].get_array()[0, 0].tolist() == [0, 0, 255]
    assert axes[0].patches[0].get_bbox().bounds == (0.5, 1.5, 30, 40)
    assert np.array_equal(axes[4].patches[0].get_xy()[:4], corners[0])
    for row, level in ((0, -1), (1, 2)):
        shown = axes[6 * row + 2].images[1]
        assert (shown.get_array() == level).all() and shown.get_clim() == (-abs(level), abs(level))
    # Where a mask is half as high as at its highest place, the face is half as light.
    assert axes[3].images[0].get_array()[[0, 1], 0].tolist() == [50, 100]
    assert axes[5].yaxis_inverted()
    figures.emotion_regions({"happy": MeanMap(crop, maps[0], 2)}, tmp_path / "b.png")
    mean = drawn[1].axes[0]
    assert mean.get_title() == "happy (2 faces)" and np.array_equal(mean.images[1].get_array(), maps[0])


def test_long_names_are_shortened_in_the_middle():
    assert figures.shortened("solvay_conference_1927.jpg") == "solvay_conference_1927.jpg"
    short = figures.shortened("a_very_long_name_of_a_picture_that_somebody_has_taken.jpg")
    assert (short, len(short)) == ("a_very_long_na…has_taken.jpg", 28)


def test_small_pictures_are_not_enlarged_and_long_ones_keep_a_pixel():
    [place] = place_boxes(np.zeros((48, 60, 3), np.uint8), [(1, 2, 30, 40)])
    assert place.picture.shape == (48, 60, 3) and place.box == (1, 2, 30, 40)
    assert place_boxes(np.zeros((1, 9000, 3), np.uint8), [(0, 0, 9000, 1)])[0].picture.shape == (1, 400, 3)
