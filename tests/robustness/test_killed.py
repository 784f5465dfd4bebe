"""Preparing and training killed at any moment (kill -9), and full disks: what was there is whole, work can go on.

The short form is part of all tests; `make kill` runs the long one.
"""

import random
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import files_in, make_rows, start_script, write_csv
from killing import KILLS, measure, run_and_kill, run_on, tell_kills
from short_trainings import SCRIPT, SETTINGS, assert_same_result, assert_same_weights


@pytest.mark.slow
def test_preparing_killed_at_any_moment(small_csv, small_data, tmp_path, is_long, seed, capsys):
    generator = random.Random(seed)
    write_csv(tmp_path / "old.csv", make_rows(1))
    assert start_script("dataset_prepare.py", "old.csv", "--output", "old", folder=tmp_path).returncode == 0
    shutil.copytree(tmp_path / "old", tmp_path / "data")
    before, after = files_in(tmp_path / "old"), files_in(small_data)
    arguments = ("dataset_prepare.py", small_csv, "--force")
    lasts, kills = measure((*arguments, "--output", "measured"), tmp_path), 0
    # A moment that is drawn near the end may come when all is done: then another one is drawn.
    while kills < KILLS[is_long]:
        kills += run_and_kill(arguments, tmp_path, generator.random(), lasts)
        # Between its two renames there is for a moment no folder, and the old one waits beside it.
        found = [tmp_path / "data"] if (tmp_path / "data").exists() else list(tmp_path.glob("data.*.old.partial"))
        assert [files_in(folder) in (before, after) for folder in found] == [True]
        assert start_script(*arguments, folder=tmp_path).returncode == 0
        assert files_in(tmp_path / "data") == after
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "measured", "old", "old.csv"]
        shutil.rmtree(tmp_path / "data")
        shutil.copytree(tmp_path / "old", tmp_path / "data")
    tell_kills(capsys, "preparing a data set", kills)


@pytest.mark.slow
def test_a_training_killed_at_any_moment(small_data, tmp_path, is_long, seed, capsys):
    generator = random.Random(seed)
    arguments, kills = (SCRIPT, "--data", small_data, *SETTINGS), 0
    (tmp_path / "unbroken").mkdir()
    lasts = measure(arguments, tmp_path / "unbroken", sign="Epoch 1")
    while kills < KILLS[is_long]:
        # A training that is quicker than the measured one is not killed: then another one is tried.
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        model = folder / "little_vgg.h5"
        model.write_bytes(b"the old model")
        was_killed = True
        while was_killed:
            flag = "--resume" if (folder / "little_vgg_checkpoint.h5").exists() else "--force"
            share = generator.random() if kills < KILLS[is_long] else 1000
            was_killed = run_and_kill((*arguments, flag), folder, share, lasts, sign="pictures for training")
            kills += was_killed
            if model.read_bytes() != b"the old model":
                assert_same_weights(model, tmp_path / "unbroken" / "little_vgg.h5")
        assert_same_result(tmp_path / "unbroken", folder)
        assert not list(folder.glob("*checkpoint*")) and not list(folder.glob("*.partial*"))
    tell_kills(capsys, "a training", kills)


@pytest.mark.slow
def test_a_training_on_a_full_disk(small_disk, small_data):
    (small_disk[0] / "little_vgg.h5").write_bytes(b"the old model")
    arguments = (SCRIPT, "--data", small_data, *SETTINGS, "--output", "disk/little_vgg.h5", "--force")
    before, after = run_on(small_disk, *arguments)
    asides = [name for name in after if name not in before]
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("little_vgg_20") and after[name] == b"the old model" for name in asides)
