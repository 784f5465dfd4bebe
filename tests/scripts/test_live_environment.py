"""An environment with requirements-live.txt and nothing else: test.py does there what it says."""

import functools
import os
import subprocess
import sys

import cv2
import pytest
from conftest import NO_DISPLAY, PORTRAIT, REPOSITORY, assert_one_sentence, read_csv, write_video

pytestmark = pytest.mark.slow
pytest_plugins = ["virtual_display"]

FILES = ["photo.png", "photo.csv", "clip.mp4", "clip.jsonl", "heat.mp4", "summary.csv", "report.html", "rows.csv"]


@pytest.fixture(scope="module")
def install(is_long, tmp_path_factory):
    """A function that makes an environment with some packages and returns its interpreter: install(*words for pip)."""
    if not is_long:
        pytest.skip("installs packages from the network: runs in the long form (--long)")

    def install(*words):
        folder = tmp_path_factory.mktemp("live") / "environment"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *words], check=True)
        return python

    return install


@pytest.fixture(scope="module")
def python(install):
    """The interpreter of an environment with requirements-live.txt."""
    return install("-r", REPOSITORY / "requirements-live.txt")


@pytest.fixture
def run(python, tmp_path):
    """A function that runs a script of the repository there: run(name, *arguments)."""
    return functools.partial(run_with, python, tmp_path)


def run_with(python, folder, name, *arguments):
    line = [python, REPOSITORY / name, *map(str, arguments)]
    return subprocess.run(line, cwd=folder, env=NO_DISPLAY, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def clip(tmp_path):
    portrait = cv2.resize(cv2.imread(str(PORTRAIT)), (320, 376))
    return write_video(tmp_path / "in.avi", [portrait] * 20)


def test_pictures_videos_maps_and_tables(run, clip, tmp_path):
    for arguments in (
        (PORTRAIT, "--output", "photo.png", "--csv", "photo.csv", "--heat"),
        (clip, "--output", "clip.mp4", "--jsonl", "clip.jsonl", "--blur"),
        (clip, "--output", "heat.mp4", "--heat"),
        (PORTRAIT, clip, "--table", "rows.csv", "--summary", "summary.csv", "--report", "report.html", "--jobs", "2"),
    ):
        result = run("test.py", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        assert "neutral" in result.stdout
    assert all((tmp_path / name).stat().st_size > 100 for name in FILES)
    [row] = read_csv(tmp_path / "photo.csv")
    assert row["emotion"] == "neutral"


def test_what_needs_more_says_how_to_get_it(run, clip):
    assert_one_sentence(run("test.py", clip, "--timeline", "time.png"), "`pip install matplotlib`")
    assert_one_sentence(run("test.py", PORTRAIT, "--table", "rows.parquet"), "`pip install pyarrow`")
    assert_one_sentence(run("explain.py", PORTRAIT), "`pip install -r requirements.txt`")


def test_a_window(python, display, tmp_path):
    screen = display(tmp_path, [python, str(REPOSITORY / "test.py"), str(PORTRAIT)])
    screen.call("key", "h")
    screen.call("key", "q")
    status, output = screen.end()
    assert status == 0 and "neutral" in output


def test_with_opencv_5_yunet_finds_the_faces(install, shared, clip, tmp_path):
    live = (REPOSITORY / "requirements-live.txt").read_text().splitlines()
    python = install("opencv-python>=5", *(line for line in live if line and not line.startswith(("#", "opencv"))))
    assert_one_sentence(run_with(python, tmp_path, "test.py", PORTRAIT), "OpenCV 5", "yunet")
    [detector] = (shared / "yunet").glob("*.onnx")
    for source, output in ((PORTRAIT, "photo.png"), (clip, "clip.mp4")):
        result = run_with(python, tmp_path, "test.py", source, "--detector", detector, "--output", output, "--heat")
        assert (result.returncode, result.stderr) == (0, "")
        assert "neutral" in result.stdout
