"""Drawing: what is painted where, at every size of picture and number of faces."""

from dataclasses import replace

import numpy as np
import pytest

from emotion_recognition.labels import AGAINST, COLOURS, DARK, EMOTIONS, FOR
from emotion_recognition.recogniser import Face
from emotion_recognition.video.overlay import (
    KEYS,
    LARGEST_OPACITY,
    annotate,
    draw_faces,
    draw_heat,
    draw_name,
    draw_notes,
    mirrored,
    name_of,
    place_name,
)

SEVEN = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")


def face_of(emotion, *box, track=None) -> Face:
    """Return a face that has 94 % of the emotion and 1 % of each other one."""
    return Face(box, {name: 0.94 if name == emotion else 0.01 for name in SEVEN}, emotion, track=track)


def gray_frame(width, height):
    return np.full((height, width, 3), 128, np.uint8)


def test_the_box_and_the_name_have_the_colour_of_the_emotion():
    frame = gray_frame(640, 480)
    drawn = draw_faces(frame, [face_of("sad", 200, 150, 120, 120)])
    assert (frame == 128).all(), "the frame itself is not touched"
    assert tuple(drawn[150, 260]) == COLOURS["sad"]
    assert tuple(drawn[269, 260]) == COLOURS["sad"]
    assert tuple(drawn[148, 310]) == DARK, "on light ground the box is seen too"
    assert tuple(drawn[149, 201]) == COLOURS["sad"], "the strip of the name ends just above the box"
    assert tuple(drawn[210, 260]) == (128, 128, 128), "the face itself stays free"
    large = draw_faces(gray_frame(3840, 2160), [face_of("sad", 2000, 1000, 400, 400)])
    assert tuple(large[1003, 2200]) == COLOURS["sad"], "on a large picture the line is thicker"
    # Where the names of two faces would lie on each other, that of the larger one has the place.
    drawn = draw_faces(frame, [face_of("happy", 170, 150, 24, 24), face_of("sad", 200, 150, 120, 120)])
    assert tuple(drawn[149, 201]) == COLOURS["sad"]


def test_what_is_written_at_a_face():
    assert name_of(face_of("sad", 0, 0, 9, 9)) == "sad 94%"
    # The emotion that is shown need not be the most probable one of this moment.
    assert name_of(replace(face_of("sad", 0, 0, 9, 9, track=3), emotion="happy")) == "3 happy 1%"
    unclear = replace(face_of("sad", 0, 0, 9, 9), unclear="angry")
    assert name_of(replace(unclear, track=3)) == "3 unclear: sad or angry"
    assert name_of(unclear) == "unclear: sad or angry"


@pytest.mark.parametrize("size", [(48, 48), (20, 300), (300, 20), (64, 48), (320, 240), (1920, 1080), (4000, 300)])
@pytest.mark.parametrize("emotion", ["disgusted", "sad"])
def test_names_stay_inside_pictures_of_every_size(size, emotion):
    width, height = size
    drawn = draw_faces(gray_frame(width, height), [face_of(emotion, 0, 0, width, height)])
    assert drawn.shape[1] >= 240 and drawn.shape[0] >= 160
    assert drawn.shape[1] % width == 0 and drawn.shape[0] % height == 0
    canvas = drawn.copy()
    x, y, strip_width, strip_height = draw_name(canvas, (0, 0, *drawn.shape[1::-1]), f"{emotion} 94%", (1, 2, 3), [])
    assert (x, y) == (0, 0) and strip_width <= drawn.shape[1] and 13 <= strip_height <= drawn.shape[0]
    # Where the name stands, its ground has the emotion's colour, and nothing else is changed.
    changed = (canvas != drawn).any(axis=2)
    assert not changed[strip_height:].any() and not changed[:, strip_width:].any()
    assert (drawn[:strip_height, :strip_width] == COLOURS[emotion]).all(axis=2).mean() > 0.5


@pytest.mark.parametrize(("size", "shape"), [((200_000, 1), (1, 200_000, 3)), ((1, 3000), (6000, 2, 3))])
def test_a_strip_of_pixels_does_not_fill_the_memory(size, shape):
    drawn = draw_faces(gray_frame(*size), [face_of("happy", 0, 0, *size)])
    assert drawn.shape == shape and (drawn != 128).any()


def test_a_name_stands_above_its_box_or_below_or_inside():
    frame, box, size = gray_frame(640, 480), (200, 150, 120, 120), (80, 17)
    assert place_name(frame, box, size, [box]) == (200, 133, *size)
    assert place_name(frame, box, size, [box, (250, 100, 90, 40)]) == (200, 270, *size)
    assert place_name(frame, box, size, [box, (250, 100, 90, 40), (150, 265, 90, 40)]) == (200, 150, *size)
    assert place_name(frame, (600, 0, 40, 480), size, []) == (560, 0, *size)


def test_a_name_is_small_at_a_small_face_of_a_large_picture():
    frame = gray_frame(1920, 1080)
    heights = [draw_name(frame, (0, 500, width, width), "surprised 100%", DARK, [])[3] for width in (20, 150, 400)]
    assert heights[0] == round(1.7 * 12) < heights[1] < heights[2] == round(1.7 * 24)


def test_up_to_three_faces_have_bars_and_no_bar_hides_a_face():
    boxes = [(40 + 200 * place, 150, 60, 60) for place in range(3)]
    few = draw_faces(gray_frame(640, 480), [face_of("happy", *box) for box in boxes])
    # Bars of the other emotions are short, but their colours are there.
    assert all((few == COLOURS[emotion]).all(axis=2).any() for emotion in SEVEN)
    for x, y, width, height in boxes:
        assert (few[y + 3 : y + height - 3, x + 3 : x + width - 3] == 128).all()
    boxes = [(x, 150, 40, 40) for x in (20, 170, 320, 470)]
    many = draw_faces(gray_frame(640, 480), [face_of("happy", *box) for box in boxes])
    assert all(tuple(many[y, x + 20]) == COLOURS["happy"] for x, y, *_ in boxes)
    assert not any((many == COLOURS[emotion]).all(axis=2).any() for emotion in SEVEN if emotion != "happy")


def test_the_mirrored_view_has_its_faces_and_maps_on_the_other_side():
    frame, importance = gray_frame(240, 160), np.zeros((48, 48), np.float32)
    importance[:, :16] = 0.4
    face = face_of("happy", 10, 20, 48, 48)
    assert [each.box for each in mirrored([face], 240)] == [(182, 20, 48, 48)]
    assert mirrored(mirrored([face], 240), 240) == [face]
    [plain, flipped] = [annotate(frame, [face], [importance], is_mirrored=mirror) for mirror in (False, True)]
    assert plain[40, 20, 2] > 150 > plain[40, 52, 2] and flipped[40, 219, 2] > 150 > flipped[40, 187, 2]
    # Maps have a key in the lower right corner, which is not mirrored.
    assert np.array_equal(plain[-13:, -50:], flipped[-13:, -50:]) and (plain[-13:, -50:] == AGAINST).all(axis=2).any()
    assert np.array_equal(annotate(frame, [face], []), draw_faces(frame, [face]))


def test_colours_lie_where_the_map_says():
    frame = np.full((100, 120, 3), 100, np.uint8)
    importance = np.zeros((48, 48), np.float32)
    importance[:, :16], importance[:, 32:] = 0.1, -0.4
    faces = [face_of("happy", 10, 20, 48, 48), face_of("sad", 60, 40, 48, 48)]
    drawn = draw_heat(frame, faces, [importance, None])
    assert (frame == 100).all()
    weak = np.round((1 - LARGEST_OPACITY / 4) * 100 + LARGEST_OPACITY / 4 * np.array(FOR))
    strong = np.round((1 - LARGEST_OPACITY) * 100 + LARGEST_OPACITY * np.array(AGAINST))
    assert drawn[40, 15].tolist() == weak.tolist()
    assert drawn[30, 55].tolist() == strong.tolist()
    assert (drawn[30, 30] == 100).all() and (drawn[:20] == 100).all() and (drawn[70:, 60:] == 100).all()


def test_a_map_in_which_nothing_matters_is_hardly_seen():
    frame = np.full((100, 120, 3), 100, np.uint8)
    drawn = draw_heat(frame, [face_of("happy", 10, 20, 48, 48)], [np.full((48, 48), 0.001, np.float32)])
    assert np.abs(drawn.astype(int) - 100).max() <= 2


def test_notes_stand_in_the_lower_left_corner():
    frame = gray_frame(320, 240)
    drawn = draw_notes(frame, KEYS)
    assert (frame == 128).all() and (draw_notes(frame, []) == frame).all()
    changed = (drawn != 128).any(axis=2)
    assert changed[-14 * len(KEYS) :, :20].mean() > 0.99
    lines = np.split(drawn[-14 * len(KEYS) :], len(KEYS))
    assert all((line.max(axis=2) > 200).any() for line in lines), "each is written"
    assert not changed[: -14 * len(KEYS)].any() and not changed[:, 300:].any()
