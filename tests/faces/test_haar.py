"""The Haar detector: files that are none, a search near a known face, and how many pixels it looks at."""

import shutil

import pytest
from conftest import needs_cascades

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import overlap
from emotion_recognition.faces.haar import CASCADE, HaarDetector
from emotion_recognition.images import read_picture, to_gray

pytestmark = needs_cascades


@pytest.fixture(scope="module")
def detector():
    return HaarDetector()


def test_a_missing_or_damaged_cascade_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.xml is not there"):
        HaarDetector(tmp_path / "nowhere.xml")
    for content in ("", "<opencv_storage></opencv_storage>", "no xml at all"):
        (tmp_path / "bad.xml").write_text(content)
        with pytest.raises(UserError, match=r"bad\.xml is no Haar cascade"):
            HaarDetector(tmp_path / "bad.xml")


def test_a_cascade_whose_name_is_no_utf_8(tmp_path):
    path = shutil.copy(CASCADE, tmp_path / "caf\udce9.xml")
    with pytest.raises(UserError, match="has a name that is not UTF-8"):
        HaarDetector(path)


def test_near_a_known_face_and_with_more_pixels_more_is_found(detector, shared):
    gray = to_gray(read_picture(shared / "media" / "one_face.jpg"))
    [thorough] = detector.detect(gray)
    x, y, width, height = thorough.box
    [near] = detector.detect_near(gray, (x + width // 8, y - height // 10, width, height))
    assert overlap(thorough.box, near.box) > 0.7
    assert detector.detect_near(gray, (0, gray.shape[0] - 60, 60, 60)) == []
    # One of half the size is another face.
    assert detector.detect_near(gray, (x - width // 2, y - height // 2, 2 * width, 2 * height)) == []
    # Where the frame has shrunk, a known box may lie outside.
    assert detector.detect_near(gray, (5000, 5000, 60, 60)) == []
    # What is missed with few pixels is found with more.
    group = to_gray(read_picture(shared / "media" / "group_photo.jpg"))
    assert len(detector.detect_quickly(group)) < len(detector.detect_quickly(group, reserve=1.6)) == 6


def test_many_faces_are_cheaper_to_find_in_the_whole_frame(detector):
    assert [detector.is_nearby_cheaper((480, 640), faces) for faces in (1, 9, 10)] == [True, True, False]
