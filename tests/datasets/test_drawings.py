"""Drawn faces: of every emotion, each another, the same again for the same seed, and for training alone."""

import numpy as np
import pytest

from emotion_recognition.datasets import drawings
from emotion_recognition.labels import FER2013_CODES


def test_faces_of_every_emotion():
    faces = list(drawings.samples(20, seed=0))
    assert [face.emotion for face in faces] == [emotion for emotion in drawings.LOOKS for _ in range(20)]
    assert set(drawings.LOOKS) == set(FER2013_CODES)
    assert {face.split for face in faces} == {"train"}
    assert len({face.name for face in faces}) == len({face.picture.tobytes() for face in faces}) == 140
    for face in faces:
        assert face.picture.shape == (48, 48) and face.picture.dtype == np.uint8
        # Something dark is drawn on something light.
        assert np.ptp(face.picture.astype(int)) > 50


def test_the_seed_decides():
    first, same, other = ([face.picture for face in drawings.samples(3, seed)] for seed in (5, 5, 6))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


@pytest.mark.parametrize("look", range(3))
def test_shares_of_each_look_sum_to_one(look):
    for emotion, looks in drawings.LOOKS.items():
        assert sum(looks[look].values()) == pytest.approx(1), emotion


def test_every_feature_that_is_named_is_drawn():
    plain = drawings.Drawing(np.random.default_rng(0), "nothing")
    before = plain.canvas.copy()
    for number, draw in enumerate((plain.draw_eye, plain.draw_brow, plain.draw_mouth)):
        for kind in {kind for looks in drawings.LOOKS.values() for kind in looks[number]} - {"none"}:
            plain.canvas[:] = before
            draw(kind, (96, 96), 20, *([1] if number < 2 else []))
            assert not np.array_equal(plain.canvas, before), kind


def test_smiles_and_frowns_are_curved_as_they_should_be():
    for kind, ends_are_above in (("up", True), ("down", False)):
        face = drawings.Drawing(np.random.default_rng(1), "nothing")
        before = face.canvas.copy()
        face.draw_mouth(kind, (96, 134), 40)
        rows, columns = np.nonzero(before != face.canvas)
        ends, middle = rows[np.abs(columns - 96) > 25].mean(), rows[np.abs(columns - 96) < 5].mean()
        assert (ends < middle) == ends_are_above
