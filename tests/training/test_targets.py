"""What networks are trained towards: labels, votes, and what teachers say."""

import keras
import numpy as np
import pytest

from emotion_recognition import labels
from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file
from emotion_recognition.training import targets

EMOTIONS = ("happy", "sad")


def write_teacher(path, emotions=EMOTIONS, bias=0.0) -> keras.Model:
    """Write a network that says how bright the left half of a picture is, and return it."""
    network = keras.Sequential(
        [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(len(emotions), activation="softmax")],
        name="teacher",
    )
    weights = np.zeros((48, 48, len(emotions)), np.float32)
    weights[:, :24, 0] = 1 / (48 * 24 * 255)
    network.set_weights([weights.reshape(48 * 48, -1), np.full(len(emotions), bias)])
    model_file.save(path, network, emotions, {})
    return network


@pytest.fixture
def faces() -> folders.Pictures:
    """Three pictures: black, white, and white only in the left half."""
    pictures = np.zeros((3, 48, 48, 1), np.uint8)
    pictures[1], pictures[2, :, :24] = 255, 255
    return folders.Pictures(pictures, np.array([0, 1, 1]), np.array(["a", "b", "c"]), EMOTIONS)


def test_labels_are_smoothed(faces):
    assert np.allclose(targets.to_learn(faces), [[0.95, 0.05], [0.05, 0.95], [0.05, 0.95]])


def test_most_of_a_target_is_what_the_teachers_say_of_the_view(faces, tmp_path):
    one, other = write_teacher(tmp_path / "one.h5"), write_teacher(tmp_path / "other.h5")
    other.set_weights([10 * weights for weights in other.get_weights()])
    model_file.save(tmp_path / "other.h5", other, EMOTIONS, {})
    views, labelled = faces.pictures.astype(np.float32), targets.to_learn(faces)
    teach = targets.taught_by([str(tmp_path / name) for name in ("one.h5", "other.h5")], EMOTIONS)
    # Of several targets only the emotion is taught.
    taught, others = teach(views, {"emotion": labelled, "votes": labelled}).values()
    assert np.array_equal(taught, teach(views, labelled)) and np.array_equal(others, labelled)
    answers = (one.predict_on_batch(views) + other.predict_on_batch(views)) / 2
    assert taught.dtype == np.float32
    assert np.allclose(taught, 0.2 * labelled + 0.8 * answers, atol=1e-6)
    # The view counts: white in the left half alone is as bright there as a white picture, and black is not.
    assert np.allclose(taught[1], taught[2]) and abs(taught[0, 0] - labelled[0, 0]) > 0.1


def test_answers_of_nobody_cannot_be_kept():
    assert targets.taught_by([], EMOTIONS) is None
    with pytest.raises(UserError, match="name a --teacher"):
        targets.taught_by([], EMOTIONS, answers="kept")


def test_answers_are_kept_for_the_same_views_of_the_same_teachers(faces, tmp_path, monkeypatch):
    write_teacher(tmp_path / "one.h5")
    views, none = faces.pictures.astype(np.float32), np.zeros((3, 2), np.float32)
    first = targets.taught_by([str(tmp_path / "one.h5")], EMOTIONS, answers=str(tmp_path / "kept"))(views, none)
    monkeypatch.setattr(
        targets, "compile_inference", lambda network: lambda views: np.ones((len(views), 2), np.float32)
    )
    teach = targets.taught_by([str(tmp_path / "one.h5")], EMOTIONS, answers=str(tmp_path / "kept"))
    assert np.array_equal(teach(views, none), first)
    # Of other views it is asked anew, and so is another teacher of these views.
    assert np.allclose(teach(views + 1, none), 0.8)
    write_teacher(tmp_path / "one.h5", bias=1.0)
    assert np.allclose(
        targets.taught_by([str(tmp_path / "one.h5")], EMOTIONS, answers=str(tmp_path / "kept"))(views, none), 0.8
    )


def test_answers_that_do_not_fit_on_the_disk_are_not_kept(faces, tmp_path):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    write_teacher(tmp_path / "one.h5")
    views, none = faces.pictures.astype(np.float32), np.zeros((3, 2), np.float32)
    teach = targets.taught_by([str(tmp_path / "one.h5")], EMOTIONS, answers=str(tmp_path / "kept"))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (140, unlimited[1]))
    try:
        with pytest.raises(OSError):
            teach(views, none)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert not list((tmp_path / "kept").iterdir())
    assert np.isfinite(teach(views, none)).all()


def test_a_teacher_of_other_emotions_is_refused(tmp_path):
    write_teacher(tmp_path / "teacher.h5", ("happy", "angry"))
    with pytest.raises(UserError, match="cannot teach: it tells happy, angry, but"):
        targets.taught_by([str(tmp_path / "teacher.h5")], EMOTIONS)


@pytest.fixture
def voted(faces, tmp_path) -> str:
    """A folder with votes for the faces: 8 of happy and 2 of sad, none of either, 3 of sad and 2 of contempt."""
    rows = ["a,8,2,0", "b,0,0,10", "c,0,3,2"]
    names = [emotion for emotion in labels.EMOTIONS if emotion not in ("happy", "sad", "contempt")]
    lines = [f"{row.replace(',', ',train,happy,', 1)}{',0' * len(names)}" for row in rows]
    (tmp_path / "votes.csv").write_text(f"name,split,emotion,happy,sad,contempt,{','.join(names)}\n" + "\n".join(lines))
    return str(tmp_path)


def named(faces) -> folders.Pictures:
    """Return the faces by the names that they have in a folder."""
    return folders.Pictures(faces.pictures, faces.labels, np.char.add("happy/", faces.names), faces.emotions)


def test_votes_are_learned_and_labels_where_there_are_none(faces, voted):
    assert np.allclose(targets.to_learn(named(faces), votes_in=voted), [[0.8, 0.2], [0.05, 0.95], [0, 1]])


def test_votes_of_all_emotions_teach_where_most_people_knew_one(faces, voted):
    shares = targets.sure_votes(named(faces), voted)
    happy, sad, contempt = (labels.EMOTIONS.index(name) for name in ("happy", "sad", "contempt"))
    assert shares.shape == (3, 8) and shares.dtype == np.float32
    assert shares[0, happy] == pytest.approx(0.8) and shares[0, sad] == pytest.approx(0.2)
    assert shares[1, contempt] == 1
    assert not shares[2].any()


def test_class_weights_make_emotions_count_alike(faces):
    assert targets.class_weights(faces) == {0: 3 / 2, 1: 3 / 4}
    assert targets.class_weights(faces.select([1, 2])) == {1: 0.5}
