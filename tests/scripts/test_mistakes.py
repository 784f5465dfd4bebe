"""What people do wrong with test.py, and what is not there on their machine: one sentence each; and the help."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from conftest import NO_DISPLAY, PORTRAIT, REPOSITORY, assert_one_sentence, parse_faces, sentences


def make_model(path, change):
    """Copy the committed model and let `change` damage the copy."""
    shutil.copy(REPOSITORY / "model.h5", path)
    change(path)
    return path


def forget_one_emotion(path):
    with h5py.File(path, "r+") as file:
        file.attrs["emotions"] = '["happy", "sad"]'


def cut_off(path):
    path.write_bytes(path.read_bytes()[:200_000])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Path.unlink, "is not there"),
        (lambda path: path.write_text("no model"), "is no HDF5 file"),
        (cut_off, "is damaged"),
        (forget_one_emotion, "[(None, 2)]"),
    ],
    ids=["missing", "text", "cut off", "other outputs"],
)
def test_bad_models(run_script, tmp_path, change, words):
    model = make_model(tmp_path / "bad.h5", change)
    assert_one_sentence(run_script("test.py", PORTRAIT, "--model", model, "--no-window"), "bad.h5", words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.jpg"], ["nothing.jpg", "is not there"]),
        ([str(PORTRAIT), "--csv", str(PORTRAIT), "--force"], [PORTRAIT, "over a source", "--csv"]),
        (["."], ["holds no pictures"]),
        ([str(PORTRAIT), "--cascade", "nothing.xml"], ["nothing.xml", "is not there"]),
        ([str(PORTRAIT), "--output", "out.mp4"], ["out.mp4", "does not fit"]),
        ([str(PORTRAIT), "--timeline", "out.png"], ["--timeline", "name a single one"]),
        ([str(PORTRAIT), "--csv", "rows", "--jsonl", "rows"], ["--csv", "--jsonl", "one file twice"]),
        ([str(PORTRAIT), "--csv", "."], ["is a folder"]),
        (["--timeline", "out.jpg"], ["out.jpg", ".png"]),
        (["--csv", "/proc/none/out.csv"], ["/proc/none", "--csv"]),
        ([str(PORTRAIT), "--resolution", "640x480"], ["--resolution", "camera"]),
        ([str(PORTRAIT), "--output", "/proc/none/out.png"], ["/proc/none"]),
        ([str(PORTRAIT), "--output", "out.png", "--model", "nothing.h5"], ["nothing.h5", "is not there"]),
    ],
)
def test_bad_arguments(run_script, arguments, words):
    assert_one_sentence(run_script("test.py", *arguments, "--no-window"), *words)


@pytest.mark.parametrize("arguments", [["photo.jpg"], ["--epochs", "3"], []])
def test_emotions_without_a_mode_says_what_to_name(run_script, arguments):
    result = run_script("emotions.py", *arguments)
    assert result.returncode == 2 and "name --mode train or --mode display" in result.stderr
    assert "unrecognized" not in result.stderr


def test_no_camera(run_script):
    assert_one_sentence(run_script("test.py", "--camera", "77", "--no-window"), "Camera 77", "gives no pictures")


def test_a_dead_display_is_noticed_before_opencv_ends_the_process(run_script, tmp_path):
    result = run_script("test.py", PORTRAIT, "--output", "out.png", env={**NO_DISPLAY, "DISPLAY": ":12345"})
    assert result.returncode == 0, result.stderr
    assert "No display that works" in result.stdout and len(parse_faces(result.stdout)) == 1
    assert (tmp_path / "out.png").is_file()


def test_cameras_are_listed(run_script):
    result = run_script("test.py", "--list-cameras")
    assert result.returncode == 0 and sentences(result) == []
    assert re.search(r"^(--camera 0: \d+x\d+|No camera gives pictures)", result.stdout)


@pytest.mark.parametrize("script", ["test.py", "emotions.py", "dataset_prepare.py", "classification_little_vgg.py"])
def test_help_is_quick_and_needs_no_keras(run_script, script, tmp_path):
    # A package that stands in the way of Keras and OpenCV shows that they are not imported.
    for name in ("keras", "cv2", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)")
    result = run_script(script, "--help", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert result.returncode == 0 and "usage:" in result.stdout


def test_a_missing_package_is_named(run_script, tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    result = run_script("test.py", PORTRAIT, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert_one_sentence(result, "libGL.so.1", "apt-get install libgl1")
    (tmp_path / "cv2.py").write_text("raise ModuleNotFoundError(\"No module named 'cv2'\")")
    result = run_script("test.py", PORTRAIT, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert_one_sentence(result, "No module named 'cv2'", "pip install -r requirements.txt")


@pytest.mark.skipif(sys.platform == "win32", reason="make is no tool of Windows")
def test_make_help_names_the_targets():
    text = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target}" in text for target in ("demo", "test", "lint", "help"))
