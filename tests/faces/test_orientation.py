"""Photos that lie on their side."""

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, needs_cascades

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


def test_a_picture_without_faces_fits_in_no_orientation():
    assert find_turn(HaarDetector().detect, np.full((200, 300), 128, np.uint8)) is None
