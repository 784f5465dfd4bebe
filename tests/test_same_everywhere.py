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

from emotion_recognition import EmotionRecogniser, verify_model
from emotion_recognition.classifier import EmotionClassifier

PACKAGES = {"tensorflow": "tensorflow", "jax": "jax", "torch": "torch"}


def verify(**environment):
    """Run `python -m emotion_recognition.verify_model` in an environment of its own."""
    return subprocess.run(
        [sys.executable, "-m", "emotion_recognition.verify_model"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("backend", PACKAGES)
def test_every_backend_gives_the_same_probabilities(backend):
    if importlib.util.find_spec(PACKAGES[backend]) is None:
        pytest.skip(f"{backend} is not installed (pip install -r requirements-backends.txt)")
    result = verify(KERAS_BACKEND=backend)
    assert result.returncode == 0, result.stderr
    assert "reads faces as it should" in result.stdout


@pytest.mark.parametrize("harm", ["digest", "probability"])
def test_another_model_is_noticed(harm, tmp_path, monkeypatch):
    expected = json.loads(verify_model.EXPECTED.read_text())
    if harm == "digest":
        expected["sha256"] = "0" * 64
    else:
        expected["probabilities"]["portrait"]["happy"] += 2 * verify_model.TOLERANCE
    (tmp_path / "model.json").write_text(json.dumps(expected))
    monkeypatch.setattr(verify_model, "EXPECTED", tmp_path / "model.json")
    monkeypatch.setattr(sys, "argv", ["verify_model"])
    with pytest.raises(verify_model.UserError, match="fetch it again" if harm == "digest" else "differ by 0.0002"):
        verify_model.main()


def test_a_face_is_read_alike_alone_and_among_others():
    faces = np.random.default_rng(0).integers(0, 256, (32, 48, 48), dtype=np.uint8)
    classifier = EmotionClassifier(REPOSITORY / "model.h5")
    together = classifier.probabilities(faces)
    assert np.allclose(together, np.concatenate([classifier.probabilities([face]) for face in faces]), atol=1e-4)


def read_rows(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("size", [48, 200])
def test_a_picture_is_read_alike_along_every_way(size, small_data, tmp_path):
    """As a picture, in a folder, as the frame of a video without losses, and by the library."""
    face = cv2.imread(str(sorted((small_data / "test/happy").iterdir())[0]))
    face = cv2.resize(face, (size, size), interpolation=cv2.INTER_NEAREST)
    (tmp_path / "folder").mkdir()
    cv2.imwrite(str(tmp_path / "face.png"), face)
    cv2.imwrite(str(tmp_path / "folder/face.png"), face)
    video = cv2.VideoWriter(str(tmp_path / "face.avi"), cv2.VideoWriter_fourcc(*"FFV1"), 25, (size, size))
    for _ in range(3):
        video.write(face)
    video.release()
    (expected,) = EmotionRecogniser().read(face, whole=True)
    for source in ("face.png", "folder", "face.avi"):
        flags = ("--whole", "always", "--no-window", "--jsonl", f"{source}.jsonl")
        result = start_script("test.py", source, *flags, folder=tmp_path)
        assert result.returncode == 0, result.stderr
        rows = read_rows(tmp_path / f"{source}.jsonl")
        assert len(rows) == (3 if source.endswith(".avi") else 1)
        for row in rows:
            assert row["emotion"] == expected.emotion
            assert {name: row[name] for name in expected.probabilities} == pytest.approx(
                expected.probabilities, abs=1e-4
            )
