"""One picture, one answer: on every backend, in every batch, and along every way that a picture can take."""

import importlib.util
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import REPOSITORY, start_script

from emotion_recognition import EmotionRecogniser
from emotion_recognition.models.classifier import EmotionClassifier

# The package that each backend of Keras needs.
PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


@pytest.fixture(params=PACKAGES)
def backend(request) -> dict:
    """The environment of a process that uses one of the backends, where it is installed."""
    if importlib.util.find_spec(PACKAGES[request.param]) is None:
        pytest.skip(f"{request.param} is not installed (pip install -r requirements-backends.txt)")
    return {**os.environ, "KERAS_BACKEND": request.param}


def run_python(backend, *arguments):
    """Run Python on a backend in the folder of the project; return the CompletedProcess."""
    line = [sys.executable, *arguments]
    return subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=backend)


@pytest.mark.slow
def test_every_backend_gives_the_same_probabilities(backend):
    result = run_python(backend, "-m", "pytest", "tests/models/test_shipped_model.py")
    assert result.returncode == 0, result.stdout


# Reads faces all at once, and each alone.
READ_FACES = """
import json
import numpy as np
from emotion_recognition.models.classifier import EmotionClassifier

faces = np.random.default_rng(0).integers(0, 256, (32, 48, 48), dtype=np.uint8)
classifier = EmotionClassifier("model.h5")
alone = [classifier.probabilities([face])[0].tolist() for face in faces]
print(json.dumps([classifier.probabilities(faces).tolist(), alone]))
"""


@pytest.mark.slow
def test_a_face_is_read_alike_alone_and_among_others(backend):
    faces = np.random.default_rng(0).integers(0, 256, (32, 48, 48), dtype=np.uint8)
    expected = EmotionClassifier(REPOSITORY / "model.h5").probabilities(faces)
    result = run_python(backend, "-c", READ_FACES)
    assert result.returncode == 0, result.stderr
    together, alone = json.loads(result.stdout.splitlines()[-1])
    assert np.allclose(together, expected, rtol=0, atol=1e-4) and np.allclose(alone, expected, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("size", [48, 200])
def test_a_picture_is_read_alike_along_every_way(size, backend, small_data, tmp_path):
    """As a picture, in a folder, as the frame of a video without losses, and by the library; in one view."""
    face = cv2.imread(str(sorted((small_data / "test/happy").iterdir())[0]))
    face = cv2.resize(face, (size, size), interpolation=cv2.INTER_NEAREST)
    (tmp_path / "folder").mkdir()
    cv2.imwrite(str(tmp_path / "picture.png"), face)
    cv2.imwrite(str(tmp_path / "folder/inside.png"), face)
    video = cv2.VideoWriter(str(tmp_path / "video.avi"), cv2.VideoWriter_fourcc(*"FFV1"), 25, (size, size))
    for _ in range(3):
        video.write(face)
    video.release()
    (expected,) = EmotionRecogniser(views=1).read(face, whole="always")
    read = ("picture.png", "folder", "video.avi", "--whole", "always", "--views", "1")
    arguments = (*read, "--no-window", "--jsonl", "rows.jsonl")
    result = start_script("test.py", *arguments, folder=tmp_path, env=backend)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["source"] for row in rows] == ["picture.png", "folder/inside.png", *["video.avi"] * 3]
    for row in rows:
        assert row["emotion"] == expected.emotion
        assert {name: row[name] for name in expected.probabilities} == pytest.approx(expected.probabilities, abs=1e-4)
