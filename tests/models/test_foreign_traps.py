"""Model files of others that hold code, more than they should, or nonsense: refused before any of it is used."""

import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from foreign_files import FACES, colour_network, sequential_parts, write_model
from keras import layers

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file


def archive(path, **changes):
    """Write a .keras file with other members, or another configuration."""
    colour_network().save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members |= changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in members.items():
            file.writestr(name, contents)
    return path


def configuration_with(tmp_path, change):
    """Return the configuration of a .keras file as text, its last layer changed."""
    with zipfile.ZipFile(archive(tmp_path / "plain.keras")) as file:
        configuration = json.loads(file.read("config.json"))
    change(configuration["config"]["layers"][-1])
    return json.dumps(configuration)


def test_an_archive_holds_a_model_and_nothing_else(tmp_path):
    with pytest.raises(UserError, match=r"\.\./evil\.py, which is no part of a model: do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"../evil.py": b"print(1)"}))


def test_weights_in_an_archive_that_lie_in_another_file(tmp_path):
    with zipfile.ZipFile(archive(tmp_path / "model.keras")) as file:
        weights = file.extract("model.weights.h5", tmp_path)
    with h5py.File(weights, "r+") as file:
        file["more"] = h5py.ExternalLink("secret.h5", "values")
    changes = {"model.weights.h5": Path(weights).read_bytes()}
    with pytest.raises(UserError, match=r"links to another file \(secret\.h5\): do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **changes))


def test_an_archive_that_would_fill_the_disk(tmp_path):
    path = archive(tmp_path / "model.keras", **{"metadata.json": bytes(310_000_000)})
    assert path.stat().st_size < 10_000_000
    with pytest.raises(UserError, match="would unpack to 310 MB: do not trust it"):
        model_file.load(path)


def test_layers_that_announce_too_much_are_not_made(tmp_path):
    text = configuration_with(tmp_path, lambda layer: layer["config"].update(units=2_000_000_000))
    with pytest.raises(UserError, match=r"announces [\d,]+ weights: do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"config.json": text}))
    # Nothing of them is left for the next network.
    with keras.StatelessScope():
        pass


def test_values_that_announce_too_much_are_not_read(tmp_path):
    parts, weights, _ = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    with h5py.File(path, "r+") as file:
        file.create_dataset("model_weights/conv2d_1/huge", shape=(10**9, 10**3), chunks=(1, 1000), dtype="f4")
    assert path.stat().st_size < 1_000_000
    with pytest.raises(UserError, match=r"announces 1,000,000,000,000 values in .*huge: do not trust it"):
        model_file.load(path)


def lambda_network(marker):
    """Return a network whose Lambda layer writes a file when it is called, and so when the network is loaded."""
    # A function with a name would not be stored with its code.
    evil = lambda values, path: open(path, "w").close() or values  # noqa: E731, PTH123
    # Seven outputs of a picture: nothing else is wrong with it.
    parts = [layers.Flatten(), layers.Dense(7), layers.Lambda(evil, (7,), arguments={"path": str(marker)})]
    return keras.Sequential([keras.Input((48, 48, 1)), *parts])


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_the_code_of_a_lambda_layer_never_runs(ending, tmp_path):
    marker, path = tmp_path / "it ran", tmp_path / f"model.{ending}"
    lambda_network(marker).save(path)
    marker.unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"contains code of its own or reads other files \(Lambda\)"):
        model_file.load(path)
    assert not marker.exists()
    # The same file does harm where it is trusted.
    keras.models.load_model(path, compile=False, safe_mode=False)(FACES)
    assert marker.exists()


def test_the_code_of_a_lambda_layer_of_keras_2_never_runs(tmp_path):
    marker = tmp_path / "it ran"
    lambda_network(marker).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        code = json.loads(file.read("config.json"))["config"]["layers"][-1]["config"]["function"]["config"]["code"]
    parts, weights, _ = sequential_parts()
    values = {"function": [code, None, None], "function_type": "lambda", "arguments": {"path": str(marker)}}
    parts.append({"class_name": "Lambda", "config": values})
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    marker.unlink(missing_ok=True)
    with pytest.raises(UserError, match=r"contains code of its own or reads other files \(Lambda\)"):
        model_file.load(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"module": "os", "class_name": "system"},
        {"module": "keras", "class_name": "layers.Lambda"},
        {"module": "keras.src.ops.core", "class_name": "Lambda"},
        {"module": "keras.utils", "class_name": "function", "config": "get_file"},
        {"module": "keras.models", "class_name": "load_model"},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "elsewhere"}},
        # Keras opens the file that such a layer names, and what is in it would be part of the network.
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/hostname"}},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "os", "class_name": "Flatten", "registered_name": "system"},
        {"module": None, "class_name": "Flatten", "registered_name": "Other>Flatten"},
    ],
    ids=lambda changes: f"{changes['module']} {changes['class_name']}",
)
def test_objects_that_are_no_layers_are_refused(changes, tmp_path):
    text = configuration_with(tmp_path, lambda layer: layer.update(registered_name=None) or layer.update(changes))
    with pytest.raises(UserError, match=f"reads other files \\({changes['class_name']}\\): do not trust it"):
        model_file.load(archive(tmp_path / "model.keras", **{"config.json": text}))


def test_a_file_that_is_two_things_at_once_is_refused(tmp_path):
    """One would be looked at, the other loaded: Keras goes by the name of the file."""
    colour_network().save(tmp_path / "model.h5")
    contents = (tmp_path / "model.h5").read_bytes() + archive(tmp_path / "other.keras").read_bytes()
    (tmp_path / "model.keras").write_bytes(contents)
    with pytest.raises(UserError, match="an HDF5 file and an archive at once: do not trust it"):
        model_file.load(tmp_path / "model.keras")


def test_a_group_that_holds_itself_ends_the_search(tmp_path):
    parts, weights, forward = sequential_parts()
    path = write_model(tmp_path / "old.h5", {"class_name": "Sequential", "config": parts}, weights)
    with h5py.File(path, "r+") as file:
        file["model_weights/again"] = file["model_weights"]
    assert np.allclose(model_file.load(path, "fer2013", "unit").network(FACES), forward(FACES / 255), atol=1e-5)


def test_weights_that_do_not_fit(tmp_path):
    parts, weights, _ = sequential_parts()
    weights["conv2d_1"]["bias"] = np.zeros(5, np.float32)
    path = write_model(tmp_path / "shape.h5", {"class_name": "Sequential", "config": parts}, weights)
    with pytest.raises(UserError, match=r"is damaged .*Shape mismatch in layer #0 \(named conv2d_1\)"):
        model_file.load(path)
