"""How much of a map lies in which region of the face."""

import numpy as np
import pytest

from emotion_recognition.explanation import regions


def test_every_pixel_belongs_to_one_region():
    masks = regions.region_masks()
    assert list(masks) == [*regions.BOXES, regions.CHEEKS, regions.OUTSIDE]
    np.testing.assert_array_equal(np.sum(list(masks.values()), axis=0), np.ones((48, 48)))
    assert masks["brows and eyes"][15, 12] and masks["nose"][28, 24] and masks["mouth and chin"][46, 24]
    assert masks[regions.CHEEKS][26, 11] and masks[regions.OUTSIDE][2, 2]


def test_shares_of_a_map():
    importance = np.full((48, 48), -5.0)
    importance[15, 12], importance[38, 24] = 3, 1
    assert regions.shares(importance) == {
        "brows and eyes": 0.75,
        "nose": 0,
        "mouth and chin": 0.25,
        regions.CHEEKS: 0,
        regions.OUTSIDE: 0,
    }
    assert set(regions.shares(np.zeros((48, 48))).values()) == {0.0}
    *_, happy, area = regions.share_table({"happy": regions.MeanMap(importance, importance, 1)})
    assert happy.split() == ["happy", "75.0%", "0.0%", "25.0%", "0.0%", "0.0%"]
    assert area.split()[0] == "(area)" and sum(float(each[:-1]) for each in area.split()[1:]) == pytest.approx(100, 1)


def test_mean_maps():
    faces = np.stack([np.full((48, 48), level, np.uint8) for level in (10, 20, 90, 200)])
    labels = np.array([0, 0, 2, 0])
    means = regions.mean_maps(
        lambda faces, chosen: faces * 2.0 + chosen[:, None, None], faces, labels, ("angry", "happy", "sad"), most=2
    )
    assert {emotion: mean.number for emotion, mean in means.items()} == {"angry": 2, "sad": 1}
    assert (means["angry"].face == 15).all() and (means["angry"].importance == 30).all()
    assert (means["sad"].importance == 182).all()
