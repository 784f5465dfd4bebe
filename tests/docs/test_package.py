"""The package that pip installs: what is in it, and that it reads faces without TensorFlow."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import NO_DISPLAY, PORTRAIT, REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
# What is not in requirements-live.txt is not there for whoever installs the wheel.
WITHOUT_TRAINING = "import sys\nsys.modules.update(dict.fromkeys(('tensorflow', 'keras', 'h5py', 'matplotlib')))\n"
PROGRAM = """
from emotion_recognition import EmotionRecogniser
faces = EmotionRecogniser().read(sys.argv[1])
print(*[f"{face.emotion} {face.probabilities[face.emotion]:.2f}" for face in faces])
"""


def requirements(name: str) -> set[str]:
    """Return the packages and ranges that a requirements file itself names."""
    lines = (REPOSITORY / name).read_text().splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r "))}


def test_dependencies_are_stated_alike():
    assert set(PROJECT["dependencies"]) == requirements("requirements-live.txt")
    assert set(PROJECT["optional-dependencies"]["train"]) == requirements("requirements.txt")


def hatchling(*arguments, folder):
    subprocess.run([sys.executable, "-m", "hatchling", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Path]:
    """The source distribution, and the wheel that is built from it."""
    pytest.importorskip("hatchling", reason="hatchling builds the package: pip install -r requirements-dev.txt")
    folder = tmp_path_factory.mktemp("dist")
    hatchling("build", "-t", "sdist", "-d", str(folder), folder=REPOSITORY)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    hatchling("build", "-t", "wheel", "-d", str(folder), folder=folder / source.name.removesuffix(".tar.gz"))
    (wheel,) = folder.glob("*.whl")
    return source, wheel


@pytest.mark.slow
def test_the_wheel_holds_the_live_side_and_nothing_beside_the_package(built):
    with zipfile.ZipFile(built[1]) as archive:
        names = archive.namelist()
    package = {name.removeprefix("emotion_recognition/") for name in names if name.startswith("emotion_recognition/")}
    assert {"__main__.py", "model.h5", "model.tflite", "haarcascade_frontalface_default.xml", "py.typed"} <= package
    assert all(name.startswith(("emotion_recognition/", "emotion_recognition-1.")) for name in names)
    assert not [name for name in package if name.startswith(("training/", "datasets/", "evaluation/"))]


@pytest.mark.slow
def test_the_source_distribution_has_what_training_needs(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"classification_little_vgg.py", "emotion_recognition/training/run.py", "tests/conftest.py"} <= names


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> dict[str, str]:
    """The environment of a process that has the wheel, but neither the repository nor what training needs."""
    folder = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, built[1]]
    subprocess.run(install, check=True, capture_output=True)
    # Python runs this file at its start.
    (folder / "sitecustomize.py").write_text(WITHOUT_TRAINING)
    return {**NO_DISPLAY, "PYTHONPATH": str(folder)}


def run(environment, *words, folder):
    return subprocess.run(words, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_an_installed_wheel_reads_a_portrait_without_tensorflow(installed, tmp_path):
    result = run(installed, sys.executable, "-c", "import sys\n" + PROGRAM, str(PORTRAIT), folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"neutral 0\.\d\d\n", result.stdout)


@pytest.mark.slow
def test_the_installed_command_is_test_py(installed, tmp_path):
    command = str(Path(installed["PYTHONPATH"]) / "bin" / "emotion-recognition")
    if os.name == "nt":
        command += ".exe"
    version = run(installed, command, "--version", folder=tmp_path)
    assert version.stdout == "emotion-recognition 1.0.0\n"
    result = run(installed, command, str(PORTRAIT), "--output", "result.png", "--csv", "rows.csv", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "neutral" in result.stdout and (tmp_path / "result.png").stat().st_size > 10_000
    mistake = run(installed, command, "--nonsense", folder=tmp_path)
    assert mistake.returncode == 2
    assert mistake.stderr == "unrecognized arguments: --nonsense (emotion-recognition --help shows what there is)\n"


@pytest.fixture
def live_only(tmp_path) -> dict[str, str]:
    """The environment of a process that has the repository, but not what training needs."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "sitecustomize.py").write_text(WITHOUT_TRAINING)
    return {**NO_DISPLAY, "PYTHONPATH": str(tmp_path / "packages")}


def test_the_display_mode_needs_the_live_requirements_alone(live_only, tmp_path):
    command = [sys.executable, REPOSITORY / "emotions.py", "--mode", "display", "--model", REPOSITORY / "model.h5"]
    result = run(live_only, *command, PORTRAIT, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search(r"grace_hopper.jpg: face at \(155, 105\), 222x222: neutral \d\d%, ", result.stdout)


@pytest.mark.slow
def test_a_fresh_environment_needs_the_wheel_alone(built, is_long, tmp_path):
    if not is_long:
        pytest.skip("installs packages from the network: runs in the long form (--long)")
    python = tmp_path / "fresh" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", built[1]], check=True)
    absent = run(NO_DISPLAY, python, "-c", "import tensorflow", folder=tmp_path)
    assert absent.returncode == 1
    result = run(NO_DISPLAY, python, "-c", "import sys\n" + PROGRAM, str(PORTRAIT), folder=tmp_path)
    assert result.stdout.startswith("neutral"), result.stderr
