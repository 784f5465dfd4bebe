"""The folder that dataset_prepare.py writes appears whole or not at all, and nothing is lost for it."""

import gzip
import os
import signal
import subprocess

import numpy as np
import pytest
from conftest import assert_one_sentence, command, files_in, make_rows, wait_until, write_csv

from emotion_recognition.datasets import preparation
from emotion_recognition.datasets.samples import Sample


def test_existing_folder_is_refused_and_replaced_only_with_force(call_script, succeed, small_csv, tmp_path):
    write_csv(tmp_path / "fer2013.csv", make_rows(1))
    succeed("dataset_prepare.py")
    before = files_in(tmp_path / "data")
    assert_one_sentence(call_script("dataset_prepare.py", small_csv), "data exists already", "--force")
    assert files_in(tmp_path / "data") == before
    succeed("dataset_prepare.py", small_csv, "--force")
    assert len(list((tmp_path / "data").rglob("*.png"))) == 252
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "fer2013.csv"]


@pytest.mark.parametrize("output", ["notes.txt", "notes.txt/data"])
def test_a_file_is_never_replaced(output, call_script, small_csv, tmp_path):
    (tmp_path / "notes.txt").write_text("kept")
    assert_one_sentence(call_script("dataset_prepare.py", small_csv, "--force", "--output", output), "notes.txt")
    assert files_in(tmp_path) == {"notes.txt": b"kept"}


def test_an_empty_folder_may_be_named_by_a_dot(succeed, small_csv, tmp_path):
    succeed("dataset_prepare.py", small_csv, "--output", ".")
    assert (tmp_path / "copies.csv").is_file()


@pytest.fixture
def long_csv(tmp_path):
    """A table that takes seconds to prepare and little space."""
    row = f"3,{' '.join(['0'] * 48 * 48)},Training\n".encode()
    (tmp_path / "fer2013.csv").write_bytes(gzip.compress(b"emotion,pixels,Usage\n" + row * 12_000, 1))


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_run_leaves_nothing_in_the_way(number, status, long_csv, small_csv, succeed, tmp_path):
    with subprocess.Popen(
        command("dataset_prepare.py"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: len(list(tmp_path.glob("data.*.partial/train/happy/*.png"))) > 100, process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in errors
    assert not (tmp_path / "data").exists()
    if number != signal.SIGKILL:
        assert [entry.name for entry in tmp_path.iterdir()] == ["fer2013.csv"]
    succeed("dataset_prepare.py", small_csv)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "fer2013.csv"]
    assert len(list((tmp_path / "data").rglob("*.png"))) == 252


@pytest.mark.slow
def test_progress_is_shown_at_once_without_a_terminal(long_csv, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command("dataset_prepare.py"), cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout.readline().startswith("fer2013.csv is read as fer2013")
        assert process.stdout.readline() == " 5,000 rows read\n"
        # Not only when all is done.
        assert list(tmp_path.glob("data.*.partial"))
        process.terminate()


def test_no_picture_that_a_thread_writes_is_lost(monkeypatch, tmp_path):
    def fail(folder, samples):
        if len(samples) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(preparation, "CHUNK", 2)
    samples = [Sample(np.zeros((48, 48), np.uint8), "happy", "train", f"{number}.png") for number in range(5)]
    preparation.write_data_folder(samples, tmp_path / "data")
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == [sample.name for sample in samples]
    monkeypatch.setattr(preparation, "write_pngs", fail)
    with pytest.raises(OSError, match="No space left"):
        preparation.write_data_folder(samples, tmp_path / "more")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("small_disk", ["full"], indirect=True)
def test_a_full_disk(call_script, small_disk, small_csv):
    disk, _ = small_disk
    result = call_script("dataset_prepare.py", small_csv, "--output", disk / "data")
    assert_one_sentence(result, disk / "data", "the disk is full", "free some space")
    assert list(disk.iterdir()) == []
