"""Drawing: what is painted where, at every size of picture and number of faces."""

import numpy as np
import pytest

from emotion_recognition.labels import COLOURS, EMOTIONS
from emotion_recognition.video.overlay import draw_faces, find_room, overlap, place_name

SEVEN = tuple(emotion for emotion in EMOTIONS if emotion != "contempt")


def probabilities_of(*emotions):
    """Return rows (n, 7) in which the named emotion has 94 %, each other one 1 %."""
    return np.array([[0.94 if emotion == name else 0.01 for emotion in SEVEN] for name in emotions], np.float32)


def gray_frame(width, height):
    return np.full((height, width, 3), 128, np.uint8)


def test_the_frame_itself_is_not_touched():
    frame = gray_frame(640, 480)
    drawn = draw_faces(frame, [(200, 150, 120, 120)], probabilities_of("happy"), SEVEN)
    assert (frame == 128).all()
    assert drawn.shape == frame.shape and (drawn != 128).any()


def test_the_box_and_the_name_have_the_colour_of_the_emotion():
    drawn = draw_faces(gray_frame(640, 480), [(200, 150, 120, 120)], probabilities_of("sad"), SEVEN)
    assert tuple(drawn[150, 260]) == COLOURS["sad"]
    assert tuple(drawn[269, 260]) == COLOURS["sad"]
    assert tuple(drawn[149, 201]) == COLOURS["sad"], "the strip of the name ends just above the box"
    assert tuple(drawn[210, 260]) == (128, 128, 128), "the face itself stays free"


def test_bars_are_as_long_as_probabilities():
    rows = np.array([[0.5, 0.25, 0.05, 0.05, 0.05, 0.05, 0.05]], np.float32)
    drawn = draw_faces(gray_frame(640, 480), [(200, 150, 120, 120)], rows, SEVEN)
    lengths = [(drawn[:, 330:] == COLOURS[emotion]).all(axis=2).sum(axis=1).max() for emotion in SEVEN]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=1)
    assert lengths[1] == pytest.approx(5 * lengths[2], abs=3)


@pytest.mark.parametrize("size", [(48, 48), (20, 300), (300, 20), (64, 48), (320, 240), (1920, 1080), (4000, 300)])
@pytest.mark.parametrize("emotion", ["disgusted", "sad"])
def test_names_stay_inside_pictures_of_every_size(size, emotion):
    width, height = size
    drawn = draw_faces(gray_frame(width, height), [(0, 0, width, height)], probabilities_of(emotion), SEVEN)
    assert drawn.shape[1] >= 240 and drawn.shape[0] >= 160
    assert drawn.shape[1] % width == 0 and drawn.shape[0] % height == 0
    strip = (drawn == COLOURS[emotion]).all(axis=2)
    name = place_name(drawn, (0, 0, drawn.shape[1], drawn.shape[0]), f"{emotion} 94%", 10)
    assert name[0] >= 0 and name[1] >= 0 and name[0] + name[2] <= drawn.shape[1] and name[1] + name[3] <= drawn.shape[0]
    assert strip[:10, : drawn.shape[1] // 4].any()


@pytest.mark.parametrize(("size", "shape"), [((200_000, 1), (1, 200_000, 3)), ((1, 3000), (6000, 2, 3))])
def test_a_strip_of_pixels_does_not_fill_the_memory(size, shape):
    drawn = draw_faces(gray_frame(*size), [(0, 0, *size)], probabilities_of("happy"), SEVEN)
    assert drawn.shape == shape and (drawn != 128).any()


def test_a_face_at_the_right_edge_has_its_name_inside():
    frame = gray_frame(640, 480)
    left, top, width, height = place_name(frame, (600, 0, 40, 40), "surprised 100%", 13)
    assert left + width == 640 and top == 0 and height >= 20


def test_panels_hide_no_other_face():
    frame = gray_frame(640, 480)
    assert find_room(frame, (200, 100, 100, 100), 120, 140, []) == (300, 100, 120, 140)
    assert find_room(frame, (200, 100, 100, 100), 120, 140, [(310, 120, 50, 50)]) == (80, 100, 120, 140)
    assert find_room(frame, (200, 100, 100, 100), 120, 140, [(310, 120, 50, 50), (90, 100, 50, 50)]) is None
    assert find_room(frame, (0, 0, 640, 480), 120, 140, [(0, 0, 640, 480)]) == (0, 340, 120, 140)


def test_boxes_that_only_touch_do_not_overlap():
    assert overlap((0, 0, 10, 10), (9, 9, 5, 5))
    assert not overlap((0, 0, 10, 10), (10, 0, 5, 5))
    assert not overlap((0, 0, 10, 10), (0, 10, 5, 5))


def test_no_face_and_many_faces():
    frame = gray_frame(640, 480)
    assert (draw_faces(frame, [], np.empty((0, 7), np.float32), SEVEN) == frame).all()
    boxes = [(x, y, 40, 40) for y in range(60, 420, 60) for x in range(0, 600, 100)]
    drawn = draw_faces(frame, boxes, probabilities_of(*["neutral"] * len(boxes)), SEVEN)
    for x, y, width, _ in boxes:
        assert tuple(drawn[y, x + width // 2]) == COLOURS["neutral"]
