"""classification_little_vgg.py as people run it: whole, stopped, killed and resumed, and with every optimizer."""

import shutil
import signal
import subprocess

import h5py
import pytest
from conftest import assert_one_sentence, command, read_csv, start_script, wait_until
from short_trainings import SCRIPT, SETTINGS, assert_same_result, read_history

from emotion_recognition.training import comparison


@pytest.fixture(scope="module")
def unbroken(small_data, tmp_path_factory):
    """A whole training: (folder, CompletedProcess)."""
    folder = tmp_path_factory.mktemp("unbroken")
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result


@pytest.mark.slow
def test_a_whole_training_writes_model_history_and_curves(unbroken):
    folder, result = unbroken
    assert sorted(path.name for path in folder.iterdir()) == [
        "little_vgg.h5",
        "little_vgg.tflite",
        "little_vgg_curves.png",
        "little_vgg_history.csv",
    ]
    history = read_history(folder)
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert set(history[0]) >= {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert "84 pictures for training, 84 for validation" in result.stdout
    assert "Wrote little_vgg.h5" in result.stdout


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result_and_the_old_model_is_kept(unbroken, small_data, succeed, tmp_path):
    shutil.copytree(unbroken[0], tmp_path, dirs_exist_ok=True)
    result = succeed(SCRIPT, "--data", small_data, *SETTINGS, "--force")
    assert_same_result(unbroken[0], tmp_path)
    (aside,) = tmp_path.glob("little_vgg_20*.h5")
    assert aside.read_bytes() == (unbroken[0] / "little_vgg.h5").read_bytes()
    assert f"The old little_vgg.h5 is kept as {aside.name}" in result.stdout


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
    assert process.returncode == 130, errors
    assert "Stopped. Go on after the last whole epoch with --resume." in errors and "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["little_vgg_checkpoint.h5"]
    with h5py.File(tmp_path / "little_vgg_checkpoint.h5") as file:
        assert {"settings", "history", "network", "optimizer", "best"} == set(file)


COMPARISON = ("--epochs", "1", "--batch-size", "16", "--seed", "5", "--compare-optimizers")


@pytest.fixture(scope="module")
def compared(small_data, tmp_path_factory):
    """The folder of a whole comparison, and its CompletedProcess."""
    folder = tmp_path_factory.mktemp("compared")
    result = start_script(SCRIPT, "--data", small_data, *COMPARISON, folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result


@pytest.mark.slow
def test_every_optimizer_leaves_a_training_of_its_own(compared):
    folder, result = compared
    names = {f"little_vgg_{name}{ending}" for name in ("rmsprop", "adam", "sgd") for ending in (".h5", "_history.csv")}
    names |= {f"little_vgg_{name}.tflite" for name in ("rmsprop", "adam", "sgd")}
    names |= {f"little_vgg_{name}_curves.png" for name in ("rmsprop", "adam", "sgd")}
    names |= {"little_vgg_optimizers.csv", "little_vgg_optimizers.png"}
    assert {path.name for path in folder.iterdir()} == names
    table = {row["optimizer"]: row for row in read_csv(folder / "little_vgg_optimizers.csv")}
    assert {name: float(row["learning_rate"]) for name, row in table.items()} == {
        "rmsprop": 0.001,
        "adam": 0.001,
        "sgd": 0.05,
    }
    for name, row in table.items():
        (history,) = read_csv(folder / f"little_vgg_{name}_history.csv")
        assert row["best_epoch"] == "1"
        assert float(row["val_accuracy"]) == float(history["val_accuracy"])
    assert "best epoch" in result.stdout and "little_vgg_optimizers.png" in result.stdout


@pytest.mark.slow
def test_a_comparison_goes_on_where_it_stopped(compared, small_data):
    folder, _ = compared
    before = read_csv(folder / "little_vgg_optimizers.csv")
    for name in ("little_vgg_sgd.h5", "little_vgg_optimizers.csv", "little_vgg_optimizers.png"):
        (folder / name).unlink()
    kept = (folder / "little_vgg_adam.h5").read_bytes()
    result = start_script(SCRIPT, "--data", small_data, *COMPARISON, "--resume", folder=folder)
    assert result.returncode == 0, result.stderr
    assert "little_vgg_adam.h5 is there already" in result.stdout
    assert (folder / "little_vgg_adam.h5").read_bytes() == kept
    assert [row["val_accuracy"] for row in read_csv(folder / "little_vgg_optimizers.csv")] == [
        row["val_accuracy"] for row in before
    ]


@pytest.mark.slow
def test_a_finished_training_of_other_settings_or_on_other_data_is_refused(compared, small_data, call_script, tmp_path):
    shutil.copy(compared[0] / "little_vgg_rmsprop.h5", tmp_path)
    arguments = (SCRIPT, *COMPARISON, "--resume", "--data")
    result = call_script(*arguments, small_data, "--epochs", "2")
    assert_one_sentence(result, "little_vgg_rmsprop.h5 was trained with epochs 1, not 2")
    data = shutil.copytree(small_data, tmp_path / "data")
    next((data / "train" / "happy").iterdir()).unlink()
    result = call_script(*arguments, data)
    assert_one_sentence(result, "little_vgg_rmsprop.h5 was trained with train_pictures 84, not 83")


@pytest.mark.parametrize("name", ["little_vgg_sgd.h5", "little_vgg_optimizers.csv"])
def test_no_training_begins_where_a_file_of_the_comparison_would_be_lost(name, call_script, tmp_path):
    (tmp_path / name).touch()
    assert_one_sentence(call_script(SCRIPT, "--compare-optimizers", "--data", "nowhere"), f"{name} exists already")


def test_each_optimizer_has_its_own_rate(call_script):
    result = call_script(SCRIPT, "--compare-optimizers", "--learning-rate", "0.1")
    assert result.returncode == 2 and "leave out --optimizer, --learning-rate" in result.stderr


def test_the_best_optimizer_is_named_first():
    histories = {
        name: [{"epoch": 1.0, "val_accuracy": accuracy, "val_loss": 1.5, "seconds": 90.0}]
        for name, accuracy in (("rmsprop", 0.5), ("sgd", 0.75))
    }
    lines = comparison.as_text(comparison.rows(histories, {"rmsprop": 0.001, "sgd": 0.05})).splitlines()
    assert lines[1].split() == ["sgd", "0.05", "1", "75.0%", "1.500", "1.5"]
    assert lines[2].split()[0] == "rmsprop"
