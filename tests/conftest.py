"""What the tests share: scripts run as people run them, and a small set of drawn faces in FER-2013's form."""

import csv
import itertools
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from classification_attentional import attentional, deep_emotion
from classification_little_vgg import little_vgg
from emotion_recognition.errors import UserError
from emotion_recognition.faces.yunet import YuNetDetector
from emotions import four_layer_cnn

NETWORKS = {network.__name__: network for network in (little_vgg, four_layer_cnn, attentional, deep_emotion)}

# TensorFlow computes in this process as in the scripts, whichever test loads it first.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# A shell that runs the tests in the background lets them ignore Ctrl-C, and so the scripts they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
USAGES = ("Training", "PublicTest", "PrivateTest")
PER_EMOTION = 12

PORTRAIT = REPOSITORY / "docs" / "grace_hopper.jpg"
NO_DISPLAY = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}

# Lines in which TensorFlow and LiteRT report on themselves.
BACKEND_NOISE = re.compile(
    r"[IWE]0000 |WARNING|INFO: Created TensorFlow|To enable the following instructions|\d{4}-\d\d-\d\d \S+ [IWE] "
)

# What test.py prints of a face in a picture.
FACE = re.compile(r"(\S+): face at \((\d+), (\d+)\), (\d+)x(\d+): (.*)")


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="the long forms: `make fuzz`, `make soak`, `make kill`")
    parser.addoption("--renew", action="store_true", help="note a new model.h5 in docs/model.json")
    parser.addoption("--seed", type=int, default=2013, help="makes the files that the readers are tried with")


@pytest.fixture(scope="session")
def is_long(request) -> bool:
    """Whether the long forms are asked for."""
    return request.config.getoption("long")


@pytest.fixture(scope="session")
def seed(request) -> int:
    """What decides how files are changed and when programs are killed."""
    return request.config.getoption("seed")


def command(name, *arguments) -> list[str]:
    """Return the command line that runs a script of the repository with this interpreter."""
    return [sys.executable, str(REPOSITORY / name), *map(str, arguments)]


def start_script(name, *arguments, folder, **options):
    """Run a script in `folder` to its end and return the CompletedProcess; `options` are those of subprocess.run."""
    options = {"capture_output": True, "text": True, "timeout": 600, **options}
    return subprocess.run(command(name, *arguments), cwd=folder, check=False, **options)


def sentences(result) -> list[str]:
    """Return the lines on standard error that are for people."""
    return [line for line in result.stderr.splitlines() if line.strip() and not BACKEND_NOISE.match(line)]


def assert_one_sentence(result, *words, status=2):
    """Check that a script ended with this status and one sentence that holds all `words`."""
    lines = sentences(result)
    assert result.returncode == status, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert len(lines) == 1, lines
    for word in words:
        assert str(word) in lines[0]


def parse_faces(text) -> list[tuple]:
    """Return (name, box, {emotion: per cent}) for each line of a face that test.py printed."""
    faces = []
    for name, x, y, width, height, rest in FACE.findall(text):
        probabilities = {emotion: float(value) for emotion, value in re.findall(r"(\w+) ([\d.]+)%", rest)}
        faces.append((name, tuple(map(int, (x, y, width, height))), probabilities))
    return faces


def read_csv(path) -> list[dict]:
    """Return the rows of a table."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files_in(folder) -> dict[str, bytes]:
    """Return the content of every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wait_until(condition, process=None, seconds=120):
    """Wait until a condition holds; fail when the time is over or the process, if there is one, has ended."""
    end = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def run_script(tmp_path):
    """Return a function that runs a script of the repository in tmp_path: run_script(name, *arguments, **options)."""

    def run(name, *arguments, **options):
        return start_script(name, *arguments, folder=tmp_path, **options)

    return run


@pytest.fixture
def call_script(tmp_path, monkeypatch, capfd):
    """Return a function that does the same in this process, without a display, which saves the start of libraries."""

    def call(name, *arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(variable, raising=False)
        capfd.readouterr()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as end:
                runpy.run_path(str(REPOSITORY / name), run_name="__main__")
        finally:
            signal.signal(signal.SIGTERM, handler)
        return SimpleNamespace(
            returncode=end.value.code, **dict(zip(("stdout", "stderr"), capfd.readouterr(), strict=True))
        )

    return call


@pytest.fixture
def succeed(call_script):
    """Return a function that does the same with a script that must end well."""

    def call(name, *arguments):
        result = call_script(name, *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result

    return call


@pytest.fixture
def drawn(monkeypatch) -> list:
    """The figures of Matplotlib that are written; their files stay empty."""
    from matplotlib.figure import Figure

    found = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: found.append(figure) or Path(path).touch())
    return found


needs_cascades = pytest.mark.skipif(
    not hasattr(cv2, "CascadeClassifier"), reason="this release of OpenCV has no Haar cascades"
)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data sets beside the repository, which a user's machine has not."""
    if not SHARED.is_dir():
        pytest.skip("the data sets in ../shared are not here")
    return SHARED


@pytest.fixture(scope="session")
def yunet_file(shared) -> Path:
    """YuNet's file, which is no part of the project; this release of OpenCV can run it."""
    [path] = (shared / "yunet").glob("*.onnx")
    try:
        YuNetDetector(path)
    except UserError as error:
        pytest.skip(str(error))
    return path


def draw_face(code, generator) -> np.ndarray:
    """Return a drawn face, uint8 (48, 48), whose mouth tells its code, with noise."""
    picture = generator.normal(110, 12, (48, 48))
    ink = np.zeros((48, 48), np.uint8)
    centre = tuple(int(place) for place in 24 + generator.integers(-2, 3, 2))
    cv2.ellipse(ink, centre, (17, 21), 0, 0, 360, 90, -1)
    for side in (-7, 7):
        cv2.circle(ink, (centre[0] + side, centre[1] - 6), 2 + code % 3, 10, -1)
    cv2.ellipse(ink, (centre[0], centre[1] + 9), (3 + code, 2 + code % 4), 25 * (code - 3), 0, 360, 10 + 25 * code, -1)
    return (picture + ink).clip(0, 255).astype(np.uint8)


def make_rows(per_emotion=PER_EMOTION) -> list[tuple]:
    """Return (code, picture, usage) of drawn faces, always the same: `per_emotion` of each code in each usage."""
    generator = np.random.default_rng(2013)
    places = [(code, usage) for usage in USAGES for code in range(7)] * per_emotion
    return [(code, draw_face(code, generator), usage) for code, usage in places]


def write_csv(path, rows) -> Path:
    """Write (code, picture, usage) as FER-2013's CSV and return its path."""
    lines = [f"{code},{' '.join(map(str, picture.ravel()))},{usage}\n" for code, picture, usage in rows]
    path.write_text("emotion,pixels,Usage\n" + "".join(lines))
    return path


@pytest.fixture(scope="session")
def small_rows() -> list[tuple]:
    """(code, picture, usage) of 252 drawn faces: 12 of each of seven emotions in each of three splits, no two alike."""
    return make_rows()


@pytest.fixture(scope="session")
def small_csv(small_rows, tmp_path_factory) -> Path:
    """The drawn faces as fer2013.csv."""
    return write_csv(tmp_path_factory.mktemp("csv") / "fer2013.csv", small_rows)


@pytest.fixture(scope="session")
def small_data(small_csv, tmp_path_factory) -> Path:
    """The drawn faces as the folder that dataset_prepare.py makes; tests that change it must copy it first."""
    folder = tmp_path_factory.mktemp("prepared")
    result = start_script("dataset_prepare.py", small_csv, folder=folder)
    assert result.returncode == 0, result.stderr
    return folder / "data"


def plain(level=100, size=(64, 48)) -> np.ndarray:
    """Return a picture of one gray level and of this size (width, height), uint8 (height, width, 3)."""
    return np.full((size[1], size[0], 3), level, np.uint8)


def make_picture(path, level=100, size=(64, 48)) -> Path:
    """Write a picture of one gray level, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), plain(level, size))
    return path


def write_video(path, frames, rate=25.0, code="MJPG") -> Path:
    """Write frames, uint8 (height, width, 3), as a video, and return its path."""
    frames = iter(frames)
    first = next(frames)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), rate, first.shape[1::-1])
    for frame in itertools.chain([first], frames):
        writer.write(frame)
    writer.release()
    return path


def make_video(path, levels=(0, 40, 80, 120, 160), size=(64, 48), rate=10.0) -> Path:
    """Write a video of one gray level a frame, and return its path."""
    return write_video(path, (plain(level, size) for level in levels), rate)


def noise(frames):
    """Yield frames of noise, uint8 (240, 320, 3), always the same, of which no video file is small."""
    generator = np.random.default_rng(0)
    for _ in range(frames):
        yield generator.integers(0, 256, (240, 320, 3), np.uint8)


@pytest.fixture(params=["full", "limited"])
def small_disk(request, tmp_path):
    """A folder and a function for its process: on a disk of 300 kB, or where no file may be larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "limited":
        import resource

        yield folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        return
    mounting = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder]
    if subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder, None
    subprocess.run(["umount", folder], check=True)


def bright_spot():
    """Return a black face with one white pixel."""
    face = np.zeros((48, 48), np.uint8)
    face[9, 33] = 255
    return face


def see_spot(faces):
    """Return as probabilities how white the pixel of `bright_spot` is, and the rest."""
    white = faces[:, 9, 33] / 255
    return np.stack([white, 1 - white], axis=1)
