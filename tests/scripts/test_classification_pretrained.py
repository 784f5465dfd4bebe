"""classification_pretrained.py with files of random weights: what it writes and says of it, and what it refuses."""

import csv
import hashlib
import os
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from conftest import assert_one_sentence, files_in, start_script
from pretrained_files import write_pretrained
from short_trainings import read_history

from emotion_recognition.datasets import folders
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import model_file
from emotion_recognition.models.predict import predict

SCRIPT = "classification_pretrained.py"
SETTINGS = ("--size", "32", "--blocks", "6", "--epochs", "2", "--batch-size", "16", "--mixup", "0.3", "--seed", "5")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A folder with files of random weights."""
    folder = tmp_path_factory.mktemp("models")
    write_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def voted_data(small_data, tmp_path_factory):
    """The drawn faces as a packed file, with votes: seven of ten for the label, three for contempt."""
    folder = shutil.copytree(small_data, tmp_path_factory.mktemp("voted") / "data")
    train = folders.read_split(folder, "train")
    with (folder / "votes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["split", "emotion", "name", *EMOTIONS])
        writer.writeheader()
        for name in train.names:
            emotion, file_name = name.split("/")
            votes = {each: 7 * (each == emotion) + 3 * (each == "contempt") for each in EMOTIONS}
            writer.writerow({"split": "train", "emotion": emotion, "name": file_name, **votes})
    folders.pack(folder, folder.with_suffix(".npz"))
    return folder.with_suffix(".npz")


@pytest.mark.slow
def test_a_training_with_votes(pretrained, voted_data, succeed, tmp_path):
    arguments = (SCRIPT, "--pretrained", pretrained, "--data", voted_data, *SETTINGS, "--votes")
    result = succeed(*arguments)
    assert {path.name for path in tmp_path.iterdir()} == {
        "pretrained.h5",
        "pretrained.tflite",
        "pretrained_history.csv",
        "pretrained_curves.png",
    }
    # The head of the votes is left out, the input is a face of 48x48.
    model = model_file.load(tmp_path / "pretrained.h5")
    assert model.network.output.shape == (None, 7) and model.network.input.shape == (None, 48, 48, 1)
    validation = folders.read_split(voted_data, "validation", model.emotions)
    right = predict(model.probabilities, validation.pictures).argmax(axis=1) == validation.labels
    record = model.training
    assert record["validation_accuracy"] == pytest.approx(right.mean())
    assert record["votes"] is True and record["mixup"] == 0.3 and record["keep_prior"] is False
    digest = hashlib.sha256((pretrained / "faceres.bin").read_bytes()).hexdigest()
    assert record["pretrained"]["sha256"] == digest and "research" in record["pretrained"]["licence"]
    # The same seed gives the same again.
    before = files_in(tmp_path)
    succeed(*arguments, "--output", "again.h5")
    again = model_file.load(tmp_path / "again.h5")
    for mine, theirs in zip(again.network.get_weights(), model.network.get_weights(), strict=True):
        assert np.array_equal(mine, theirs)
    assert files_in(tmp_path).items() > before.items()
    # Another training goes on from it; so low a rate leaves its layers as they are.
    further = ("--weights", "again.h5", "--learning-rate", "1e-9", "--keep-prior", "--output", "further.h5")
    result = succeed(SCRIPT, "--data", voted_data, *SETTINGS, *further)
    assert "layers with weights" in result.stdout
    further = model_file.load(tmp_path / "further.h5")
    assert further.training["weights"] == {**model_file.origin(tmp_path / "again.h5"), "training": again.training}
    assert "pretrained" not in further.training
    kernels = (each.network.get_layer("conv_pw_6").get_weights()[0] for each in (again, further))
    np.testing.assert_allclose(*kernels, atol=1e-5)


@pytest.mark.slow
def test_a_dry_run_keeps_nothing_and_tries_teachers(pretrained, small_data, succeed, call_script, tmp_path):
    result = succeed(SCRIPT, "--pretrained", pretrained, "--data", small_data, *SETTINGS, "--dry-run", "--keep-prior")
    assert "The dry run went well" in result.stdout and not list(tmp_path.iterdir())
    # Networks of the script teach others of the same size, and only those.
    succeed(SCRIPT, "--pretrained", pretrained, "--data", small_data, *SETTINGS, "--epochs", "1", "--output", "one.h5")
    taught = (SCRIPT, "--weights", "one.h5", "--data", small_data, *SETTINGS, "--teacher", "one.h5", "--dry-run")
    assert "The dry run went well" in succeed(*taught).stdout
    assert_one_sentence(call_script(*taught, "--size", "64"), "--teacher", "with --size 64")
    going_on = (SCRIPT, "--weights", "one.h5", "--data", small_data, *SETTINGS, "--dry-run", "--size", "64")
    assert_one_sentence(call_script(*going_on), "one.h5", "of another size", "the flags that it was trained with")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed (pip install -r requirements-backends.txt)")
def test_jax_learns_what_tensorflow_does_and_from_the_same_teacher(pretrained, small_data, succeed, tmp_path):
    settings = (SCRIPT, "--data", small_data, *SETTINGS, "--epochs", "1", "--dropout", "0")
    succeed(*settings, "--pretrained", pretrained, "--output", "one.h5")
    # Each draws first weights of its own.
    arguments = (*settings, "--weights", "one.h5", "--teacher", "one.h5")
    losses = []
    for backend in ("tensorflow", "jax"):
        output = f"{backend}.h5"
        environment = {**os.environ, "KERAS_BACKEND": backend}
        result = start_script(*arguments, "--output", output, folder=tmp_path, env=environment)
        assert result.returncode == 0, result.stderr
        losses.append(float(read_history(tmp_path, backend)[0]["loss"]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert not (tmp_path / "jax.tflite").exists()


@pytest.mark.parametrize(
    "flags, words",
    [
        (("--size", "100"), ("'100' is not a multiple of 32",)),
        (("--blocks", "5"), ("--blocks", "invalid choice")),
        (("--dropout", "1"), ("--dropout", "a share")),
        (("--weights", "nowhere.h5"), ("--weights", "not allowed with", "--pretrained")),
        (("--pretrained", "nowhere"), ("nowhere/faceres.json is not there: get it with `npm pack", "--pretrained")),
        (("--votes",), ("holds no votes", "dataset_prepare.py")),
    ],
)
def test_mistakes_end_in_one_sentence(flags, words, pretrained, small_data, call_script, tmp_path):
    result = call_script(SCRIPT, "--pretrained", pretrained, "--data", small_data, *flags)
    assert_one_sentence(result, *words)
    assert not list(tmp_path.iterdir())
