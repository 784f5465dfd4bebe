"""The words and figures that are made of metrics."""

import numpy as np
import pytest

from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.evaluation import figures, report, tables
from emotion_recognition.evaluation.results import JudgedFaces, Result

EMOTIONS = ("angry", "happy", "neutral", "sad")
# Three of five are right; nobody is neutral, and nobody is seen as sad.
LABELS, SEEN, SURE = (0, 0, 0, 1, 3), (0, 0, 1, 1, 2), (0.9, 0.9, 0.9, 0.5, 0.5)


def result(copied=(1, 0, 0, 0, 0), model="model.h5", splits=("test",) * 5):
    """Return what a model says of five made-up faces, which occur in training where `copied` says so."""
    probabilities = np.repeat((1 - np.array(SURE)[:, None]) / 3, 4, axis=1)
    probabilities[np.arange(5), SEEN] = SURE
    names = np.array([f"{EMOTIONS[label]}/me_{place}.png" for place, label in enumerate(LABELS)])
    faces = Pictures(np.zeros((5, 48, 48, 1), np.uint8), np.array(LABELS), names, EMOTIONS)
    judged = JudgedFaces(faces, np.array(splits), np.array(copied, bool))
    return Result(model, {}, judged, probabilities)


def test_a_row_has_less_than_100_columns_and_the_end_of_a_long_name():
    [heading, _, row, *_] = tables.split_table([result(model="a/long/path" * 9 + "model.h5")], "test")
    assert len(heading) == len(row) < 100 and "model.h5 " in row
    assert row.split()[-8:] == ["60.0%", "23.1%", "to", "88.2%", "55.6%", "0.489", "0.140", "1.219"]


@pytest.mark.parametrize(
    ("copied", "sentence"),
    [
        ((1, 0, 0, 0, 0), " without the 1 picture that also occurs in training"),
        ((1, 1, 0, 0, 0), " without the 2 pictures that also occur in training"),
        ((0, 0, 0, 0, 0), " without the 0 pictures that also occur in training"),
    ],
)
def test_how_many_copies_there_are(copied, sentence):
    assert sentence in tables.split_table([result(copied)], "test")


def test_an_emotion_without_pictures_has_neither_precision_nor_recall():
    lines = tables.emotion_table(EMOTIONS, result().metrics["test"])
    assert max(map(len, lines)) < 100
    assert [line.split() for line in lines[2:]] == [
        ["angry", "3", "100.0%", "66.7%", "2", "100.0%", "50.0%"],
        ["happy", *["1", "50.0%", "100.0%"] * 2],
        ["neutral", *["0", "-", "-"] * 2],
        ["sad", *["1", "-", "0.0%"] * 2],
    ]


def test_the_most_frequent_errors_are_sentences():
    confusion = [[5, 1, 0, 2], [0, 8, 0, 0], [0, 0, 0, 0], [0, 3, 0, 1]]
    assert tables.top_confusions(confusion, EMOTIONS, most=2) == [
        "sad is taken for happy: 3 of 4 pictures (75.0%)",
        "angry is taken for sad: 2 of 8 pictures (25.0%)",
    ]
    assert len(tables.top_confusions(confusion, EMOTIONS)) == 3
    assert tables.top_confusions([[0, 1], [0, 0]], EMOTIONS) == ["angry is taken for happy: 1 of 1 picture (100.0%)"]
    assert tables.top_confusions(np.eye(4, dtype=int).tolist(), EMOTIONS) == ["none"]


def test_the_most_confidently_wrong_faces_come_in_order():
    wrong = result().most_confidently_wrong()
    assert [(name, seen, probability) for _, name, seen, probability in wrong] == [
        ("angry/me_2.png", "happy", 0.9),
        ("sad/me_4.png", "neutral", 0.5),
    ]
    assert len(result().most_confidently_wrong(most=1)) == 1
    # Of several splits, those of the test split alone.
    splits = ("test", "test", "validation", "test", "test")
    assert [name for _, name, *_ in result(splits=splits).most_confidently_wrong()] == ["sad/me_4.png"]


def test_a_confusion_matrix_has_a_row_for_each_label(drawn, tmp_path):
    figures.confusion_matrix([[6, 2], [0, 0]], ("happy", "sad"), "", tmp_path / "it.png")
    [axes] = drawn[0].axes
    assert axes.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]
    places = {text.get_text(): tuple(np.round(text.get_position())) for text in axes.texts}
    assert places["75%"] == places["6"] == (0, 0) and places["25%"] == places["2"] == (1, 0)


def test_a_reliability_diagram_shows_what_is_right_and_the_gap(drawn, tmp_path):
    figures.reliability_diagram(np.array([0, 4]), np.array([0, 3.6]), np.array([0, 1]), "", tmp_path / "it.png")
    bars = [(bar.get_x(), bar.get_y(), bar.get_height()) for bar in drawn[0].axes[0].patches]
    assert bars == [pytest.approx((0.5, 0, 0.25)), pytest.approx((0.5, 0.25, 0.65))]
    # Of several splits, those of the test split alone.
    report.draw(result(splits=("test", "test", "validation", "test", "test")), tmp_path)
    assert sum(bar.get_height() for bar in drawn[2].axes[1].patches) == 4
    wrong = drawn[3].axes[0]
    assert (wrong.get_title(), wrong.texts[0].get_text()) == ("sad", "neutral 50%")


def test_curves_are_those_of_training_and_validation(drawn, tmp_path):
    history = [{"epoch": 1, "accuracy": 0.1, "val_accuracy": 0.2, "loss": 3, "val_loss": 4}]
    figures.training_curves(history, "", tmp_path / "it.png")
    figures.optimizers({"sgd": history}, "", tmp_path / "it.png")
    shown = [[line.get_ydata()[0] for line in axes.lines] for figure in drawn for axes in figure.axes]
    assert shown == [[0.1, 0.2], [3, 4], [0.2], [4]]


def test_names_with_dollars_are_no_formulas(tmp_path):
    figures.wrong_faces([], [], r"a$\frac$.h5", tmp_path / "it.png")
