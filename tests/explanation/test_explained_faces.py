"""Faces in people's pictures that are explained: where they are."""

import numpy as np
from conftest import PORTRAIT
from matplotlib.axes import Axes

from emotion_recognition import EmotionRecogniser, Face
from emotion_recognition.explanation import figures
from emotion_recognition.explanation.explained_faces import ExplainedFace, find, place_boxes


def test_a_face_its_name_and_its_place():
    recogniser = EmotionRecogniser()
    [face] = find([PORTRAIT], recogniser)
    assert face.crop.shape == (48, 48) and (face.source, face.number) == (str(PORTRAIT), 1)
    assert face.read == recogniser.read(PORTRAIT)[0]
    # The portrait of 512x600 pixels is 400 pixels high in a figure.
    assert face.place.picture.shape == (400, 341, 3) and face.place.box == (103, 70, 148, 148)


def test_an_unclear_face_is_named_with_both_emotions_in_its_figure(tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(Axes, "set_title", lambda axes, text, **options: titles.append(text))
    read = Face((1, 2, 30, 40), {"happy": 0.4, "sad": 0.35, "angry": 0.25}, "happy", unclear="sad")
    [place] = place_boxes(np.zeros((48, 60, 3), np.uint8), [read.box])
    face = ExplainedFace("a.png", 1, read, np.zeros((48, 48), np.uint8), place)
    figures.explained_faces([face], ["happy"], np.zeros((1, 48, 48)), "occlusion", None, None, tmp_path / "a.png")
    assert titles == ["a.png\nface 1", "what the model sees", "happy: occlusion", "unclear: happy or sad"]


def test_long_names_are_shortened_in_the_middle():
    assert figures.shortened("solvay_conference_1927.jpg") == "solvay_conference_1927.jpg"
    short = figures.shortened("a_very_long_name_of_a_picture_that_somebody_has_taken.jpg")
    assert (short, len(short)) == ("a_very_long_na…has_taken.jpg", 28)


def test_small_pictures_are_not_enlarged_and_long_ones_keep_a_pixel():
    [place] = place_boxes(np.zeros((48, 60, 3), np.uint8), [(1, 2, 30, 40)])
    assert place.picture.shape == (48, 60, 3) and place.box == (1, 2, 30, 40)
    assert place_boxes(np.zeros((1, 9000, 3), np.uint8), [(0, 0, 9000, 1)])[0].picture.shape == (1, 400, 3)
