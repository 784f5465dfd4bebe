"""model.h5: written, read again elsewhere, and refused where it is not what it should be."""

import hashlib
import json
import logging
import shutil

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from emotion_recognition.errors import UserError
from emotion_recognition.models import configuration, model_file

EMOTIONS = ("angry", "happy", "sad")
TRAINING = {"network": "tiny", "seed": 7, "learning_rate": 1e-3}


def tiny(*hidden, outputs=3, side=48) -> keras.Model:
    """Return a small network with the layers `hidden` in its middle."""
    return keras.Sequential(
        [
            keras.Input((side, side, 1)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(8),
            *hidden,
            layers.Flatten(),
            layers.Dense(outputs, activation="softmax"),
        ]
    )


def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 48, 48, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model file of this project, and the probabilities that its network gives for `faces`."""
    keras.utils.set_random_seed(0)
    network = tiny(layers.BatchNormalization())
    network.compile("adam", "mse")
    network.optimizer.build(network.trainable_variables)
    path = tmp_path_factory.mktemp("model") / "model.h5"
    model_file.save(path, network, EMOTIONS, TRAINING)
    return path, network.predict(faces(), verbose=0)


@pytest.fixture
def path(saved, tmp_path):
    """A copy of the model file that a test may damage."""
    return shutil.copy(saved[0], tmp_path / "model.h5")


def refused(path, *words):
    with pytest.raises(UserError) as error:
        model_file.load(path)
    sentence = str(error.value)
    assert "\n" not in sentence and sentence.endswith(".")
    for word in (path, *words):
        assert str(word) in sentence


def edit(path, **attributes):
    with h5py.File(path, "r+") as file:
        file.attrs.update(attributes)


def test_a_saved_model_is_read_again(saved):
    path, probabilities = saved
    model = model_file.load(path)
    assert (model.emotions, model.training, model.notes) == (EMOTIONS, TRAINING, ())
    assert np.array_equal(model.network.predict(faces(), verbose=0), probabilities)


def test_any_keras_reads_the_file_without_this_project(saved):
    path, probabilities = saved
    network = keras.models.load_model(path, compile=False)
    assert np.array_equal(network.predict(faces(), verbose=0), probabilities)
    with h5py.File(path) as file:
        assert json.loads(file.attrs["emotions"]) == list(EMOTIONS)
        assert json.loads(file.attrs["training"]) == TRAINING
        assert "optimizer_weights" not in file and "training_config" not in file.attrs


def test_a_failed_save_keeps_the_old_file(path):
    before = path.read_bytes()
    with pytest.raises(TypeError):
        model_file.save(path, tiny(), EMOTIONS, {"seed": object()})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_other_spellings_of_the_emotions(path):
    edit(path, emotions=json.dumps(["Anger", "HAPPY", "sadness"]))
    assert model_file.load(path).emotions == EMOTIONS


def test_a_file_without_a_record_of_its_training(path):
    with h5py.File(path, "r+") as file:
        del file.attrs["training"]
    assert model_file.load(path).training == {}


def test_an_origin_is_told_with_its_record_and_those_before_it_by_name(path, tmp_path):
    first = model_file.origin(path)
    assert first == {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "training": TRAINING}
    taught = tmp_path / "taught.h5"
    model_file.save(taught, tiny(), EMOTIONS, {"seed": 1, "weights": first, "teacher": [first, first]})
    named = {"file": path.name, "sha256": first["sha256"]}
    assert model_file.origin(taught)["training"] == {"seed": 1, "weights": named, "teacher": [named, named]}


def test_missing(tmp_path):
    refused(tmp_path / "nothing.h5", "is not there", "--model")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 a .keras file"])
def test_no_hdf5(content, tmp_path):
    (tmp_path / "model.h5").write_bytes(content)
    refused(tmp_path / "model.h5", "is no HDF5 file")


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.9, 0.999])
def test_cut_off(kept, path):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    refused(path, "is damaged")


class ResourceExhaustedError(Exception):
    """As TensorFlow's, of which it has the name alone."""


@pytest.mark.parametrize(
    "error, expected",
    [
        (MemoryError(), MemoryError),
        (ResourceExhaustedError("OOM when allocating tensor"), MemoryError),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"), MemoryError),
        (PermissionError(13, "Permission denied"), PermissionError),
        (NameError("a mistake in the program"), NameError),
        (KeyError("weights"), UserError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_only_damage_is_called_damage(error, expected, path, monkeypatch):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(keras.Model, "load_weights", fail)
    with pytest.raises(expected, match="damaged" if expected is UserError else None):
        model_file.load(path)


@pytest.mark.parametrize("flags", [{"emotions": "fer2013"}, {"pixel_range": "byte"}])
def test_a_file_of_this_project_needs_no_flags(flags, path):
    with pytest.raises(UserError, match="says itself how it is read: leave out --emotions and --pixel-range"):
        model_file.load(path, **flags)


def lose(name):
    return lambda file: file.attrs.pop(name) if name in file.attrs else file.pop(name)


def name_emotions(text):
    return lambda file: file.attrs.update(emotions=text)


@pytest.mark.parametrize(
    "change, words",
    [
        (lose("model_config"), ["no model that Keras saved", "no attribute `model_config`"]),
        (lose("model_weights"), ["is damaged"]),
        # It is then somebody else's.
        (lose("emotions"), ["(48, 48, 1) into (3,)", "5 to 8 emotions"]),
        (name_emotions("not JSON"), ["its attribute `emotions` is no list"]),
        (name_emotions('["angry", "happy", "hungry"]'), ["hungry"]),
        (name_emotions("3"), ["its attribute `emotions` is no list"]),
        (name_emotions("[1, 2, 3]"), ["its attribute `emotions` is no list"]),
        (name_emotions('["happy", "happiness", "sad"]'), ["named twice"]),
        (name_emotions("[]"), ["(None, 3)", "(None, 0)"]),
        (name_emotions('["angry", "happy", "sad", "neutral"]'), ["(None, 3)", "(None, 4)"]),
    ],
)
def test_a_file_that_lacks_something_or_names_other_emotions(change, words, path):
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, *words)


def flat(*parts, shape=(48, 48, 1)) -> keras.Model:
    return keras.Sequential([keras.Input(shape), layers.Flatten(), *(parts or [layers.Dense(3)])])


def with_two_outputs() -> keras.Model:
    inputs = keras.Input((48, 48, 1))
    return keras.Model(inputs, [layers.Dense(3)(layers.Flatten()(inputs)) for _ in range(2)])


def nested(layer) -> keras.Model:
    return tiny(keras.Sequential([keras.Input((6, 6, 1)), keras.Sequential([keras.Input((6, 6, 1)), layer])]))


def doubling() -> layers.Layer:
    return layers.Lambda(lambda values: values * 2, (6, 6, 1))


CODE = ["contains code of its own or reads other files (", "do not trust it"]


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda: flat(shape=(64, 64, 1)), ["(None, 64, 64, 1)", "name another --model"]),
        (lambda: flat(shape=(48, 48, 3)), ["(None, 48, 48, 3)", "name another --model"]),
        (with_two_outputs, ["[(None, 3), (None, 3)]", "name another --model"]),
        (lambda: keras.Sequential([layers.Flatten(), layers.Dense(3)]), ["of what shape its inputs are"]),
        (flat, ["gives no probabilities", "softmax"]),
        (lambda: flat(layers.Dense(3, bias_initializer=keras.initializers.Constant(np.nan))), ["are not numbers"]),
        (lambda: flat(layers.Dense(3, bias_initializer=keras.initializers.Constant(np.inf))), ["are not numbers"]),
        (lambda: nested(doubling()), CODE),
        (lambda: tiny(layers.TimeDistributed(doubling())), CODE),
    ],
)
def test_networks_that_are_none_for_faces_or_hold_code(build, words, tmp_path):
    model_file.save(tmp_path / "model.h5", build(), EMOTIONS, {})
    refused(tmp_path / "model.h5", *words)


def test_saving_says_nothing_and_leaves_the_log_as_it_was(tmp_path, caplog):
    before = logging.getLogger("absl").level, list(logging.getLogger("absl").filters)
    model_file.save(tmp_path / "model.h5", tiny(), EMOTIONS, {})
    assert not caplog.records
    assert (logging.getLogger("absl").level, logging.getLogger("absl").filters) == before


def test_no_code_runs_from_an_activation(path, tmp_path):
    trap = tmp_path / "trap"
    with h5py.File(path) as file:
        configuration = json.loads(file.attrs["model_config"])
    configuration["config"]["layers"][-1]["config"]["activation"] = {
        "class_name": "__lambda__",
        "config": {"value": f"__import__('pathlib').Path({str(trap)!r}).touch()"},
    }
    edit(path, model_config=json.dumps(configuration))
    refused(path, "contains code of its own")
    assert not trap.exists()


def link(file, name, secret):
    file[name] = h5py.ExternalLink(str(secret), "values")


def store_outside(file, name, secret):
    file.create_dataset(name, (3,), "f4", external=[(str(secret), 0, 12)])


def put_together(file, name, secret):
    layout = h5py.VirtualLayout((3,), np.float32)
    layout[:] = h5py.VirtualSource(str(secret), "values", (3,))
    file.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    "reach, words",
    [(link, "links to another file"), (store_outside, "in another file"), (put_together, "in another file")],
)
def test_values_of_another_file(reach, words, path, tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["values"] = np.zeros(3, np.float32)
    names = []
    with h5py.File(path, "r+") as file:
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        del file[names[0]]
        reach(file, names[0], tmp_path / "secret.h5")
    refused(path, words, "do not trust it")


def test_older_releases_of_keras_can_read_the_file():
    written = {
        "class_name": "Conv2D",
        "config": {"filters": 8, "quantization_config": None, "kernel": [{"input_axes": None, "seed": None}]},
    }
    older = {"class_name": "Conv2D", "config": {"filters": 8, "kernel": [{"seed": None}]}}
    assert configuration.without_newer_settings(written) == older
    # What says something stays, and is refused there rather than misread.
    assert configuration.without_newer_settings({"renorm": True, "renorm_momentum": 0.99}) == {"renorm": True}
