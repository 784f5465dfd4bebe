"""The pretrained MobileNet's files: what is read of them, what is refused, and batch normalisation put back."""

import json

import keras
import numpy as np
import pytest
from pretrained_files import write_pretrained

from classification_pretrained import mobilenet, whole_network
from emotion_recognition.errors import UserError
from emotion_recognition.training import augmentation, vggface


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of the files, and their values."""
    folder = tmp_path_factory.mktemp("published")
    return folder, write_pretrained(folder)


def test_kernels_are_folded_and_take_gray(published):
    folder, values = published
    weights = vggface.read(folder)
    assert len(weights) == 27 and all(kernel.dtype == np.float32 for kernel, _ in weights.values())
    colour = values["conv1/convolution/merged_input"].astype(np.float32)
    assert np.allclose(weights["conv1"][0][:, :, 0], colour.sum(axis=2))
    folded = values["conv_dw_3/depthwise_kernel"][..., 0] * values["conv_dw_3_bn/batchnorm_1/mul"].astype(np.float32)
    assert np.allclose(weights["conv_dw_3"][0][..., 0], folded, atol=1e-3)
    for place, name in enumerate(("conv_pw_13/convolution/merged_input", "conv_pw_13_bn/batchnorm_1/sub")):
        assert np.array_equal(weights["conv_pw_13"][place], values[name])


def cut_off(folder):
    (folder / "faceres.bin").write_bytes((folder / "faceres.bin").read_bytes()[:-7])


def lengthen(folder):
    (folder / "faceres.bin").write_bytes((folder / "faceres.bin").read_bytes() + b"more")


def lose_values(folder):
    (folder / "faceres.bin").unlink()


def of_another_network(folder):
    text = (folder / "faceres.json").read_text()
    (folder / "faceres.json").write_text(text.replace("conv_pw_13/", "conv_pw_14/"))


def of_other_shapes(folder):
    listing = json.loads((folder / "faceres.json").read_text())
    for weights in listing["weightsManifest"][0]["weights"]:
        weights["shape"] = weights["shape"][::-1]
    (folder / "faceres.json").write_text(json.dumps(listing))


def no_listing(folder):
    (folder / "faceres.json").write_text('{"weightsManifest": []}')


@pytest.mark.parametrize("spoil", [cut_off, lengthen, lose_values, of_another_network, of_other_shapes, no_listing])
def test_damaged_files_and_other_networks_are_refused(spoil, tmp_path):
    write_pretrained(tmp_path)
    spoil(tmp_path)
    with pytest.raises(UserError, match=r"faceres\.json, or the \.bin beside it, is damaged or of another network"):
        vggface.read(tmp_path)


def test_normalisation_is_put_back_so_that_nothing_changes(published):
    """What the body gives is what the same blocks give with the folded weights."""
    weights = vggface.read(published[0])
    stem, body = mobilenet(32, 7)
    pictures = np.random.default_rng(0).integers(0, 256, (70, 48, 48, 1), dtype=np.uint8)
    vggface.start_from(published[0], stem, body, pictures)
    faces = augmentation.enlarged(pictures, 32)
    found = vggface.run_apart(stem)(faces)
    np.testing.assert_allclose(found, stem.predict_on_batch(faces), atol=1e-3)

    features = inputs = keras.Input(body.input.shape[1:])
    for name, strides in (("conv_dw_6", 2), ("conv_pw_6", 1), ("conv_dw_7", 1), ("conv_pw_7", 1)):
        kernel, bias = weights[name]
        layer = (
            keras.layers.DepthwiseConv2D(3, strides, padding="same")
            if "dw" in name
            else keras.layers.Conv2D(len(bias), 1)
        )
        features = layer(features)
        layer.set_weights([kernel, bias])
        features = keras.layers.ReLU(6)(features)
    folded = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(features))
    np.testing.assert_allclose(body.predict_on_batch(found), folded.predict_on_batch(found), atol=1e-3)
    # In training it starts with outputs of mean zero and variance one before gamma and beta.
    normalisation = body.get_layer("conv_dw_6_bn")
    outputs = keras.Model(body.input, body.get_layer("conv_dw_6").output).predict_on_batch(found)
    np.testing.assert_allclose(outputs.mean(axis=(0, 1, 2)), normalisation.moving_mean, atol=1e-2)
    np.testing.assert_allclose(outputs.var(axis=(0, 1, 2)), normalisation.moving_variance, rtol=0.05, atol=1e-3)


def test_a_whole_network_is_its_parts_and_a_teacher_sees_faces_that_are_enlarged_already(published):
    stem, body = mobilenet(64, 6)
    vggface.start_from(published[0], stem, body, np.zeros((2, 48, 48, 1), np.uint8))
    head = keras.layers.Dense(7, activation="softmax")
    whole = whole_network(stem, body, head, augmentation.cubic_matrix(64))
    faces = np.random.default_rng(0).integers(0, 256, (4, 48, 48, 1), dtype=np.uint8)
    teacher = vggface.without_enlarging(whole, 64)
    views = augmentation.enlarged(faces, 64)
    expected = head(body(stem(views)))
    np.testing.assert_allclose(whole.predict_on_batch(faces.astype(np.float32)), expected, atol=1e-4)
    np.testing.assert_allclose(teacher.predict_on_batch(views), expected, atol=1e-4)
    for network, size in ((whole, 160), (keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten()]), 64)):
        with pytest.raises(UserError, match=f"is a network of classification_pretrained.py with --size {size}"):
            vggface.without_enlarging(network, size)
