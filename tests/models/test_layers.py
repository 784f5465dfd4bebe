"""The spatial transformer, with exact values and against a sampler of its own."""

import importlib.util
import os
import subprocess
import sys
from math import floor

import conftest
import keras
import numpy as np
import pytest

from emotion_recognition.models.layers import SpatialTransformer

IDENTITY = (1, 0, 0, 0, 1, 0)
GENERATOR = np.random.default_rng(1506)
PICTURES = GENERATOR.uniform(0, 1, (12, 9, 6, 3)).astype(np.float32)
# Turned, sheared, scaled and shifted, in part far beyond the border.
AFFINE = GENERATOR.normal(IDENTITY, 0.7, (12, 6)).astype(np.float32)


def transform(pictures, affine):
    """Sample float (n, height, width, channels) with the layer; the affine values are for all, or for each its own."""
    affine = np.broadcast_to(np.asarray(affine, np.float32), (len(pictures), 6))
    return keras.ops.convert_to_numpy(SpatialTransformer()([pictures, affine]))


def sample(picture, affine):
    """Sample one picture, pixel by pixel, as section 3 of Jaderberg et al. (2015) describes it."""
    height, width, _ = picture.shape
    a, b, c, d, e, f = map(float, affine)
    result = np.empty_like(picture)
    for row in range(height):
        for column in range(width):
            x, y = 2 * column / (width - 1) - 1, 2 * row / (height - 1) - 1
            source_x = min(max((a * x + b * y + c + 1) / 2 * (width - 1), 0), width - 1)
            source_y = min(max((d * x + e * y + f + 1) / 2 * (height - 1), 0), height - 1)
            total = 0
            for near_x in {floor(source_x), min(floor(source_x) + 1, width - 1)}:
                for near_y in {floor(source_y), min(floor(source_y) + 1, height - 1)}:
                    weight = (1 - abs(source_x - near_x)) * (1 - abs(source_y - near_y))
                    total = total + weight * picture[near_y, near_x].astype(float)
            result[row, column] = total
    return result


def test_the_identity_changes_nothing():
    assert np.array_equal(transform(PICTURES, IDENTITY), PICTURES)


def test_random_values_as_an_independent_sampler():
    expected = [sample(picture, affine) for picture, affine in zip(PICTURES, AFFINE, strict=True)]
    assert np.allclose(transform(PICTURES, AFFINE), expected, atol=1e-4)


def test_values_that_are_not_numbers_point_nowhere():
    affine = np.array([IDENTITY, (np.nan,) * 6, (1, 0, np.inf, 0, 1, 0)], np.float32)
    sampled = transform(PICTURES[:3], affine)
    assert np.array_equal(sampled[0], PICTURES[0])
    assert np.isnan(sampled[1]).all()
    assert np.array_equal(sampled[2], np.repeat(PICTURES[2, :, -1:], 6, axis=1))


def test_serialisation():
    stored = keras.saving.serialize_keras_object(SpatialTransformer(name="where"))
    assert stored["registered_name"] == "emotion_recognition>SpatialTransformer"
    layer = keras.saving.deserialize_keras_object(stored)
    assert type(layer) is SpatialTransformer and layer.name == "where"
    assert layer.compute_output_shape([(None, 48, 48, 1), (None, 6)]) == (None, 48, 48, 1)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_sample_and_train(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    tests = ["tests/models/test_layers.py", "tests/scripts/test_networks.py", "-k", "sampler or learns_where_to_look"]
    line = [sys.executable, "-m", "pytest", "-q", *tests]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    result = subprocess.run(line, env=environment, cwd=conftest.REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0 and "2 passed" in result.stdout, result.stdout
