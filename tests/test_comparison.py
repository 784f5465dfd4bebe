"""The comparison of optimizers: three real trainings, tiny ones, and what is written of them."""

import csv
import shutil

import pytest
from conftest import assert_one_sentence, start_script

from emotion_recognition.training import comparison

SCRIPT = "classification_little_vgg.py"
SETTINGS = ("--epochs", "1", "--batch-size", "16", "--seed", "5", "--compare-optimizers")


@pytest.fixture(scope="module")
def compared(small_data, tmp_path_factory):
    """The folder of a whole comparison, and its CompletedProcess."""
    folder = tmp_path_factory.mktemp("compared")
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result


def read_table(folder) -> list[dict]:
    with (folder / "little_vgg_optimizers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_every_optimizer_leaves_a_training_of_its_own(compared):
    folder, result = compared
    names = {f"little_vgg_{name}{ending}" for name in ("rmsprop", "adam", "sgd") for ending in (".h5", "_history.csv")}
    names |= {f"little_vgg_{name}_curves.png" for name in ("rmsprop", "adam", "sgd")}
    names |= {"little_vgg_optimizers.csv", "little_vgg_optimizers.png"}
    assert {path.name for path in folder.iterdir()} == names
    table = {row["optimizer"]: row for row in read_table(folder)}
    assert {name: float(row["learning_rate"]) for name, row in table.items()} == {
        "rmsprop": 0.001,
        "adam": 0.001,
        "sgd": 0.05,
    }
    for name, row in table.items():
        with (folder / f"little_vgg_{name}_history.csv").open(newline="") as file:
            (history,) = csv.DictReader(file)
        assert row["best_epoch"] == "1"
        assert float(row["val_accuracy"]) == float(history["val_accuracy"])
    assert "best epoch" in result.stdout and "little_vgg_optimizers.png" in result.stdout


@pytest.mark.slow
def test_a_comparison_goes_on_where_it_stopped(compared, small_data):
    folder, _ = compared
    before = read_table(folder)
    for name in ("little_vgg_sgd.h5", "little_vgg_optimizers.csv", "little_vgg_optimizers.png"):
        (folder / name).unlink()
    kept = (folder / "little_vgg_adam.h5").read_bytes()
    result = start_script(SCRIPT, "--data", small_data, *SETTINGS, "--resume", folder=folder)
    assert result.returncode == 0, result.stderr
    assert "little_vgg_adam.h5 is there already" in result.stdout
    assert (folder / "little_vgg_adam.h5").read_bytes() == kept
    assert [row["val_accuracy"] for row in read_table(folder)] == [row["val_accuracy"] for row in before]


@pytest.mark.slow
def test_a_finished_training_of_other_settings_is_refused(compared, small_data):
    folder, _ = compared
    changed = [*SETTINGS, "--resume"]
    changed[1] = "2"
    result = start_script(SCRIPT, "--data", small_data, *changed, folder=folder)
    assert_one_sentence(result, "little_vgg_rmsprop.h5 was trained with epochs 1, not 2")


@pytest.mark.slow
def test_a_finished_training_on_other_data_is_refused(compared, small_data, tmp_path):
    folder, _ = compared
    data = shutil.copytree(small_data, tmp_path / "data")
    next((data / "train" / "happy").iterdir()).unlink()
    result = start_script(SCRIPT, "--data", data, *SETTINGS, "--resume", folder=folder)
    assert_one_sentence(result, "little_vgg_rmsprop.h5 was trained with train_pictures 84, not 83")


def test_no_training_begins_where_a_later_one_has_no_place(run_script, tmp_path):
    (tmp_path / "little_vgg_sgd.h5").touch()
    result = run_script(SCRIPT, "--compare-optimizers", "--data", "nowhere")
    assert_one_sentence(result, "little_vgg_sgd.h5 exists already")


def test_a_comparison_is_not_replaced(run_script, tmp_path):
    (tmp_path / "little_vgg_optimizers.csv").touch()
    result = run_script(SCRIPT, "--compare-optimizers", "--data", "nowhere")
    assert_one_sentence(result, "little_vgg_optimizers.csv exists already")


def test_each_optimizer_has_its_own_rate(run_script):
    result = run_script(SCRIPT, "--compare-optimizers", "--learning-rate", "0.1")
    assert result.returncode == 2 and "leave out --optimizer, --learning-rate" in result.stderr


def test_the_best_optimizer_is_named_first():
    rows = [
        comparison.summary(name, [{"epoch": 1.0, "val_accuracy": accuracy, "val_loss": 1.5, "seconds": 90.0}])
        for name, accuracy in (("rmsprop", 0.5), ("sgd", 0.75))
    ]
    lines = comparison.as_text(rows).splitlines()
    assert lines[1].split() == ["sgd", "0.05", "1", "75.0%", "1.500", "1.5"]
    assert lines[2].split()[0] == "rmsprop"
