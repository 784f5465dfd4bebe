"""What people do wrong with test.py and archive.py, what is missing on their machine (one sentence each), and help."""

import os
import re
import subprocess
import sys

import pytest
from conftest import NO_DISPLAY, PORTRAIT, REPOSITORY, assert_one_sentence, make_picture, parse_faces, sentences

from archive import find_sources
from emotion_recognition.errors import UserError


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([PORTRAIT, "--detector", "nothing.xml"], ["nothing.xml", "is not there"]),
        (["--csv", "/proc/none/out.csv"], ["/proc/none", "--csv"]),
        ([PORTRAIT, "--resolution", "640x480"], ["--resolution", "camera"]),
        ([PORTRAIT, "--output", "/proc/none/out.png"], ["/proc/none"]),
        ([PORTRAIT, "--output", "out.png", "--model", "nothing.h5"], ["nothing.h5", "is not there"]),
        (["--camera", "foo"], ["--camera", "'foo' is not a whole number"]),
    ],
    ids=lambda value: " ".join(map(str, value[-2:])),
)
def test_bad_arguments(call_script, arguments, words):
    assert_one_sentence(call_script("test.py", *arguments), *words)


def test_a_list_of_an_archive_may_begin_with_a_mark_and_is_no_picture(tmp_path):
    (tmp_path / "list.txt").write_text(f"{PORTRAIT}\n", encoding="utf-8-sig")
    assert [source.path for source in find_sources(str(tmp_path / "list.txt"), "tables")] == [PORTRAIT]
    with pytest.raises(UserError, match="is no list: name a folder, or a text in UTF-8"):
        find_sources(str(PORTRAIT), "tables")


def test_what_an_archive_cannot_read_keeps_its_own_reason(tmp_path):
    (tmp_path / "empty").mkdir()
    # Only a line break ends a name.
    odd = make_picture(tmp_path / "a\fb\u2028c.png")
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'empty'}\n{odd}\n", encoding="utf-8")
    refused, picture = find_sources(str(tmp_path / "list.txt"), "tables")
    assert "holds no pictures or videos" in refused.reason and picture.path == odd
    with pytest.raises(UserError, match="empty holds no pictures or videos"):
        find_sources(str(tmp_path / "empty"), "tables")


@pytest.mark.parametrize("script", [("test.py", PORTRAIT), ("archive.py", "videos", "--output", "tables")])
def test_no_time_between_start_and_end(script, call_script):
    result = call_script(*script, "--start", "10", "--end", "5")
    assert_one_sentence(result, "--end 5 must come after --start 10")


def test_a_picture_that_is_too_small_is_named(call_script, tmp_path):
    make_picture(tmp_path / "tiny.png", size=(19, 30))
    assert_one_sentence(call_script("test.py", "tiny.png", "--whole", "auto"), "tiny.png", "19x30 pixels", status=1)


@pytest.mark.parametrize("arguments", [["photo.jpg"], ["--epochs", "3"], []])
def test_emotions_without_a_mode_says_what_to_name(call_script, arguments):
    assert_one_sentence(call_script("emotions.py", *arguments), "name --mode train or --mode display")
    assert_one_sentence(call_script("emotions.py", "--mode", "foo"), "--mode", "invalid choice")


def test_display_leaves_other_flags_to_test_py(call_script):
    result = call_script("emotions.py", "--mode", "display", PORTRAIT, "--csv", "rows.csv")
    assert_one_sentence(result, "--csv rows.csv", "test.py --model")


def test_a_dead_display_is_noticed_before_opencv_ends_the_process(run_script, tmp_path):
    result = run_script("test.py", PORTRAIT, "--output", "out.png", env={**NO_DISPLAY, "DISPLAY": ":12345"})
    assert_one_sentence(result, "No window opens", "apt-get install", status=0)
    assert len(parse_faces(result.stdout)) == 1 and (tmp_path / "out.png").is_file()


def test_without_a_display_nothing_is_said_of_windows(succeed):
    result = succeed("test.py", PORTRAIT)
    assert sentences(result) == []
    first, last = result.stdout.splitlines()
    assert len(parse_faces(first)) == 1 and last.startswith("How to read it: ")


def test_cameras_are_listed(run_script):
    result = run_script("test.py", "--list-cameras")
    assert result.returncode == 0 and sentences(result) == []
    assert re.search(r"^(--camera 0: \d+x\d+|No camera gives pictures)", result.stdout)


@pytest.mark.parametrize(
    "script", ["test.py", "emotions.py", "evaluate.py", "dataset_prepare.py", "classification_little_vgg.py"]
)
def test_help_is_quick_and_needs_no_keras(run_script, script, tmp_path):
    # A package that stands in the way of Keras and OpenCV shows that they are not imported.
    for name in ("keras", "cv2", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)")
    result = run_script(script, "--help", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert result.returncode == 0 and "usage:" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="make is no tool of Windows")
def test_make_help_names_the_targets():
    text = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target}" in text for target in ("demo", "test", "lint", "help"))
