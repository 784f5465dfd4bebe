"""YuNet: landmarks, turned faces, files that are none, and where its file is looked for."""

import re

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT

from emotion_recognition.errors import UserError
from emotion_recognition.faces import yunet
from emotion_recognition.faces.boxes import overlap
from emotion_recognition.faces.yunet import YuNetDetector, as_detection, find_file
from emotion_recognition.images import read_picture, to_gray


@pytest.fixture(scope="session")
def detector(yunet_file):
    return YuNetDetector(yunet_file)


def test_landmarks_lie_where_they_belong(detector):
    [face] = detector.detect(read_picture(PORTRAIT))
    x, y, width, height = face.box
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert x < left_eye[0] < nose[0] < right_eye[0] < x + width and left_mouth[0] < nose[0] < right_mouth[0]
    assert y < left_eye[1] < nose[1] < left_mouth[1] < y + height and abs(left_eye[1] - right_eye[1]) < height / 10


def test_the_square_fits_the_box_of_the_cascade():
    """A face of 100 in width and 144 in height, at half of the picture's size."""
    points = [130, 150, 170, 150, 150, 170, 135, 200, 165, 200]
    face = as_detection(np.float32([100, 100, 100, 144, *points, 0.9]), 0.5, (1000, 1000))
    side = 2 * yunet.SIDE * 120
    assert face.box == pytest.approx((300 - side / 2, 350 - 240 * yunet.RAISED - side / 2, side, side), abs=1)
    assert face.landmarks[0] == (260, 300) and face.score == pytest.approx(0.9)


@pytest.mark.parametrize("turn", [-30, 30])
def test_a_turned_face(detector, turn):
    gray = to_gray(read_picture(PORTRAIT))
    turned = cv2.warpAffine(gray, cv2.getRotationMatrix2D((262, 200), turn, 1), gray.shape[::-1])
    [face] = detector.detect(turned)
    assert overlap(face.box, (165, 105, 202, 202)) > 0.6


def test_of_a_group_the_small_faces_are_left_out(yunet_file, shared):
    picture = read_picture(shared / "media" / "group_photo.jpg")
    assert len(YuNetDetector(yunet_file, smallest=200).detect(picture)) == 1


def test_what_is_no_yunet_is_named(yunet_file, tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.onnx is not there.*opencv_zoo"):
        YuNetDetector(tmp_path / "nowhere.onnx")
    content = yunet_file.read_bytes()
    # Empty, a text, cut off, and a network with other outputs.
    for bad in (b"", b"no network", content[:100_000], content.replace(b"cls_8", b"abc_8")):
        (tmp_path / "bad.onnx").write_bytes(bad)
        with pytest.raises(UserError, match=rf"bad\.onnx is no YuNet .* OpenCV {re.escape(cv2.__version__)} can run"):
            YuNetDetector(tmp_path / "bad.onnx")


def test_weights_that_see_faces_in_the_dark_are_damaged(yunet_file, tmp_path):
    content = np.frombuffer(yunet_file.read_bytes(), np.uint8).copy()
    content[60_000:200_000:16] = 0x42
    (tmp_path / "bad.onnx").write_bytes(content.tobytes())
    with pytest.raises(UserError, match="damaged"):
        YuNetDetector(tmp_path / "bad.onnx")


def test_a_file_whose_name_is_no_utf_8(yunet_file, tmp_path):
    path = tmp_path / "caf\udce9.onnx"
    path.write_bytes(yunet_file.read_bytes())
    assert YuNetDetector(path).detect(np.zeros((100, 100), np.uint8)) == []


def test_where_the_file_is_looked_for(tmp_path, monkeypatch):
    beside, cache = tmp_path / "scripts", tmp_path / "cache"
    monkeypatch.setattr(yunet, "shipped", lambda name: beside / name)
    monkeypatch.setattr(yunet, "cache_folder", lambda: cache)
    with pytest.raises(UserError, match=r"neither in .*scripts nor in .*cache.*opencv_zoo"):
        find_file()
    for folder, name in ((cache, "2026may"), (beside, "2023mar"), (beside, "2025jan")):
        folder.mkdir(exist_ok=True)
        (folder / f"face_detection_yunet_{name}.onnx").touch()
    assert find_file() == beside / "face_detection_yunet_2025jan.onnx"
