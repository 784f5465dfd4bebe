"""The names for other people's programs, used as the README uses them."""

import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import PORTRAIT, REPOSITORY

import emotion_recognition
from emotion_recognition import EmotionRecogniser, Face, draw_faces, read_picture


@pytest.fixture(scope="module")
def recogniser():
    return EmotionRecogniser()


def test_faces_of_a_portrait(recogniser):
    picture = read_picture(PORTRAIT)
    (face,) = recogniser.read(picture)
    assert face.box == (155, 105, 222, 222)
    assert face.emotion == "neutral" and list(face.probabilities)[:2] == ["angry", "disgusted"]
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    drawn = draw_faces(picture, [face])
    assert drawn.shape == picture.shape and not np.array_equal(drawn, picture)


def test_no_face_is_a_normal_answer(recogniser):
    picture = np.full((200, 300, 3), 128, np.uint8)
    assert recogniser.read(picture) == []
    assert np.array_equal(draw_faces(picture, []), picture)
    (face,) = recogniser.read(picture, whole=True)
    assert face.box == (0, 0, 300, 200)


def test_the_emotion_is_the_most_probable_one():
    assert Face((0, 0, 1, 1), {"happy": 0.2, "sad": 0.5, "angry": 0.3}).emotion == "sad"


def test_importing_starts_neither_opencv_nor_keras():
    code = "import emotion_recognition, sys; print([name for name in ('cv2', 'keras', 'numpy') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_public_names_are_few_and_all_there():
    assert len(emotion_recognition.__all__) <= 5
    assert all(getattr(emotion_recognition, name) for name in emotion_recognition.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        emotion_recognition.nothing_like_it  # noqa: B018 - the access is what is tested


@pytest.mark.slow
def test_the_programs_of_the_readme_run_as_they_stand(tmp_path, shared):
    """The first reads a picture; the second a camera, for which a video stands here."""
    programs = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert len(programs) == 2
    (tmp_path / "photo.jpg").write_bytes((REPOSITORY / "docs/demo.png").read_bytes())
    for number, program in enumerate(programs):
        program = program.replace("cv2.VideoCapture(0)", f"cv2.VideoCapture({str(shared / 'media/clip.mp4')!r})")
        program = program.replace("cv2.imshow", "(lambda title, frame: None)").replace("cv2.waitKey(1)", "-1")
        path = tmp_path / f"program{number}.py"
        path.write_text(program)
        environment = {"PYTHONPATH": str(REPOSITORY), "PATH": ""}
        result = subprocess.run(
            [sys.executable, path], cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
        )
        assert result.returncode == 0, result.stderr
        assert re.search(r"\(\d+, \d+, \d+, \d+\) \w+", result.stdout), result.stdout
