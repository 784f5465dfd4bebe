"""Which file a classifier reads: the .tflite that belongs to the .h5, and none other."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PORTRAIT, REPOSITORY
from foreign_files import colour_network

from emotion_recognition.errors import UserError
from emotion_recognition.models import export, lite, model_file
from emotion_recognition.models.classifier import EmotionClassifier, open_model
from emotion_recognition.models.safety import read_contents

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A copy of model.h5 alone in a folder, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return Path(shutil.copy(REPOSITORY / "model.h5", tmp_path / "model.h5"))


def test_the_committed_files_belong_together():
    read = lite.read(REPOSITORY / "model.tflite")
    assert read.made_from == lite.file_digest(REPOSITORY / "model.h5")
    trained = model_file.load(REPOSITORY / "model.h5")
    assert (read.emotions, read.training) == (trained.emotions, trained.training)


def test_a_tflite_is_known_by_its_ending_in_capitals_too(tmp_path):
    path = tmp_path / "MODEL.TFLITE"
    path.write_bytes((REPOSITORY / "model.tflite").read_bytes())
    assert EmotionClassifier(path).emotions == EmotionClassifier(REPOSITORY / "model.tflite").emotions
    assert isinstance(open_model(str(path)), EmotionClassifier)
    with pytest.raises(UserError, match="holds no Keras network, which this needs"):
        read_contents(path)


@pytest.mark.parametrize("name", ["model.h5", "model.tflite"])
def test_flags_for_other_peoples_models_are_not_passed_over(name):
    with pytest.raises(UserError, match=f"{name} says itself how it is read: leave out --emotions"):
        EmotionClassifier(REPOSITORY / name, "fer2013")


@pytest.mark.parametrize("name", ["model.h5", "model.tflite"])
def test_a_picture_is_read_without_keras(name):
    program = f"""
import sys
from emotion_recognition import EmotionRecogniser
[face] = EmotionRecogniser({str(REPOSITORY / name)!r}).read({str(PORTRAIT)!r})
assert face.emotion == "neutral", face
print([name for name in ("keras", "tensorflow", "h5py", "matplotlib") if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_a_model_without_its_tflite_is_converted_once(model, monkeypatch, caplog):
    caplog.set_level("INFO")
    first = EmotionClassifier(model).probabilities(FACES)
    [kept] = (model.parent / "cache").rglob("*.tflite")
    assert "converted" in caplog.text and str(kept) in caplog.text
    assert sorted(path.name for path in model.parent.iterdir()) == ["cache", "model.h5"]
    monkeypatch.setattr(export, "try_lite", None)
    np.testing.assert_array_equal(EmotionClassifier(model).probabilities(FACES), first)


def test_a_model_of_others_is_kept_for_each_way_of_reading_it(model, caplog):
    path = model.with_name("theirs.h5")
    colour_network("softmax").save(path)
    ways = [("fer2013", "unit"), ("fer2013", "signed"), ("alphabetical", "unit"), (None, None)]
    first, again = ([EmotionClassifier(path, *way) for way in ways] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert one.emotions == other.emotions
        np.testing.assert_array_equal(one.probabilities(FACES), other.probabilities(FACES))
    unit, signed, alphabetical, _ = again
    assert not np.allclose(unit.probabilities(FACES), signed.probabilities(FACES), atol=0.01)
    assert unit.emotions != alphabetical.emotions
    # What has to be assumed is said each time.
    assert caplog.text.count("--pixel-range says otherwise") == 2


@pytest.mark.slow
def test_the_tflite_of_another_model_is_not_taken(model):
    other = lite.read(REPOSITORY / "model.tflite")
    lite.write(model.with_suffix(".tflite"), lite.LiteModel(other.content, other.emotions[::-1], "0" * 64))
    assert EmotionClassifier(model).emotions == other.emotions


@pytest.mark.slow
def test_a_damaged_copy_in_the_cache_is_made_again(model, caplog):
    EmotionClassifier(model)
    [kept] = (model.parent / "cache").rglob("*.tflite")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:1000])
    EmotionClassifier(model)
    assert kept.read_bytes() == whole and "cut off" in caplog.text


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_no_failure(model, caplog):
    caplog.set_level("INFO")
    (model.parent / "cache").write_text("a file where a folder should be")
    assert EmotionClassifier(model).probabilities(FACES).shape == (3, 7)
    assert "at every start" in caplog.text
