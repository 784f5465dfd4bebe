"""Both detectors on real photos, opened by name and by file, and functions of one's own, in pictures and in videos."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, needs_cascades

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Detection, overlap
from emotion_recognition.faces.detectors import as_detector, finder_of, open_detector
from emotion_recognition.faces.haar import CASCADE
from emotion_recognition.images import read_picture, to_gray


@needs_cascades
def test_a_cascade_by_name_and_by_file(tmp_path):
    path = shutil.copy(CASCADE, tmp_path / "mine.XML")
    picture = read_picture(PORTRAIT)
    assert open_detector("haar").detect(picture) == open_detector(path).detect(to_gray(picture)) != []


@pytest.mark.parametrize("name", ["hog", "model.tflite", "haar.txt"])
def test_what_is_no_detector_is_named(name):
    with pytest.raises(UserError, match=f"{name} is no detector: name haar, yunet, .*xml.*onnx"):
        open_detector(name)


def test_an_opencv_without_cascades_names_yunet(monkeypatch):
    monkeypatch.delattr(cv2, "CascadeClassifier", raising=False)
    with pytest.raises(UserError, match="no Haar cascades any more: find faces with YuNet"):
        open_detector("haar")


def test_a_function_of_ones_own_gets_the_picture_as_it_is():
    seen = []

    def find(picture):
        seen.append(picture)
        return [[50.4, 10, 100, 30], np.array([-5, 3, 25.0, 20]), (61, 0, 30, 30), (300, 0, 10, 10)]

    picture = np.zeros((60, 80, 3), np.uint8)
    assert as_detector(find).detect(picture) == [Detection((0, 3, 20, 20)), Detection((50, 10, 30, 30))]
    assert seen[0] is picture
    assert as_detector(lambda picture: np.empty((0, 4))).detect(picture) == []
    with pytest.raises(ValueError, match=r"it gives a list of \(x, y, width, height\)"):
        as_detector(lambda picture: [(1, 2, 3)]).detect(picture)


def test_in_a_video_a_function_looks_at_every_frame():
    calls = []
    find = finder_of(as_detector(lambda picture: calls.append(1) or [(0, 0, 30, 30)]))
    for number in range(3):
        assert find(np.zeros((60, 80, 3), np.uint8), number / 100, []) == [Detection((0, 0, 30, 30))]
    assert len(calls) == 3


@pytest.fixture(params=[pytest.param(CASCADE, marks=needs_cascades), "yunet"], ids=["haar", "yunet"])
def detector_file(request):
    return request.getfixturevalue("yunet_file") if request.param == "yunet" else request.param


@pytest.fixture
def detector(detector_file):
    return open_detector(detector_file)


# In each photo, (x, y, side) of the squares that the cascade finds, and of those that YuNet finds.
PHOTOS = {
    "no_face.jpg": ([], []),
    "one_face.jpg": ([(88, 84, 193)], [(92, 87, 185)]),
    "group_photo.jpg": (
        [(306, 347, 116), (574, 419, 111), (768, 848, 571), (844, 373, 107), (1188, 401, 102), (1534, 382, 93)],
        [(309, 344, 116), (573, 421, 114), (790, 880, 520), (844, 370, 112), (1187, 398, 106), (1522, 366, 117)],
    ),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_boxes_and_scores_in_photos(detector, detector_file, name, shared):
    place, least, most = (0, 0, 15) if detector_file == CASCADE else (1, 0.85, 1)
    found = detector.detect(read_picture(shared / "media" / name))
    # Processors, and releases of OpenCV, add in another order: a pixel or two.
    assert [face.box for face in found] == [pytest.approx((*each, each[2]), abs=3) for each in PHOTOS[name][place]]
    assert all(least < face.score < most for face in found)


def test_small_and_unsure_faces_are_left_out(detector_file):
    gray = to_gray(read_picture(PORTRAIT))
    [face] = open_detector(detector_file).detect(gray)
    for least, found in ((face.score - 0.01, [face]), (face.score + 0.01, [])):
        assert open_detector(detector_file, min_score=least).detect(gray) == found
    for width, number in ((100, 1), (300, 0)):
        detector = open_detector(detector_file, min_face=width)
        assert len(detector.detect(gray)) == len(detector.detect_quickly(gray)) == number


@pytest.mark.parametrize("shape", [(1, 1), (10, 500), (500, 3), (23, 23)])
def test_pictures_smaller_than_a_face_hold_none(detector, shape):
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_in_a_video_faces_are_found_by_the_quick_search(detector):
    picture = read_picture(PORTRAIT)
    [thorough], detector.detect = detector.detect(picture), None
    [quick] = finder_of(detector)(picture, 0.0, [])
    assert overlap(thorough.box, quick.box) > 0.7


def test_two_threads_may_use_one_detector(detector):
    gray = to_gray(read_picture(PORTRAIT))
    frames = [gray, gray[:400, :450], gray[50:500], gray[:, 60:]] * 4
    alone = [detector.detect_quickly(frame) for frame in frames]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(detector.detect_quickly, frames)) == alone
