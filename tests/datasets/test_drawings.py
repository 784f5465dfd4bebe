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


def test_every_feature_that_is_named_is_drawn():
    plain = drawings.Drawing(np.random.default_rng(0), "nothing")
    before = plain.canvas.copy()
    for number, draw in enumerate((plain.draw_eye, plain.draw_brow, plain.draw_mouth)):
        for kind in {kind for looks in drawings.LOOKS.values() for kind in looks[number]} - {"none"}:
            plain.canvas[:] = before
            draw(kind, (96, 96), 20, *([1] if number < 2 else []))
            assert not np.array_equal(plain.canvas, before), kind
    faces = {extra: with_extra(extra) for looks in drawings.LOOKS.values() for extra in looks[3]}
    for extra in faces.keys() - {"nothing"}:
        assert not np.array_equal(faces[extra], faces["nothing"]), extra


def with_extra(extra) -> np.ndarray:
    """Return a face that has nothing but this extra."""
    face = drawings.Drawing(np.random.default_rng(0), extra)
    face.draw_extra((96, 96), 20, 1)
    return face.canvas


def places(draw, *arguments, extra="nothing"):
    """Return the rows and columns that a feature changes, from the middle of what is drawn at (96, 96)."""
    face = drawings.Drawing(np.random.default_rng(1), extra)
    before = face.canvas.copy()
    draw(face, *arguments)
    rows, columns = np.nonzero(before != face.canvas)
    return rows - 96, columns - 96


@pytest.mark.parametrize("kind, ends_are_above", [("up", True), ("down", False), ("grin", True), ("wail", False)])
def test_mouths_are_curved_as_they_should_be(kind, ends_are_above):
    rows, columns = places(drawings.Drawing.draw_mouth, kind, (96, 96), 40)
    ends, middle = rows[np.abs(columns) > 25].mean(), rows[np.abs(columns) < 5].mean()
    assert (ends < middle) == ends_are_above


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("kind, inner_is_above", [("frowning", False), ("worried", True)])
def test_brows_fall_to_the_side_that_they_should(kind, inner_is_above, side):
    rows, columns = places(drawings.Drawing.draw_brow, kind, (96, 96), 20, side)
    assert (rows[side * columns < -10].mean() < rows[side * columns > 10].mean()) == inner_is_above


@pytest.mark.parametrize("extra, is_below", [("tears", True), ("streams", True), ("cheeks", True), ("sweat", False)])
def test_what_else_is_drawn_is_where_it_should_be(extra, is_below):
    rows, _ = places(drawings.Drawing.draw_extra, (96, 96), 20, 1, extra=extra)
    assert rows.min() > 0 if is_below else rows.max() < 0
