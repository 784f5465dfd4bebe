"""The pictures that models are judged on."""

import numpy as np

from emotion_recognition.evaluation.results import recut


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
