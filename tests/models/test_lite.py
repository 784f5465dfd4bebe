"""`.tflite` files: what is attached comes back, and whatever is damaged ends in a sentence before LiteRT sees it."""

import zipfile

import keras
import numpy as np
import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.models import export, lite
from emotion_recognition.models.export import to_lite

EMOTIONS = ("angry", "happy", "sad")
RECORD = {"network": "tiny", "seed": 3}


def tiny(outputs=3, shape=(48, 48, 1)):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(4, 3, strides=4, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(outputs, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return tiny()


@pytest.fixture(scope="module")
def content(network):
    return to_lite(network)


@pytest.fixture
def path(content, tmp_path):
    path = tmp_path / "tiny.tflite"
    lite.write(path, lite.LiteModel(content, EMOTIONS, "ab12", "float32", RECORD))
    return path


def test_what_is_written_is_read(path, content):
    assert lite.read(path) == lite.LiteModel(content, EMOTIONS, "ab12", "float32", RECORD)


def test_labels_are_attached_as_other_programs_of_litert_expect(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.read("labels.txt").decode().splitlines() == list(EMOTIONS)
        # The same model gives the same bytes whenever it is written.
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert path.read_bytes()[4:8] == b"TFL3"


def test_weights_of_16_bits_are_half_as_many_bytes_and_nearly_the_same():
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    full, half = to_lite(network), to_lite(network, "float16")
    assert len(half) < 0.6 * len(full)
    faces = np.random.default_rng(0).uniform(0, 1, (2, 48, 48, 1)).astype(np.float32)
    np.testing.assert_allclose(lite.LiteFunction(half)(faces), lite.LiteFunction(full)(faces), atol=0.02)


def test_a_network_that_litert_cannot_run_is_not_converted():
    faces = keras.Input((48, 48, 1))
    recurrent = keras.layers.LSTM(2)(keras.layers.Reshape((48, 48))(faces))
    network = keras.Model(faces, keras.layers.Dense(3, "softmax")(recurrent))
    with pytest.raises(UserError, match=r"cannot convert .* \.h5"):
        to_lite(network)
    assert export.try_lite(network) is None


def test_another_backend_than_tensorflow_cannot_convert(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    with pytest.raises(UserError, match="KERAS_BACKEND=tensorflow"):
        to_lite(network)
    assert export.try_lite(network) is None


def test_8_bits_say_nearly_the_same_and_their_last_layer_makes_up_for_the_rest(monkeypatch):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(16, 5, 4, activation="relu"), keras.layers.Conv2D(32, 3, activation="relu")]
    end = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax")]
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Rescaling(1 / 25), *layers, *end])
    faces = np.random.default_rng(0).integers(0, 256, (60, 48, 48, 1), dtype=np.uint8)
    faces = (faces * np.linspace(0.1, 1, 60)[:, None, None, None]).astype(np.uint8)
    with pytest.raises(UserError, match="no dense one"):
        to_lite(keras.Sequential(network.layers[:-1]), "int8", faces)
    exact = lite.LiteFunction(to_lite(network))(faces.astype(np.float32))
    errors = []
    for correct in (export.with_corrected_end, lambda network, examples: network):
        monkeypatch.setattr(export, "with_corrected_end", correct)
        content = to_lite(network, "int8", faces)
        errors.append(np.abs(lite.LiteFunction(content)(faces.astype(np.float32)) - exact).mean())
    assert 0 < errors[0] < errors[1] < 0.02


@pytest.mark.parametrize("place", [4, 100, 1000, -2000])
def test_a_changed_bit_is_noticed(path, place):
    contents = bytearray(path.read_bytes())
    contents[place] ^= 16
    path.write_bytes(contents)
    with pytest.raises(UserError, match=r"tiny\.tflite"):
        lite.read(path)


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_file_that_is_cut_off_is_noticed(path, share):
    contents = path.read_bytes()
    path.write_bytes(contents[: int(share * len(contents))])
    with pytest.raises(UserError, match="cut off"):
        lite.read(path)


def test_a_file_of_others_is_refused_with_the_way_out(content, tmp_path):
    path = tmp_path / "foreign.tflite"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"--save-as foreign\.tflite"):
        lite.read(path)


def test_a_missing_file_and_one_that_would_fill_the_memory(tmp_path):
    with pytest.raises(UserError, match="not there"):
        lite.read(tmp_path / "none.tflite")
    with (tmp_path / "huge.tflite").open("wb") as file:
        file.truncate(lite.LARGEST_FILE + 1)
    with pytest.raises(UserError, match="far larger than a network for faces"):
        lite.read(tmp_path / "huge.tflite")


@pytest.mark.parametrize(("network", "found"), [(tiny(outputs=4), "4"), (tiny(shape=(64, 64, 1)), "64, 64")])
def test_other_inputs_or_outputs_are_refused(tmp_path, network, found):
    with pytest.raises(UserError, match=f"{found}.*--model"):
        lite.open_function(lite.LiteModel(to_lite(network), EMOTIONS), tmp_path / "x.tflite")
