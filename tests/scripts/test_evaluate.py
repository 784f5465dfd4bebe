"""evaluate.py, run as people run it, on a small folder with models whose answers are known."""

import json
import re
import shutil
from math import log
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from conftest import assert_one_sentence

from emotion_recognition.models import lite, model_file

EMOTIONS = ("angry", "happy", "neutral", "sad")
FIGURES = ("confusion_matrix", "reliability", "wrong_faces")

# (label, emotion seen, is the model sure of it?). A sure model says 0.9 (the others 1/30), an unsure one 0.5 (1/6).
TEST = [
    ("angry", "angry", True),
    ("angry", "angry", True),
    ("angry", "angry", True),
    ("angry", "sad", False),
    ("happy", "happy", True),
    ("happy", "happy", True),
    ("sad", "sad", False),
    ("sad", "happy", True),
    ("sad", "angry", False),
    ("sad", "neutral", True),
]
VALIDATION = [("angry", "angry", True), ("neutral", "neutral", False)]

# Training holds copies of the first and the last test picture; another group is in validation and test alone.
COPIES = """group,split,emotion,name
0,train,angry,fer0000100.png
0,test,angry,fer0000000.png
1,validation,happy,fer0000050.png
1,test,happy,fer0000004.png
2,train,neutral,fer0000101.png
2,test,sad,fer0000009.png
"""


def write_pictures(folder, rows, name):
    """Write a picture for each (label, seen, sure); the levels of its first four pixels tell the model what to see."""
    for number, (label, seen, sure) in enumerate(rows):
        picture = np.full((48, 48), 128, np.uint8)
        picture[0] = 0
        picture[0, EMOTIONS.index(seen)] = 255 if sure else 85
        (folder / label).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / label / name.format(number)), picture)


@pytest.fixture
def data(tmp_path):
    """A folder in the form of FER-2013 with the splits validation and test."""
    write_pictures(tmp_path / "data" / "test", TEST, "fer{:07d}.png")
    write_pictures(tmp_path / "data" / "validation", VALIDATION, "fer{:07d}.png")
    (tmp_path / "data" / "copies.csv").write_text(COPIES)
    return tmp_path / "data"


def save_model(path, emotions=EMOTIONS, shift=0, odds=27, activation="softmax"):
    """Save a model that sees the emotion of the brightest of the first pixels, or the one `shift` places further."""
    last = keras.layers.Dense(len(emotions), activation=activation)
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), last], name="pixel_reader")
    kernel = np.zeros((48 * 48, len(emotions)))
    for pixel in range(4):
        # With a level of 255 an emotion is `odds` times as probable as each other one, with 85 the cube root of that.
        kernel[pixel, (pixel + shift) % len(emotions)] = log(odds) / 255
    last.set_weights([kernel, np.zeros(len(emotions))])
    model_file.save(path, network, emotions, {"network": "pixel_reader"})


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Model files: good.h5; next.h5, less sure, sees the next emotion; others have other emotions or no softmax."""
    folder = tmp_path_factory.mktemp("models")
    save_model(folder / "good.h5")
    save_model(folder / "next.h5", shift=1, odds=8)
    save_model(folder / "six.h5", ("angry", "fearful", "happy", "neutral", "sad", "surprised"))
    save_model(folder / "three.h5", ("angry", "happy", "sad"))
    save_model(folder / "scores.h5", activation=None)
    return folder


def test_report_holds_the_values_computed_by_hand(succeed, data, models, tmp_path):
    result = succeed("evaluate.py", "--model", models / "good.h5", "--output", "results")
    report = json.loads((tmp_path / "results" / "report.json").read_text())
    assert (report["data"], report["flip"]) == ("data", False)
    (only,) = report["results"]
    assert only["model"] == str(models / "good.h5")
    assert only["emotions"] == list(EMOTIONS)
    assert only["training"] == {"network": "pixel_reader"}
    assert list(only["splits"]) == ["validation", "test", "both"]

    test = only["splits"]["test"]["all"]
    assert test["pictures"] == 10
    assert test["accuracy"] == 0.6
    assert test["confusion"] == [[3, 0, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]

    # One right and one wrong picture less; the copy in validation does not count.
    without = only["splits"]["test"]["without_copies"]
    assert without["confusion"] == [[2, 0, 0, 1], [0, 2, 0, 0], [0, 0, 0, 0], [1, 1, 0, 1]]
    assert without["accuracy"] == 5 / 8
    assert only["splits"]["validation"]["without_copies"] == only["splits"]["validation"]["all"]
    both = only["splits"]["both"]
    assert (both["all"]["pictures"], both["all"]["accuracy"]) == (12, 8 / 12)
    assert (both["without_copies"]["pictures"], both["without_copies"]["accuracy"]) == (10, 7 / 10)

    wrong = [(each["split"], each["name"], each["seen"]) for each in only["most_confidently_wrong"]]
    # Two are as sure as each other.
    assert sorted(wrong[:2]) == [("test", "sad/fer0000007.png", "happy"), ("test", "sad/fer0000009.png", "neutral")]
    assert sorted(wrong[2:]) == [("test", "angry/fer0000003.png", "sad"), ("test", "sad/fer0000008.png", "angry")]
    probabilities = [each["probability"] for each in only["most_confidently_wrong"]]
    assert probabilities == pytest.approx([0.9, 0.9, 0.5, 0.5], rel=1e-5)

    pictures = {path.stem: cv2.imread(str(path)) for path in (tmp_path / "results").glob("*.png")}
    assert set(pictures) == set(FIGURES) and all(np.ptp(picture) > 200 for picture in pictures.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "results"]

    # The same for people.
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) < 100
    headings = [line.split("  ")[0] for line in lines if "accuracy" in line]
    assert headings == ["validation (PublicTest)", "test (PrivateTest)", "both together"]
    text = " ".join(result.stdout.split())
    assert "60.0% 31.3% to 83.2% 66.7% 0.628 0.180 1.161" in text
    assert "without the 2 pictures that also occur in training" in text
    assert "neutral 0 - - 0 - -" in text
    assert "angry is taken for sad: 1 of 4 pictures (25.0%)" in text


def test_flip_averages_with_the_mirrored_picture(succeed, data, models, tmp_path):
    succeed("evaluate.py", "--model", models / "good.h5", "--flip", "--split", "test", "--output", "results")
    report = json.loads((tmp_path / "results" / "report.json").read_text())
    assert report["flip"] is True
    splits = report["results"][0]["splits"]
    assert list(splits) == ["test"]
    # The first pixels of a mirrored picture are all black, so that every emotion has 1/4 there.
    expected = -np.log((np.array([0.9] * 5 + [1 / 30] * 2 + [0.5] + [1 / 6] * 2) + 0.25) / 2).mean()
    assert splits["test"]["all"]["negative_log_likelihood"] == pytest.approx(expected, rel=1e-5)
    assert splits["test"]["all"]["accuracy"] == 0.6


def test_several_models_are_compared_and_averaged(succeed, data, models, tmp_path):
    result = succeed(
        *("evaluate.py", "--model", models / "good.h5", "--model", models / "next.h5", "--ensemble"),
        *("--split", "validation", "--output", "results"),
    )
    results = json.loads((tmp_path / "results" / "report.json").read_text())["results"]
    assert [each["model"] for each in results] == [str(models / "good.h5"), str(models / "next.h5"), "ensemble of 2"]
    metrics = [each["splits"]["validation"]["all"] for each in results]
    assert [each["accuracy"] for each in metrics] == [1, 0, 1]
    # next.h5 gives 8/11 and 2/5 to the wrong emotions, 1/11 and 1/5 to the right ones.
    mean = -(log((0.9 + 1 / 11) / 2) + log((0.5 + 1 / 5) / 2)) / 2
    assert metrics[2]["negative_log_likelihood"] == pytest.approx(mean, rel=1e-5)
    table = [line.split()[-8:] for line in result.stdout.splitlines() if "% to " in line]
    # The three once with all pictures, once without copies, of which there are none.
    assert [row[0] for row in table] == ["100.0%", "0.0%", "100.0%"] * 2
    assert max(map(len, result.stdout.splitlines()[2:])) < 100
    names = {path.name for path in (tmp_path / "results").glob("*.png")}
    assert names == {f"{number}_{name}.png" for number in (1, 2, 3) for name in FIGURES}


def test_models_of_different_emotions_are_compared_each_with_its_own_labels(succeed, data, models):
    result = succeed("evaluate.py", "--model", models / "good.h5", models / "six.h5", "--split", "validation")
    # six.h5 has angry, fearful, happy and neutral in the places where good.h5 has its four: it knows only angry.
    assert [line.split()[1] for line in result.stdout.splitlines() if ".h5" in line and "%" in line] == [
        "100.0%",
        "50.0%",
    ] * 2
    assert " all pictures" in result.stdout


def test_a_split_of_which_a_model_knows_no_emotion_is_left_out_for_it(succeed, data, models):
    shutil.rmtree(data / "validation" / "angry")
    result = succeed("evaluate.py", "--model", models / "good.h5", models / "three.h5")
    sections = re.split(r"^(?=validation|test|both)", result.stdout, flags=re.M)[1:]
    assert ["three.h5" in section for section in sections] == [False, True, False]
    assert re.findall("Left out, .*: (.*)", result.stdout) == ["1 picture."]


def test_own_folders_are_no_fer2013(succeed, models, tmp_path):
    write_pictures(tmp_path / "own" / "Testing", TEST[:3], "me_{}.png")
    result = succeed("evaluate.py", "--model", models / "good.h5", "--data", "own")
    assert "PrivateTest" not in result.stdout
    assert "both together" not in result.stdout
    assert "own does not tell which pictures also occur in training." in result.stdout
    assert "without the" not in result.stdout


def test_a_report_is_replaced_only_with_force(call_script, succeed, data, models, tmp_path):
    results = tmp_path / "results"
    arguments = ("evaluate.py", "--model", models / "good.h5", "--split", "validation", "--output", "results")
    succeed(*arguments)
    old = (results / "report.json").stat().st_mtime_ns
    assert_one_sentence(call_script(*arguments), "results", "--force")
    assert (results / "report.json").stat().st_mtime_ns == old
    succeed(*arguments, "--force")
    assert (results / "report.json").stat().st_mtime_ns > old
    assert json.loads((results / "report.json").read_text())["results"]


def test_a_narrower_cut_is_judged(succeed, data, models):
    """The levels of the first row tell the models what to see, and are gone then."""
    arguments = ("evaluate.py", "--model", models / "good.h5", "--split", "test", "--output", "results")
    succeed(*arguments, "--crop", "0.5")
    report = json.loads(Path("results/report.json").read_text())
    # All answers are alike then, and four of the ten faces are angry.
    assert report["crop"] == 0.5 and report["results"][0]["splits"]["test"]["all"]["accuracy"] == 0.4


def test_a_tflite_is_judged_as_the_network_it_was_made_from(succeed, data, models):
    succeed("evaluate.py", "--model", models / "next.h5", "--save-as", "next.tflite")
    result = succeed("evaluate.py", "--model", models / "next.h5", "next.tflite", "--output", "results")
    # LiteRT, which has a line to write of itself, is started in silence.
    assert result.stderr == ""
    by_keras, by_litert = json.loads(Path("results/report.json").read_text())["results"]
    assert by_litert["model"] == "next.tflite"
    expected, found = (result["splits"]["test"]["all"] for result in (by_keras, by_litert))
    assert found["accuracy"] == expected["accuracy"]
    assert found["negative_log_likelihood"] == pytest.approx(expected["negative_log_likelihood"], abs=1e-5)


def test_the_weights_of_a_tflite_are_stored_as_asked_for(succeed, models, tmp_path):
    succeed("evaluate.py", "--model", models / "good.h5", "--save-as", "half.tflite", "--weights", "float16")
    half = lite.read(tmp_path / "half.tflite")
    assert half.weights == "float16" and len(half.content) < 0.7 * 48 * 48 * 4 * 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("good.h5", "six.h5", "--ensemble"), ("six.h5", "good.h5", "fearful", "--ensemble")),
        (("good.h5", "--ensemble"), ("--ensemble", "--model")),
        (("scores.h5",), ("no probabilities", "--model")),
        (("good.h5", "--split", "train"), ("data", "train", "--split")),
        (("good.h5", "--output", "data"), ("data", "--output")),
        (("good.h5", "--detect-order", "--save-as", "new.tflite"), ("--detect-order", "leave them out", "--save-as")),
        (("good.h5", "--detect-order", "--emotions", "fer2013"), ("--detect-order", "--emotions", "leave them out")),
        (("good.h5", "--detect-order", "--flip"), ("--detect-order", "leave out", "--flip")),
        (("good.h5", "--detect-order", "--crop", "0.9"), ("--detect-order", "leave out", "--crop")),
        (("good.h5", "--save-as", "new.tflite", "--weights", "int8"), ("data", "train", "--data")),
        (("good.h5", "--weights", "float16"), ("--weights", "--save-as")),
        (("good.h5", "--save-as", "new.tflite", "--split", "test"), ("--save-as", "leave out", "--split")),
    ],
)
def test_mistakes_end_in_one_sentence(call_script, data, models, arguments, words):
    before = sorted(data.rglob("*"))
    named = [models / each if each.endswith(".h5") else each for each in arguments]
    assert_one_sentence(call_script("evaluate.py", "--model", *named), *words)
    assert sorted(data.rglob("*")) == before
