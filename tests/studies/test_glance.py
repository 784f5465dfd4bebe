"""What a report shows beside numbers: emotions over time, and one picture with blurred faces."""

import base64

import cv2
import numpy as np
import pytest

from emotion_recognition.recogniser import Face
from emotion_recognition.studies.glance import MOST_INTERVALS, Glance
from emotion_recognition.video.capture import Frame

EMOTIONS = ("happy", "sad")


def face(happy=1.0, box=(20, 20, 40, 40), track=1):
    return Face(box, {"happy": happy, "sad": 1 - happy}, "happy", track=track)


def frame(seconds, level=128):
    return Frame(np.full((100, 200, 3), level, np.uint8), round(seconds * 10), seconds)


def shown(glance):
    """Return the picture that the glance has kept."""
    return cv2.imdecode(np.frombuffer(base64.b64decode(glance.thumbnail()), np.uint8), cv2.IMREAD_COLOR)


def test_each_interval_has_the_means_of_its_faces():
    glance = Glance(EMOTIONS)
    # The source begins somewhere, as with --start.
    glance.add(frame(7.0), [face(0.5), face(1.0, track=2)])
    glance.add(frame(7.15), [])
    glance.add(frame(7.25), [face(0.25)])
    assert glance.timeline() == [[0.75, 0.25], [], [0.25, 0.75]]


def test_between_frames_that_are_far_apart_the_last_one_holds():
    glance = Glance(EMOTIONS)
    glance.add(frame(0.0), [face(1.0)])
    glance.add(frame(0.4), [])
    assert glance.timeline() == [[1.0, 0.0]] * 4 + [[]]


def test_a_long_source_has_no_more_intervals():
    glance = Glance(EMOTIONS)
    for second in range(1000):
        glance.add(frame(float(second)), [face(1.0 if second < 500 else 0.0)])
    timeline = glance.timeline()
    assert len(timeline) <= MOST_INTERVALS and glance.interval == pytest.approx(12.8)
    assert timeline[0] == [1.0, 0.0] and timeline[-1] == [0.0, 1.0]


def test_the_frame_with_most_faces_is_shown():
    glance = Glance(EMOTIONS, blurs=False)
    for number, faces in enumerate([[], [face()], [face(), face(track=2)], [face()]]):
        glance.add(frame(0.1 * number, level=50 * number), faces)
    assert np.median(shown(glance)) == 100


def test_a_face_that_was_lost_a_moment_ago_is_blurred_too():
    noise = np.random.default_rng(0).integers(0, 256, (100, 200, 3)).astype(np.uint8)
    glance = Glance(EMOTIONS)
    glance.add(frame(0.0), [face(box=(20, 20, 40, 40))])
    glance.add(Frame(noise, 1, 0.1), [face(box=(120, 20, 60, 60), track=2)])
    picture = shown(glance)
    # Noise that is averaged in blocks has hardly any contrast; what is no face keeps its own.
    assert picture[25:55, 25:55].std() < 25 and picture[25:75, 125:175].std() < 25 < picture[90:, :].std()


def test_a_picture_without_faces_is_shown_only_to_who_wants_faces():
    glances = [Glance(EMOTIONS, blurs) for blurs in (True, False)]
    for glance in glances:
        glance.add(frame(0.0), [])
    assert glances[0].thumbnail() == "" and shown(glances[1]).shape == (100, 200, 3)
