"""Where networks with attention look, for weights that are set by hand."""

import numpy as np
import pytest
from conftest import NETWORKS

from emotion_recognition.explanation import attention


@pytest.fixture(scope="module")
def faces():
    return np.random.default_rng(7).integers(0, 256, (3, 48, 48), np.uint8)


def test_where_the_spatial_transformer_looks(faces):
    network = NETWORKS["deep_emotion"](7)
    whole = [[0, 0], [47, 0], [47, 47], [0, 47]]
    np.testing.assert_allclose(attention.sampled_corners(network, faces), [whole] * 3, atol=1e-4)
    # Half as wide and moved to the right by a quarter of the width; turned upside down.
    network.get_layer("affine_values").bias.assign([0.5, 0, 0.5, 0, -1, 0])
    corners = attention.sampled_corners(network, faces)[2]
    np.testing.assert_allclose(corners, [[23.5, 47], [47, 47], [47, 0], [23.5, 0]], atol=1e-4)


@pytest.mark.slow
def test_what_the_spatial_mask_lets_pass(faces):
    network = NETWORKS["attentional"](7)
    mask = network.get_layer("spatial_mask")
    mask.set_weights([np.zeros_like(mask.kernel), np.log([3.0])])
    masks = attention.spatial_masks(network, faces)
    assert masks.shape == (3, 48, 48)
    np.testing.assert_allclose(masks, 0.75, atol=1e-6)


@pytest.mark.slow
def test_networks_without_attention(faces):
    network = NETWORKS["little_vgg"](7)
    assert attention.spatial_masks(network, faces) is None
    assert attention.sampled_corners(network, faces) is None
