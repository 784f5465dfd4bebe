"""How training pictures are varied, with exact values."""

import cv2
import numpy as np
import pytest

from emotion_recognition.training import augmentation
from emotion_recognition.training.augmentation import augment, enlarged, enlarged_views, random_warps

CENTRE = np.array([23.5, 23.5])


class Fixed:
    """A generator that gives the same share of every range, the middle at first, and always the same mirror."""

    def __init__(self, mirror=1.0, share=0.5):
        self.mirror, self.share = mirror, share

    def uniform(self, low, high, size):
        return np.full(size, low + self.share * (high - low))

    def choice(self, values, size):
        assert values == (-1.0, 1.0)
        return np.full(size, self.mirror)


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 48, 48, 1), dtype=np.uint8)


@pytest.mark.parametrize("mirror", [1, -1])
def test_without_variation_pictures_stay_as_they_are_or_are_mirrored(pictures, mirror):
    varied = augment(pictures, Fixed(mirror))
    assert varied.dtype == np.float32 and np.array_equal(varied, pictures[:, :, ::mirror])


@pytest.mark.parametrize("vary", [augment, enlarged_views(64)])
def test_each_picture_is_varied_on_its_own_and_the_same_for_the_same_generator(pictures, vary):
    same = pictures[[0] * 8]
    first, again, other = (vary(same, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert np.array_equal(first, again) and len({view.tobytes() for view in (*first, *other)}) == 16
    assert (same == pictures[0]).all()


@pytest.mark.parametrize(
    "vary, share, level, covered",
    [(augment, 0, 159, 5), (augment, 1, 39, 0), (enlarged_views(64), 0, 128, 6), (enlarged_views(64), 1, 39, 0)],
)
def test_views_are_lit_and_covered_without_a_dark_border(vary, share, level, covered):
    """By the lowest and the highest gamma and contrast; at the low end enlarged views are lit as they are."""
    views = vary(np.full((1, 48, 48, 1), 128, np.uint8), Fixed(share=share))
    expected = np.full_like(views, level)
    expected[:, :covered, :covered] = 0
    assert np.array_equal(views, expected)


@pytest.mark.parametrize("mirror", [1, -1])
@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize(
    "vary, size, degrees, scales, shift",
    [(augment, 48, 10, (0.9, 1.1), 0.06), (enlarged_views(64), 64, 15, (0.8, 1.25), 3.5 / 48)],
)
def test_a_spot_is_turned_scaled_and_shifted_around_the_centre(vary, size, degrees, scales, shift, share, mirror):
    spot, sign = np.zeros((1, 48, 48, 1), np.uint8), 2 * share - 1
    spot[0, 30:33, 14:17] = 255
    view = vary(spot, Fixed(mirror, share))[0, ..., 0]
    light = np.maximum(view - np.median(view), 0)
    rows, columns = np.mgrid[:size, :size]
    # Places are complex numbers, x + iy: a product turns and scales them.
    turn = np.exp(1j * np.deg2rad(sign * degrees)) * scales[share] * size / 48
    moved = turn * complex(mirror * (15 - 23.5), 31 - 23.5) + ((size - 1) / 2 + sign * shift * size) * (1 + 1j)
    assert (light * (columns + 1j * rows)).sum() / light.sum() == pytest.approx(moved, abs=0.1)


def test_ranges_of_the_tone_curves():
    curves = augmentation.random_tone_curves(4000, np.random.default_rng(0)).astype(int)
    assert curves.shape == (4000, 256)
    # A lighter place stays lighter, or at least as light.
    assert (np.diff(curves, axis=1) >= 0).all()
    middle = curves[:, 128]
    assert 39 <= middle.min() < 50 and 193 < middle.max() <= 202
    assert 0.45 < (middle > 128).mean() < 0.55
    reach = curves[:, 255] - curves[:, 0]
    assert 153 <= reach.min() < 158 and reach.max() == 255


def test_half_of_the_views_are_mirrored_and_moved_in_every_direction():
    ranges = {"rotation": 10.0, "scales": (0.9, 1.1), "shift": 0.06}
    matrices = random_warps(4000, 48, 48, np.random.default_rng(0), **ranges)
    assert 0.45 < (np.linalg.det(matrices[:, :, :2]) < 0).mean() < 0.55
    # Turning and scaling leave the centre of the picture where it is.
    shift = matrices[:, :, :2] @ CENTRE + matrices[:, :, 2] - CENTRE
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.1 and (np.ptp(shift, axis=0) > 5.6).all()


def test_half_of_the_pictures_have_a_covered_rectangle_of_one_level():
    pictures = np.full((2000, 48, 48), -1, np.float32)
    augmentation.cover(pictures, np.random.default_rng(0))
    covered = [picture for picture in pictures if (picture != -1).any()]
    assert 0.45 < len(covered) / len(pictures) < 0.55
    for picture in covered:
        rows, columns = (np.flatnonzero((picture != -1).any(axis=axis)) for axis in (1, 0))
        rectangle = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert len(np.unique(rectangle)) == 1 and 0 <= rectangle[0, 0] <= 255
        assert all(5 <= extent <= 19 for extent in rectangle.shape)
    ever = (np.stack(covered) != -1).mean(axis=0)
    # Every row and column is covered now and then, also at the border.
    assert (ever.sum(axis=0) > 0).all() and (ever.sum(axis=1) > 0).all()


def test_enlarged_faces_are_what_opencv_enlarges(pictures):
    views = enlarged(pictures, 96)
    assert views.dtype == np.float32 and views.shape == (5, 96, 96, 1)
    expected = cv2.resize(pictures[2].astype(np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(views[2, ..., 0], expected, atol=0.01)


def test_enlarged_views_without_variation_are_enlarged_faces(pictures):
    generator = Fixed()
    middle = generator.uniform
    # From 0 to 1, a high number says that a view is not covered; scales are not centred at 1; no curve is bent.
    values = {(0.8, 1.25): 1, (0, 1): 1, (-1, 1): 0, (0.6, 1.4): 1}
    generator.uniform = lambda low, high, size: (
        np.full(size, values[low, high]) if (low, high) in values else middle(low, high, size)
    )
    smooth = cv2.GaussianBlur(pictures[0], (0, 0), 1)[np.newaxis, ..., np.newaxis]
    views = enlarged_views(96)(smooth, generator)
    # Levels of views are rounded.
    assert views.dtype == np.float32 and np.abs(views - enlarged(smooth, 96)).max() < 0.6
