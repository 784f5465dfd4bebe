"""classification_little_vgg.py run as people run it: whole, stopped, killed and resumed."""

import csv
import shutil
import signal
import subprocess

import h5py
import keras
import numpy as np
import pytest
from conftest import assert_one_sentence, command, start_script, wait_until

from emotion_recognition.datasets import folders
from emotion_recognition.models import model_file

SCRIPT = "classification_little_vgg.py"
# Three short epochs; 84 pictures are five whole batches and a rest.
SETTINGS = ("--epochs", "3", "--batch-size", "16", "--learning-rate", "0.002", "--seed", "5")


def read_history(folder, name="little_vgg") -> list[dict]:
    """Return the rows of a history without their seconds, which no two runs share."""
    with (folder / f"{name}_history.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def read_weights(path) -> dict:
    """Return every array in a model file."""
    weights = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: weights.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return weights


def assert_same_weights(first, second):
    first, second = read_weights(first), read_weights(second)
    assert list(first) == list(second) and len(first) > 20
    for name, values in first.items():
        assert np.array_equal(values, second[name]), name


def assert_same_result(first, second):
    assert read_history(first) == read_history(second)
    assert_same_weights(first / "little_vgg.h5", second / "little_vgg.h5")


@pytest.fixture(scope="module")
def unbroken(small_data, tmp_path_factory):
    """A whole training: (folder, CompletedProcess)."""
    folder = tmp_path_factory.mktemp("unbroken")
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result


@pytest.fixture(scope="module")
def killed(small_data, tmp_path_factory):
    """The folder of the same training, killed in the middle of its second epoch."""
    folder = tmp_path_factory.mktemp("killed")
    with subprocess.Popen(
        command(SCRIPT, "--data", small_data, *SETTINGS),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until((folder / "little_vgg_checkpoint.h5").exists, process)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "little_vgg.h5").exists()
    # As if it had been killed while it wrote the next checkpoint.
    (folder / "little_vgg_checkpoint.partial.h5").write_bytes(b"half")
    return folder


@pytest.fixture(scope="module")
def resumed(killed, small_data):
    """The same folder after going on: (folder, CompletedProcess)."""
    folder = shutil.copytree(killed, killed.with_name("resumed"))
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, "--resume", folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result


@pytest.mark.slow
def test_a_whole_training_writes_model_history_and_curves(unbroken):
    folder, result = unbroken
    assert sorted(path.name for path in folder.iterdir()) == [
        "little_vgg.h5",
        "little_vgg_curves.png",
        "little_vgg_history.csv",
    ]
    assert (folder / "little_vgg_curves.png").read_bytes().startswith(b"\x89PNG")
    history = read_history(folder)
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert set(history[0]) >= {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert "84 pictures for training, 84 for validation" in result.stdout
    assert "Wrote little_vgg.h5" in result.stdout
    assert "python test.py --model little_vgg.h5" in result.stdout


@pytest.mark.slow
def test_the_model_is_the_best_epoch_and_says_how_it_was_made(unbroken, small_data):
    folder, _ = unbroken
    model = model_file.load(folder / "little_vgg.h5")
    best = max(read_history(folder), key=lambda row: (float(row["val_accuracy"]), -float(row["val_loss"])))
    validation = folders.read_split(small_data, "validation", model.emotions)
    probabilities = model.network.predict(validation.pictures.astype("float32"), verbose=0)
    accuracy = (probabilities.argmax(axis=1) == validation.labels).mean()
    assert accuracy == pytest.approx(float(best["val_accuracy"]), abs=1e-6)
    record = model.training
    assert (record["network"], record["seed"], record["batch_size"], record["epochs"]) == ("little_vgg", 5, 16, 3)
    assert record["best_epoch"] == int(best["epoch"])
    assert record["validation_fingerprint"] == validation.fingerprint
    assert record["versions"]["keras"] == keras.__version__


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_result(unbroken, resumed):
    folder, result = resumed
    assert "Going on after epoch " in result.stdout
    assert_same_result(unbroken[0], folder)
    assert not list(folder.glob("*checkpoint*"))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result_and_the_old_model_is_kept(unbroken, small_data, tmp_path):
    folder = shutil.copytree(unbroken[0], tmp_path / "again")
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, "--force", folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert_same_result(unbroken[0], folder)
    (aside,) = folder.glob("little_vgg_20*.h5")
    assert aside.read_bytes() == (unbroken[0] / "little_vgg.h5").read_bytes()
    assert f"The old little_vgg.h5 is kept as {aside.name}" in result.stdout


@pytest.mark.slow
def test_an_existing_model_is_refused(unbroken, small_data):
    folder, _ = unbroken
    before = (folder / "little_vgg.h5").read_bytes()
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, folder=folder)
    assert_one_sentence(result, "little_vgg.h5 exists already", "--output", "--force")
    assert (folder / "little_vgg.h5").read_bytes() == before


@pytest.mark.slow
def test_resuming_with_other_settings_is_refused(killed, small_data):
    before = (killed / "little_vgg_checkpoint.h5").read_bytes()
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS[:-1], "6", "--resume", folder=killed)
    assert_one_sentence(result, "little_vgg_checkpoint.h5", "seed 5, not 6", "--force")
    assert (killed / "little_vgg_checkpoint.h5").read_bytes() == before


@pytest.mark.slow
def test_ctrl_c_keeps_a_checkpoint(small_data, tmp_path):
    with subprocess.Popen(
        command(SCRIPT, "--data", small_data, "--epochs", "100"),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until((tmp_path / "little_vgg_checkpoint.h5").exists, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. Go on after the last whole epoch with --resume." in errors and "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["little_vgg_checkpoint.h5"]
    with h5py.File(tmp_path / "little_vgg_checkpoint.h5") as file:
        assert {"settings", "history", "network", "optimizer", "best"} == set(file)


@pytest.mark.slow
def test_a_dry_run_tries_everything_and_keeps_nothing(small_data, run_script, tmp_path):
    result = run_script(SCRIPT, "--data", small_data, "--dry-run", "--class-weights", "--optimizer", "sgd")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Epoch 2/2" in result.stdout
    assert "nothing of it is kept" in result.stdout
    assert list(tmp_path.iterdir()) == []


def lose_train(data):
    shutil.rmtree(data / "train")
    return "holds no folder `train`", "dataset_prepare.py"


def add_unknown_class(data):
    (data / "train" / "hungry").mkdir()
    return data / "train" / "hungry", "is not an emotion"


def add_empty_class(data):
    (data / "train" / "contempt").mkdir()
    return data / "train" / "contempt", "holds no pictures"


def cut_picture_off(data):
    picture = data / "train" / "happy" / "fer0000003.png"
    picture.write_bytes(picture.read_bytes()[:500])
    return picture, "damaged or cut off"


def lose_an_emotion(data):
    shutil.rmtree(data / "train" / "sad")
    return data / "validation" / "sad", "is not among"


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [lose_train, add_unknown_class, add_empty_class, cut_picture_off, lose_an_emotion])
def test_bad_data_folders(spoil, small_data, run_script, tmp_path):
    data = shutil.copytree(small_data, tmp_path / "data")
    words = spoil(data)
    assert_one_sentence(run_script(SCRIPT), *(str(word).replace(f"{tmp_path}/", "") for word in words))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
