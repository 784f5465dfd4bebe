"""One picture, one answer: by every backend of Keras and by LiteRT, and along every way that a picture can take."""

import importlib.util
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import REPOSITORY, read_csv, write_video

from emotion_recognition import EmotionRecogniser
from emotion_recognition.models.classifier import EmotionClassifier

# Reads the faces of a file by Keras, all at once and each alone, and writes what it says.
READ_FACES = """
import sys
import numpy as np
from emotion_recognition.models import model_file, predict

network, faces = model_file.load("model.h5").network, np.load(sys.argv[1])
alone = [predict.predict(network.predict_on_batch, face[np.newaxis])[0] for face in faces]
np.save(sys.argv[2], [predict.predict(network.predict_on_batch, faces), alone])
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_every_backend_says_of_faces_alone_and_together_what_litert_says(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed (pip install -r requirements-backends.txt)")
    faces = np.random.default_rng(0).integers(0, 256, (32, 48, 48, 1), dtype=np.uint8)
    np.save(tmp_path / "faces.npy", faces)
    line = [sys.executable, "-c", READ_FACES, tmp_path / "faces.npy", tmp_path / "answers.npy"]
    subprocess.run(line, cwd=REPOSITORY, env={**os.environ, "KERAS_BACKEND": backend}, check=True)
    together, alone = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(alone, together, atol=1e-4)
    # model.tflite computes in 8 bits.
    np.testing.assert_allclose(EmotionClassifier(REPOSITORY / "model.h5").probabilities(faces), together, atol=0.1)


@pytest.mark.parametrize("size", [48, 200])
def test_a_picture_is_read_alike_along_every_way(size, succeed, small_data, tmp_path):
    """As a picture, in a folder, as the frame of a video without losses, and by the library; in one view."""
    face = cv2.imread(str(sorted((small_data / "test/happy").iterdir())[0]))
    face = cv2.resize(face, (size, size), interpolation=cv2.INTER_NEAREST)
    (tmp_path / "folder").mkdir()
    for name in ("picture.png", "folder/inside.png"):
        cv2.imwrite(str(tmp_path / name), face)
    write_video(tmp_path / "video.avi", [face] * 3, code="FFV1")
    (expected,) = EmotionRecogniser(views=1).read(face, whole="always")
    read = ("picture.png", "folder", "video.avi", "--whole", "always", "--views", "1")
    succeed("test.py", *read, "--csv", "rows.csv")
    rows = read_csv(tmp_path / "rows.csv")
    assert [row["source"] for row in rows] == ["picture.png", "folder/inside.png", *["video.avi"] * 3]
    for row in rows:
        assert row["emotion"] == expected.emotion
        found = {name: float(row[name]) for name in expected.probabilities}
        assert found == pytest.approx(expected.probabilities, abs=1e-4)
