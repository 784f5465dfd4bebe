"""A training on several devices and in several processes (JAX): the losses of one device, and files written once."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys

import pytest
from conftest import REPOSITORY, assert_one_sentence, command, start_script, wait_until
from short_trainings import read_history

if importlib.util.find_spec("jax") is None:
    pytest.skip("jax is not installed (pip install -r requirements-backends.txt)", allow_module_level=True)

# Numbers that are added in another order differ in their last digits. In networks with batch normalisation, rates like
# those of short trainings make such differences grow from step to step, on one machine as between two.
SCRIPT = "classification_attentional.py"
SETTINGS = ("--network", "deep_emotion", "--epochs", "3", "--batch-size", "16", "--seed", "5")
ONE = {**os.environ, "KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3"}
TWO = {**ONE, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
# Prints by how much a step on two devices moves loss and weights of the little VGG otherwise than a step on one does.
ONE_STEP = """
import keras, numpy as np
from classification_little_vgg import little_vgg
from emotion_recognition.training import devices

def step():
    keras.utils.set_random_seed(5)
    network = little_vgg(7)
    network.compile(keras.optimizers.SGD(0.005), "categorical_crossentropy")
    faces = np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 1)).astype("float32")
    loss = network.train_on_batch(faces, np.eye(7, dtype="float32")[np.arange(16) % 7])
    return [loss, *network.get_weights()]

alone = step()
devices.use_all(16)
print(max(np.abs(value - other).max() for value, other in zip(alone, step(), strict=True)))
"""
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture(scope="module")
def uneven_data(small_data, tmp_path_factory):
    """The drawn faces, with a number of pictures for validation that nothing but itself divides."""
    folder = shutil.copytree(small_data, tmp_path_factory.mktemp("uneven") / "data")
    next((folder / "validation/happy").iterdir()).unlink()
    return folder


@pytest.fixture(scope="module")
def on_one_device(uneven_data, tmp_path_factory):
    """The history of a training without the flag."""
    folder = tmp_path_factory.mktemp("one")
    result = start_script(SCRIPT, "--data", uneven_data, *SETTINGS, folder=folder, env=ONE)
    assert result.returncode == 0, result.stderr
    return read_history(folder, "deep_emotion")


def assert_same_losses(history, expected):
    assert len(history) == len(expected) == 3
    for row, other in zip(history, expected, strict=True):
        for name in ("loss", "val_loss"):
            assert float(row[name]) == pytest.approx(float(other[name]), abs=1e-3)


@pytest.mark.slow
def test_two_devices_learn_what_one_does_also_after_a_kill(on_one_device, uneven_data, tmp_path):
    arguments = (SCRIPT, "--data", uneven_data, *SETTINGS, "--data-parallel")
    with subprocess.Popen(command(*arguments), cwd=tmp_path, env=TWO, **SILENT) as process:
        wait_until((tmp_path / "deep_emotion_checkpoint.h5").exists, process, seconds=600)
        process.kill()
    result = start_script(*arguments, "--resume", folder=tmp_path, env=TWO)
    assert result.returncode == 0, result.stderr
    assert "Training on 2 devices." in result.stdout and "Going on after epoch " in result.stdout
    assert_same_losses(read_history(tmp_path, "deep_emotion"), on_one_device)


@pytest.mark.slow
def test_two_processes_learn_what_one_does_and_one_of_them_writes(on_one_device, uneven_data, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    processes = []
    for number in range(2):
        named = {"JOB_ADDRESSES": address, "NUM_PROCESSES": "2", "PROCESS_ID": str(number)}
        environment = ONE | {f"KERAS_DISTRIBUTION_{name}": value for name, value in named.items()}
        line = command(SCRIPT, "--data", uneven_data, *SETTINGS, "--data-parallel")
        options = {"cwd": tmp_path, "env": environment, "text": True}
        processes.append(subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options))
    texts = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], texts
    assert "Wrote deep_emotion.h5" in texts[0] and "Wrote" not in texts[1]
    assert_same_losses(read_history(tmp_path, "deep_emotion"), on_one_device)


@pytest.mark.slow
def test_batch_normalisation_and_dropout_see_the_whole_batch_and_not_a_share():
    line = [sys.executable, "-c", ONE_STEP]
    result = subprocess.run(line, capture_output=True, text=True, cwd=REPOSITORY, env=TWO)
    assert "Training on 2 devices." in result.stdout, result.stderr
    assert float(result.stdout.split()[-1]) < 1e-4


@pytest.mark.slow
def test_batches_that_cannot_be_shared_are_refused(uneven_data, tmp_path):
    arguments = ("--data", uneven_data, *SETTINGS, "--batch-size", "15", "--data-parallel")
    result = start_script(SCRIPT, *arguments, folder=tmp_path, env=TWO)
    assert_one_sentence(result, "2 devices cannot share 15 pictures evenly", "--batch-size")
    assert list(tmp_path.iterdir()) == []
