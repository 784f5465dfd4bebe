"""explain.py, run as people run it."""

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace

import cv2
import keras
import numpy as np
import pytest
from conftest import NETWORKS, NO_DISPLAY, PORTRAIT, REPOSITORY, assert_one_sentence, make_picture, read_csv

from emotion_recognition.labels import AGAINST, FOR
from emotion_recognition.models import lite, model_file

REGIONS = ["brows", "nose", "mouth", "forehead", "outside"]
FIGURE = "explanations/grace_hopper.png"


def save_model(path, name="deep_emotion", emotions=("angry", "happy", "sad")):
    """Save an untrained network of the project."""
    model_file.save(path, NETWORKS[name](len(emotions)), emotions, {"network": name})


def read_figure(path):
    """Return a PNG file as uint8 (height, width, 3); it must not be empty of colours."""
    picture = cv2.imread(str(path))
    assert picture is not None and np.ptp(picture) > 200
    return picture


def test_a_portrait(call_script, succeed, tmp_path):
    result = succeed("explain.py", PORTRAIT)
    assert result.stdout.splitlines()[1] == f"Wrote {FIGURE}"
    # Picture, face, map and bars side by side, for one face, and below them the key.
    figure = read_figure(tmp_path / FIGURE)
    height, width, _ = figure.shape
    assert width / height == pytest.approx(8.7 / 3.2, rel=0.02)
    # The ends of the key have the colours of `labels`, through which white shows a little; around the face is yellow.
    for colour in (*(0.8 * np.array(end) + 0.2 * 255 for end in (FOR, AGAINST)), (0, 255, 255)):
        assert (np.abs(figure - np.array(colour)).max(axis=2) < 4).sum() > 20
    assert_one_sentence(call_script("explain.py", PORTRAIT), f"{FIGURE} exists already", "--force")
    assert_one_sentence(call_script("explain.py", FIGURE, "--whole", "auto", "--force"), "over a picture", "--output")


def test_the_percents_are_those_of_test_py(call_script):
    explained = call_script("explain.py", PORTRAIT).stdout.splitlines()
    read = call_script("test.py", PORTRAIT, "--no-window").stdout.splitlines()
    assert re.search(r"neutral \d+%, ", read[0])
    assert [line for line in explained if not line.startswith("Wrote")] == read


@pytest.mark.slow
def test_faces_are_explained_without_keras(tmp_path):
    program = """
import runpy
import sys

try:
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
finally:
    print([name for name in ("keras", "tensorflow") if name in sys.modules])
"""
    (tmp_path / "explained.py").write_text(program)
    line = [sys.executable, "explained.py", REPOSITORY / "explain.py", PORTRAIT]
    environment = {**NO_DISPLAY, "PYTHONPATH": str(REPOSITORY)}
    result = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "[]"), result.stderr


def test_mistakes_are_told_before_an_output_that_is_there(call_script, tmp_path):
    (tmp_path / "there.png").write_text("mine")
    output = ("--output", "there.png")
    assert_one_sentence(call_script("explain.py", "nothing.jpg", *output), "nothing.jpg is not there")
    assert_one_sentence(call_script("explain.py", PORTRAIT, "--model", "no.h5", *output), "no.h5 is not there")
    for emotion in ("contempt", "bored"):
        result = call_script("explain.py", PORTRAIT, "--emotion", emotion, *output)
        assert_one_sentence(result, f"does not know {emotion}", "angry, disgusted, fearful")
    assert_one_sentence(call_script("explain.py", PORTRAIT, *output), "there.png exists already")
    assert (tmp_path / "there.png").read_text() == "mine"


@pytest.mark.slow
def test_each_picture_has_its_own_figure(call_script, tmp_path):
    face = np.tile(np.arange(48, dtype=np.uint8), (48, 1))
    (tmp_path / "more").mkdir()
    for name in ("a.png", "b.png", "more/a.jpg"):
        cv2.imwrite(str(tmp_path / name), face)
    result = call_script("explain.py", "a.png", "b.png", "--whole", "always")
    wrote = [line for line in result.stdout.splitlines() if line.startswith("Wrote")]
    assert wrote == ["Wrote explanations/a.png", "Wrote explanations/b.png"]
    same = call_script("explain.py", "a.png", "more/a.jpg", "--whole", "always", "--force")
    assert_one_sentence(same, "the same name", "--output")


@pytest.mark.slow
def test_another_emotion_and_all_pictures_in_one_figure(call_script, succeed, tmp_path):
    cv2.imwrite(str(tmp_path / "gray.png"), np.tile(np.arange(48, dtype=np.uint8), (48, 1)))
    both = ("explain.py", PORTRAIT, "gray.png", "--whole", "auto", "--output")
    succeed(*both, "seen.png")
    assert call_script(*both, "named.png", "--emotion", "Sadness").returncode == 0
    pictures = [read_figure(tmp_path / name) for name in ("seen.png", "named.png")]
    assert pictures[0].shape[0] == pytest.approx(120 * (2 * 2.35 + 0.85), abs=2)
    assert pictures[0].shape == pictures[1].shape and not np.array_equal(*pictures)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deep_emotion", "attentional"])
def test_networks_with_attention_have_a_panel_more(name, succeed, tmp_path):
    save_model(tmp_path / "attention.h5", name)
    succeed("explain.py", PORTRAIT, "--model", "attention.h5")
    assert read_figure(tmp_path / FIGURE).shape[1] == pytest.approx(120 * 10.7, abs=2)


@pytest.mark.slow
def test_class_activation_only_where_it_is_asked_for(call_script, tmp_path):
    save_model(tmp_path / "small.h5")
    usual, other = (
        call_script("explain.py", PORTRAIT, "--model", "small.h5", "--output", f"{method}.png", "--method", method)
        for method in ("occlusion", "class-activation")
    )
    assert usual.returncode == other.returncode == 0
    figures = [read_figure(tmp_path / f"{method}.png") for method in ("occlusion", "class-activation")]
    assert figures[0].shape == figures[1].shape and not np.array_equal(*figures)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, run_script, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    save_model(tmp_path / "small.h5")
    backend = {"env": {**os.environ, "KERAS_BACKEND": backend}}
    result = run_script("explain.py", PORTRAIT, "--model", "small.h5", **backend)
    assert result.returncode == 0, result.stderr
    # Face, map, where the transformer looks, bars.
    assert read_figure(tmp_path / FIGURE).shape[1] == pytest.approx(120 * 10.7, abs=2)
    result = run_script(
        "explain.py", PORTRAIT, "--model", "small.h5", "--method", "class-activation", "--force", **backend
    )
    assert_one_sentence(result, "need TensorFlow's gradients")


def test_pictures_that_cannot_be_explained(call_script, tmp_path):
    cv2.imwrite(str(tmp_path / "empty.png"), np.full((200, 300), 90, np.uint8))
    assert_one_sentence(call_script("explain.py", "empty.png"), "empty.png", "no face found", "--whole auto")
    cv2.imwrite(str(tmp_path / "tiny.png"), np.full((12, 12), 90, np.uint8))
    assert_one_sentence(
        call_script("explain.py", "tiny.png", "--whole", "always"), "tiny.png: Too small", "12x12 pixels"
    )
    assert_one_sentence(
        call_script("explain.py", tmp_path), f"{tmp_path} is a folder: name the pictures in it", "--data"
    )
    assert not (tmp_path / "explanations").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name either pictures"),
        ([PORTRAIT, "--check"], "name either pictures"),
        (["--data", "data", "--emotion", "sad"], "--emotion goes with pictures"),
        (["--check", "--pictures", "0"], "'0' is not a whole number above zero"),
        ([PORTRAIT, "--split", "train"], "--split and --pictures go with --data and --check"),
        ([PORTRAIT, "--pictures", "3"], "--split and --pictures go with --data and --check"),
        (["--check", "--whole", "always"], "--whole goes with pictures"),
        (
            [PORTRAIT, "--output", "new/figure.txt"],
            "figure.txt: a figure is a picture; name an --output that ends in .png",
        ),
        (["--data", "data", "--output", "figure"], "figure: a figure is a picture"),
        (["--check", "--output", "check.png"], "check.png: --check writes a table"),
    ],
)
def test_arguments_that_do_not_fit(arguments, words, call_script, tmp_path):
    result = call_script("explain.py", *arguments)
    assert result.returncode == 2 and words in result.stderr and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_mean_maps_of_a_data_set(succeed, small_data, tmp_path):
    result = succeed("explain.py", "--data", small_data, "--pictures", "2")
    lines = result.stdout.splitlines()
    counts = dict(re.fullmatch(r"(\w+): (1 face|2 faces)", line).groups() for line in lines[: lines.index("")])
    assert counts
    heading, *rows = lines[lines.index("") + 2 : -1]
    assert all(word in heading for word in REGIONS)
    assert [row.split()[0] for row in rows] == [*counts, "(area)"]
    for row in rows:
        shares = [float(share[:-1]) for share in row.split()[1:]]
        assert len(shares) == 5 and sum(shares) == pytest.approx(100, abs=0.3)
    assert lines[-1] == "Wrote explanations/emotion_regions.png"
    read_figure(tmp_path / "explanations/emotion_regions.png")


@pytest.mark.slow
def test_the_check(call_script, succeed, small_data, tmp_path):
    result = succeed("explain.py", "--check", "--data", small_data, "--pictures", "4", "--output", "check.csv")
    rows = {row["method"]: row for row in read_csv(tmp_path / "check.csv")}
    assert list(rows) == ["occlusion", "random order", "centre blob"]
    for row in rows.values():
        assert row["faces"] == "4"
        assert 0 < float(row["deletion"]) < 1 and 0 < float(row["insertion"]) < 1
    difference = float(rows["occlusion"]["deletion"]) - float(rows["random order"]["deletion"])
    assert float(rows["occlusion"]["deletion minus random order"]) == pytest.approx(difference, abs=1e-6)
    assert float(rows["occlusion"]["similarity when shuffled"]) < 0.9
    assert float(rows["centre blob"]["similarity when shuffled"]) == 1
    # The same figures for people, and a sentence about the method.
    assert f"{float(rows['occlusion']['deletion']):.3f}" in result.stdout
    assert re.findall(r"^(.*?) (?:passes|does not|hardly)", result.stdout, re.MULTILINE) == ["occlusion"]
    again = call_script("explain.py", "--check", "--data", small_data, "--output", "check.csv")
    assert_one_sentence(again, "check.csv exists already")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--check", "--pictures", "1", "--split", "train"], ["One face is too few", "--pictures 2 or more"]),
        ([], ["own holds no pictures in `test`", "--split"]),
    ],
)
def test_data_that_are_not_enough(arguments, words, call_script, tmp_path):
    make_picture(tmp_path / "own/train/happy/1.png")
    assert_one_sentence(call_script("explain.py", "--data", "own", *arguments), *words)


@pytest.mark.slow
def test_models_without_class_activation_maps_are_explained_by_occlusion(call_script, succeed, tmp_path):
    layers = [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    model_file.save(tmp_path / "dense.h5", keras.Sequential(layers), ("happy", "sad"), {})
    plain = lite.read(REPOSITORY / "model.tflite")
    lite.write(tmp_path / "attentional.tflite", replace(plain, training={"network": "attentional"}))
    for model, words in (
        ("dense.h5", ["convolution", "occlusion"]),
        (REPOSITORY / "model.tflite", ["no Keras", ".h5"]),
        ("attentional.tflite", ["no Keras", ".h5"]),
    ):
        arguments = ("explain.py", PORTRAIT, "--model", model, "--force")
        assert_one_sentence(call_script(*arguments, "--method", "class-activation"), *words)
        succeed(*arguments)
