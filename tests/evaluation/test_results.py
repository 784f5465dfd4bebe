"""The pictures that models are judged on."""

import cv2
import numpy as np
import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.evaluation.results import read_faces, recut


def test_a_wider_cut_shows_the_face_smaller_and_goes_on_with_the_edge():
    pictures = np.full((2, 48, 48, 1), 10, np.uint8)
    pictures[1, 12:36, 12:36] = 200
    pictures[1, :, 0] = 90
    wider = recut(pictures, 2.0)
    assert wider.shape == pictures.shape and wider.dtype == np.uint8
    assert (wider[0] == 10).all()
    assert (wider[1, 20:28, 20:28] == 200).all() and (wider[1] > 150).sum() == 12 * 12
    assert (wider[1, :, :12] == 90).all() and (wider[1, :, 37:] == 10).all()
    assert recut(pictures, 1.0) is pictures
    # The middle stays in the middle.
    middle = recut(pictures, 1.6)[1, 10:38, 10:38]
    assert np.array_equal(middle, middle[::-1, ::-1])


def test_pictures_of_other_emotions_alone_are_not_said_to_be_missing(tmp_path):
    (tmp_path / "test" / "neutral").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "test" / "neutral" / "1.png"), np.zeros((48, 48), np.uint8))
    with pytest.raises(UserError, match=r"no pictures in `validation or test` of happy, sad: name another --data"):
        read_faces(tmp_path, ["validation", "test"], ["happy", "sad"])
