"""Photos that lie on their side."""

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, needs_cascades

from emotion_recognition.faces.boxes import Detection
from emotion_recognition.faces.haar import HaarDetector
from emotion_recognition.faces.orientation import find_turn
from emotion_recognition.images import read_picture, to_gray

pytestmark = needs_cascades


@pytest.mark.parametrize(
    ("turned", "words"),
    [
        (cv2.ROTATE_90_COUNTERCLOCKWISE, "by 90 degrees to the right"),
        (cv2.ROTATE_90_CLOCKWISE, "by 90 degrees to the left"),
        (cv2.ROTATE_180, "upside down"),
    ],
)
def test_the_turn_that_makes_a_portrait_upright(turned, words):
    gray = cv2.rotate(to_gray(read_picture(PORTRAIT)), turned)
    assert find_turn(HaarDetector().detect, gray) == words


def test_the_largest_face_tells_and_without_any_there_is_no_turn():
    picture, small, large = np.zeros((200, 300), np.uint8), Detection((0, 0, 30, 30)), Detection((0, 0, 90, 90))
    assert find_turn(lambda turned: [large] if turned.shape == (200, 300) else [small] * 2, picture) == "upside down"
    assert find_turn(lambda turned: [], picture) is None
