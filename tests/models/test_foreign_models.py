"""Models of other projects, read into the form of ours: they give what a forward pass in NumPy gives."""

import h5py
import keras
import numpy as np
import pytest
from conftest import NETWORKS, assert_one_sentence
from foreign_files import (
    FACES,
    colour_network,
    convolve,
    relu,
    sequential_parts,
    softmax,
    write_model,
    write_weights,
)
from keras import layers

from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.labels import FER2013_CODES
from emotion_recognition.models import foreign, model_file

SEVEN = foreign.ALPHABETICAL[7]


@pytest.mark.parametrize(
    "version, has_name", [(b"2.0.8", False), (b"2.1.6", False), (b"2.2.4", True), (b"2.3.1", True)]
)
def test_sequential_files_of_keras_2(version, has_name, tmp_path):
    parts, weights, forward = sequential_parts()
    values = {"name": "sequential_1", "layers": parts} if has_name else parts
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": values}, weights, version)
    model = model_file.load(path, "alphabetical", "unit")
    assert model.emotions == SEVEN and model.training == {}
    assert np.allclose(model.network(FACES), forward(FACES / 255), atol=1e-5)


@pytest.mark.parametrize("trainable", [True, False])
def test_a_network_inside_a_network(trainable, tmp_path):
    """What a trained network finds, and a layer of one's own behind it."""
    parts, weights, forward = sequential_parts()
    inner = {"class_name": "Sequential", "config": {"name": "base", "layers": parts[:4], "trainable": trainable}}
    base = {f"conv2d_1/{name}": value for name, value in weights["conv2d_1"].items()}
    path = tmp_path / "old.h5"
    write_model(
        path, {"class_name": "Sequential", "config": [inner, parts[4]]}, {"base": base, "dense_1": weights["dense_1"]}
    )
    model = model_file.load(path, "alphabetical", "unit")
    assert np.allclose(model.network(FACES), forward(FACES / 255), atol=1e-5)


@pytest.mark.parametrize("pixel_range, scaled", [("unit", FACES / 255), ("byte", FACES), ("signed", FACES / 127.5 - 1)])
def test_every_pixel_range(pixel_range, scaled, tmp_path):
    parts, weights, forward = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    model = model_file.load(path, "fer2013", pixel_range)
    assert model.emotions == FER2013_CODES
    assert np.allclose(model.network(FACES), forward(scaled), atol=1e-4)


def test_larger_faces(tmp_path):
    parts, weights, forward = sequential_parts(side=64)
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    model = model_file.load(path, "fer2013", "signed")
    # A plain picture is the same at any size.
    plain_faces, larger = (
        np.stack([np.full((side, side, 1), level, np.float32) for level in (0, 99, 255)]) for side in (48, 64)
    )
    assert np.allclose(model.network(plain_faces), forward(larger / 127.5 - 1), atol=1e-5)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("last", ["linear", "softmax"])
def test_coloured_inputs_and_logits_of_keras_3(ending, last, tmp_path):
    network = colour_network(last)
    network.save(tmp_path / f"model.{ending}")
    model = model_file.load(tmp_path / f"model.{ending}", "alphabetical", "unit")
    kernel, bias, matrix, offset = network.get_weights()
    x = relu(convolve(np.repeat(FACES / 255, 3, axis=3), kernel, bias)[:, ::4, ::4]).reshape(3, -1)
    assert np.allclose(model.network(FACES), softmax(x @ matrix + offset), atol=1e-5)


@pytest.mark.parametrize("ending", ["reshape", "dropout", "operation"])
def test_probabilities_stay_as_they_are_whatever_stands_behind_the_softmax(ending, tmp_path):
    inputs = keras.Input((48, 48, 1))
    answers = layers.Dense(7, activation="softmax")(layers.Flatten()(inputs))
    behind = {"reshape": layers.Reshape((7,)), "dropout": layers.Dropout(0.5), "operation": lambda values: values * 1.0}
    network = keras.Model(inputs, behind[ending](answers))
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "unit")
    assert np.allclose(model.network(FACES), network(FACES / 255), atol=1e-6)


def test_logits_behind_a_layer_that_only_moves_them(tmp_path):
    parts = [layers.Flatten(), layers.Dense(7), layers.Reshape((7,))]
    network = keras.Sequential([keras.Input((48, 48, 1)), *parts])
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "unit")
    assert np.allclose(model.network(FACES), softmax(np.array(network(FACES / 255))), atol=1e-6)


@pytest.mark.parametrize("parts", [[], [layers.Dropout(0.5)], [layers.Activation("relu")]])
def test_answers_that_are_neither_probabilities_nor_logits_are_refused(parts, tmp_path):
    name = "relu" if parts and hasattr(parts[0], "activation") else "sigmoid"
    answer = layers.Dense(7, activation="sigmoid", bias_initializer="ones")
    network = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), answer, *parts])
    network.save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=f"model.keras ends in {name}, .* does not sum to 1: name another --model"):
        model_file.load(tmp_path / "model.keras", "fer2013", "unit")


def test_sigmoids_that_have_reached_their_ends_are_not_taken_for_probabilities(tmp_path):
    # On random faces one output is 1 and all others are 0; on faint ones they are not.
    network = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7, activation="sigmoid")])
    kernel = np.full((48 * 48, 7), -1.0)
    kernel[:, 3] = 1
    network.set_weights([kernel, np.zeros(7)])
    assert np.allclose(network(FACES / 255), np.eye(7)[[3, 3, 3]], atol=1e-6)
    network.save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="ends in sigmoid"):
        model_file.load(tmp_path / "model.keras", "fer2013", "unit")


@pytest.mark.parametrize(
    "saved, found, ending",
    [
        ("model.h5", "model.bin", r"\.h5"),
        ("model.h5", "model", r"\.h5"),
        ("model.h5", "model.H5", r"\.h5"),
        ("model.h5", "model.keras", r"\.h5"),
        ("model.keras", "model.zip", r"\.keras"),
        ("model.h5", "model.weights.h5", r"\.h5 only"),
    ],
)
def test_a_model_of_another_name_is_to_be_renamed(saved, found, ending, tmp_path):
    colour_network().save(tmp_path / saved)
    (tmp_path / saved).rename(tmp_path / found)
    with pytest.raises(UserError, match=f"{found} is .* name.* rename it to end in {ending}\\."):
        model_file.load(tmp_path / found)


def test_what_is_assumed_is_said(tmp_path, caplog):
    colour_network("softmax").save(tmp_path / "model.h5")
    caplog.clear()
    emotions, pixels = model_file.load(tmp_path / "model.h5").notes
    assert "angry, disgusted, fearful, happy, neutral, sad, surprised (--emotions" in emotions
    assert "range unit (--pixel-range" in pixels
    [record] = caplog.records
    assert emotions in record.getMessage() and pixels in record.getMessage()
    caplog.clear()
    assert model_file.load(tmp_path / "model.h5", "fer2013", "unit").notes == ()
    assert not caplog.records


def test_a_rescaling_layer_means_bytes(tmp_path):
    network = NETWORKS["four_layer_cnn"](7)
    network.save(tmp_path / "model.h5")
    model = model_file.load(tmp_path / "model.h5", "fer2013")
    assert "range byte" in model.notes[0]
    assert np.allclose(model.network(FACES), network(FACES), atol=1e-6)


def test_weights_without_their_network_are_refused(tmp_path):
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        write_weights(file, {"dense": {"kernel": np.zeros((4, 7))}}, b"2.4.0")
    with pytest.raises(UserError, match=r"weights alone, .*python emotions\.py --mode display --model .*weights\.h5"):
        model_file.load(tmp_path / "weights.h5")


@pytest.mark.parametrize(
    "number, emotions, words",
    [
        (5, "fer2013", "has 5 outputs"),
        (7, "happy,sad", "has 7 outputs"),
        (5, "happy,sad,angry,neutral,happy", "each once"),
        (5, "happy,sad,angry,neutral,bored", "bored"),
    ],
)
def test_emotions_that_do_not_fit(number, emotions, words, tmp_path):
    NETWORKS["deep_emotion"](number).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match=words):
        model_file.load(tmp_path / "model.keras", emotions, "unit")


@pytest.mark.parametrize("shape, outputs", [((96, 96, 1), 7), ((48, 64, 1), 7), ((48, 48, 2), 7), ((48, 48, 1), 4)])
def test_networks_for_something_else_are_refused(shape, outputs, tmp_path):
    keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(outputs)]).save(tmp_path / "model.keras")
    with pytest.raises(UserError, match="5 to 8 emotions: name another --model"):
        model_file.load(tmp_path / "model.keras")


def test_a_loss_of_their_own_does_not_matter(tmp_path):
    def focal_loss(labels, answers):
        return keras.losses.categorical_crossentropy(labels, answers) ** 2

    network = colour_network("softmax")
    network.compile("adam", focal_loss)
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "unit")
    assert np.allclose(model.network(FACES), network(np.repeat(FACES / 255, 3, axis=3)), atol=1e-6)


def test_arithmetic_between_layers(tmp_path):
    inputs = keras.Input((48, 48, 1))
    network = keras.Model(inputs, layers.Dense(7, activation="softmax")(layers.Flatten()((inputs - 128) / 64)))
    network.save(tmp_path / "model.keras")
    model = model_file.load(tmp_path / "model.keras", "fer2013", "byte")
    assert np.allclose(model.network(FACES), network(FACES), atol=1e-6)


@pytest.mark.slow
def test_the_order_is_found_and_the_model_kept_in_this_projects_form(call_script, succeed, small_data, tmp_path):
    """A network that knows the small data set answers in FER-2013's order and wants -1 to 1."""
    faces = folders.read_split(small_data, "validation")
    codes = np.array([FER2013_CODES.index(faces.emotions[label]) for label in faces.labels])
    network = keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7)])
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    pictures = faces.pictures / np.float32(127.5) - 1
    network.fit(pictures, codes, epochs=30, verbose=0)
    right = (network.predict(pictures, verbose=0).argmax(axis=1) == codes).mean()
    assert right > 0.9
    network.save(tmp_path / "theirs.keras")
    result = succeed("evaluate.py", "--model", "theirs.keras", "--data", small_data, "--detect-order")
    best = result.stdout.splitlines()[1]
    assert best.split() == [f"{right:.1%}", "--emotions", "fer2013", "--pixel-range", "signed"]
    flags = ("--emotions", "fer2013", "--pixel-range", "signed")
    succeed("evaluate.py", "--model", "theirs.keras", *flags, "--save-as", "mine.h5")
    assert model_file.load(tmp_path / "mine.h5").training == {"from": "theirs.keras"}
    assert_one_sentence(
        call_script("evaluate.py", "--model", "theirs.keras", "--save-as", "mine.h5"), "mine.h5", "--force"
    )
    result = call_script("evaluate.py", "--model", "theirs.keras", "--save-as", "mine.keras")
    assert_one_sentence(result, "mine.keras", "ends in .h5", "--save-as")
    outputs = [
        call_script("evaluate.py", "--model", *model, "--data", small_data, "--split", "validation")
        for model in (("theirs.keras", *flags), ("mine.h5",))
    ]
    tables = [output.stdout.replace("theirs.keras", "mine.h5").split() for output in outputs]
    assert tables[0] == tables[1] and f"{right:.1%}" in tables[0]
    shown = succeed("test.py", "--model", "mine.h5", small_data / "test/happy", "--whole", "always", "--no-window")
    assert "happy" in shown.stdout
