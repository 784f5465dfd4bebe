"""benchmark.py at tiny sizes: that both sides of each comparison are measured, not how fast they are."""

import re

import pytest
from conftest import assert_one_sentence


def figures(pattern, text) -> float:
    """Return the one number that `pattern` finds in what a script printed."""
    (found,) = re.findall(pattern, text)
    return float(found)


def test_preparing_beside_writing_alone(run_script, small_csv, tmp_path):
    result = run_script("benchmark.py", "prepare", small_csv, "--rows", "100", "--repeat", "2")
    assert result.returncode == 0, result.stderr
    preparing = figures(r"Preparing 100 pictures: (\d+\.\d+) s", result.stdout)
    writing = figures(r"Writing them alone with cv2.imwrite: (\d+\.\d+) s", result.stdout)
    assert preparing > 0 and writing > 0
    assert figures(r"Ratio: (\d+\.\d+)", result.stdout) > 0
    assert list(tmp_path.iterdir()) == []


def test_a_missing_table(run_script):
    assert_one_sentence(run_script("benchmark.py", "prepare", "nothing.csv"), "nothing.csv is not there")


@pytest.mark.slow
def test_training_beside_ready_made_batches(run_script, small_data, tmp_path):
    result = run_script("benchmark.py", "train", "--data", small_data, "--batches", "3", "--batch-size", "8")
    assert result.returncode == 0, result.stderr
    assert figures(r"Reading 84 training pictures: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Training on 3 varied batches of 8: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Training on the same batches, ready-made: (\d+\.\d+) s", result.stdout) > 0
    assert len(re.findall(r"The input pipeline costs -?\d+\.\d+%", result.stdout)) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_training_without_data(run_script):
    assert_one_sentence(run_script("benchmark.py", "train"), "data is no folder", "dataset_prepare.py")
