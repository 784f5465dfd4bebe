"""Learning from other networks: what the targets become, and a training with a teacher as people run it."""

import argparse
import json

import h5py
import keras
import numpy as np
import pytest
from conftest import REPOSITORY, assert_one_sentence

from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file
from emotion_recognition.training import batches, distillation

SCRIPT = "emotions.py"
EMOTIONS = ("happy", "sad")


def write_teacher(path, emotions=EMOTIONS) -> keras.Model:
    """Write a network that says how bright the left half of a picture is, and return it."""
    network = keras.Sequential(
        [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(len(emotions), activation="softmax")]
    )
    weights = np.zeros((48, 48, len(emotions)), np.float32)
    weights[:, :24, 0] = 1 / (48 * 24 * 255)
    network.set_weights([weights.reshape(48 * 48, -1), np.zeros(len(emotions))])
    model_file.save(path, network, emotions, {})
    return network


@pytest.fixture
def faces() -> folders.Pictures:
    """Three pictures: black, white, and white only in the left half."""
    pictures = np.zeros((3, 48, 48, 1), np.uint8)
    pictures[1], pictures[2, :, :24] = 255, 255
    return folders.Pictures(pictures, np.array([0, 1, 1]), np.array(["a", "b", "c"]), EMOTIONS)


def test_half_of_a_target_is_what_the_teacher_says_of_the_picture_and_its_mirror_image(faces, tmp_path):
    write_teacher(tmp_path / "teacher.h5")
    mixed = distillation.add_teachers(batches.targets(faces), faces, [tmp_path / "teacher.h5"])
    surer = np.e / (np.e + 1)
    happy = np.array([0.5, surer, (surer + 0.5) / 2])
    expected = 0.5 * batches.targets(faces) + 0.5 * np.stack([happy, 1 - happy], axis=1)
    assert mixed.dtype == np.float32
    assert np.allclose(mixed, expected, atol=1e-6)


def test_several_teachers_are_averaged(faces, tmp_path):
    write_teacher(tmp_path / "one.h5")
    other = write_teacher(tmp_path / "other.h5")
    other.set_weights([10 * weights for weights in other.get_weights()])
    model_file.save(tmp_path / "other.h5", other, EMOTIONS, {})
    one, two, both = (
        distillation.add_teachers(batches.targets(faces), faces, [tmp_path / name for name in names])
        for names in (["one.h5"], ["other.h5"], ["one.h5", "other.h5"])
    )
    assert not np.allclose(one, two, atol=0.01)
    assert np.allclose(both, (one + two) / 2, atol=1e-6)


def test_without_a_teacher_labels_are_smoothed(faces):
    nothing_else = argparse.Namespace(votes=False, teacher=None)
    assert np.allclose(batches.targets_to_learn(faces, nothing_else), [[0.95, 0.05], [0.05, 0.95], [0.05, 0.95]])


def test_a_teacher_of_other_emotions_is_refused(faces, tmp_path):
    write_teacher(tmp_path / "teacher.h5", ("happy", "angry"))
    with pytest.raises(UserError, match="cannot teach: it tells happy, angry, but"):
        distillation.add_teachers(batches.targets(faces), faces, [tmp_path / "teacher.h5"])


@pytest.mark.slow
def test_a_training_with_a_teacher_says_so_in_the_model(run_script, small_data, tmp_path):
    teacher = REPOSITORY / "model.h5"
    settings = ("--mode", "train", "--data", small_data, "--epochs", "1", "--batch-size", "16")
    result = run_script(SCRIPT, *settings, "--teacher", teacher)
    assert result.returncode == 0, result.stderr
    assert f"The teacher {teacher} looks at 84 pictures" in result.stdout
    with h5py.File(tmp_path / "four_layer_cnn.h5") as file:
        assert json.loads(file.attrs["training"])["teacher"] == [str(teacher)]
    alone = run_script(SCRIPT, *settings, "--output", "alone.h5")
    assert alone.returncode == 0, alone.stderr
    assert (tmp_path / "alone_history.csv").read_text() != (tmp_path / "four_layer_cnn_history.csv").read_text()


def test_a_teacher_that_is_not_there_is_named(run_script, small_data, tmp_path):
    result = run_script(SCRIPT, "--mode", "train", "--data", small_data, "--dry-run", "--teacher", "nowhere.h5")
    assert_one_sentence(result, "nowhere.h5")
