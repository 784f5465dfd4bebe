"""The Haar detector on real photos, and the crops that the network sees."""

import shutil

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT

from emotion_recognition.errors import UserError
from emotion_recognition.faces.haar import CASCADE, FaceDetector, clip_box, crop_face
from emotion_recognition.images import read_picture, to_gray


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def test_one_face_in_the_portrait(detector):
    gray = to_gray(read_picture(PORTRAIT))
    [(x, y, width, height)] = detector.detect(gray)
    assert abs(x + width / 2 - 262) < 25 and abs(y + height / 2 - 185) < 40
    assert 150 < width < 300 and width == height


@pytest.mark.parametrize(("name", "faces"), [("one_face.jpg", 1), ("no_face.jpg", 0), ("group_photo.jpg", 6)])
def test_faces_in_photos(detector, shared, name, faces):
    gray = to_gray(read_picture(shared / "media" / name))
    boxes = detector.detect(gray)
    assert len(boxes) == faces
    assert boxes == sorted(boxes)
    for x, y, width, height in boxes:
        assert x >= 0 and y >= 0 and x + width <= gray.shape[1] and y + height <= gray.shape[0]


@pytest.mark.parametrize("shape", [(1, 1), (10, 500), (23, 23)])
def test_pictures_smaller_than_a_face_hold_none(detector, shape):
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_boxes_are_cut_at_the_edges():
    assert clip_box((-5, 3, 20, 20), 10, 30) == (0, 3, 10, 20)
    assert clip_box(np.array([2, 25, 20, 20]), 50, 30) == (2, 25, 20, 5)


def test_crops():
    gray = np.arange(100 * 120, dtype=np.uint32).reshape(100, 120).astype(np.uint8)
    assert (crop_face(gray, (10, 20, 48, 48)) == gray[20:68, 10:58]).all()
    assert crop_face(gray, (0, 0, 96, 96)).shape == (48, 48)
    halves = crop_face(np.repeat(np.uint8([[10, 200]]), 96, axis=0).repeat(48, axis=1), (0, 0, 96, 96))
    assert (halves[:, :24] == 10).all() and (halves[:, 24:] == 200).all()


def test_a_missing_or_damaged_cascade_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.xml is not there"):
        FaceDetector(tmp_path / "nowhere.xml")
    for content in ("", "<opencv_storage></opencv_storage>", "no xml at all"):
        (tmp_path / "bad.xml").write_text(content)
        with pytest.raises(UserError, match=r"bad\.xml is no Haar cascade"):
            FaceDetector(tmp_path / "bad.xml")


def test_turning_color_into_gray_keeps_gray():
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (to_gray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)) == gray).all()


def test_a_cascade_whose_name_is_no_utf_8(tmp_path):
    path = shutil.copy(CASCADE, tmp_path / "caf\udce9.xml")
    with pytest.raises(UserError, match="has a name that is not UTF-8"):
        FaceDetector(path)
