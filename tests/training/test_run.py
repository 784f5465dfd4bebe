"""The files of a training: where they lie, that none is lost, and what is written and said at the end."""

import argparse
import errno
import json
import sys
import threading
import time

import keras
import numpy as np
import pytest

from emotion_recognition.cli import options, program
from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.errors import UserError
from emotion_recognition.models import lite, model_file
from emotion_recognition.training import comparison, data
from emotion_recognition.training.batches import Batches
from emotion_recognition.training.outputs import TrainingFiles
from emotion_recognition.training.run import TrainingRun

ROW = {"epoch": 1, "accuracy": 0.5, "loss": 0.7, "val_accuracy": 0.5, "val_loss": 0.7, "seconds": 2.0}


def some_faces(*labels) -> Pictures:
    """Return faces of random pixels with these labels, of two emotions."""
    pictures = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48, 1), dtype=np.uint8)
    names = np.array([f"happy/{index}.png" for index in range(len(labels))])
    return Pictures(pictures, np.array(labels), names, ("happy", "sad"))


def tiny():
    """Return an untrained network."""
    layers = [keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    network = keras.Sequential(layers, name="tiny")
    network.compile("sgd", "mse")
    network.optimizer.build(network.trainable_variables)
    return network


def finish(run, accuracy=0.5, faces=None):
    """Save an untrained network as the result of a run."""
    faces, network = faces or some_faces(0, 1), tiny()
    progress = run.begin(network, None, {"seed": 3, "teacher": [__file__]}, faces, faces)
    progress.history = [ROW]
    run.outputs.checkpoint.touch()
    run.save(network, progress, faces, faces, accuracy, temperature=1.5)
    return network


def test_a_finished_training_leaves_a_model_that_says_how_it_was_made(tmp_path, capsys):
    (tmp_path / "faces.h5").write_text("the old one")
    with TrainingRun(tmp_path / "faces.h5", force=True) as run:
        network = finish(run)
    model = model_file.load(tmp_path / "faces.h5")
    assert model.emotions == ("happy", "sad")
    record = model.training
    assert (record["seed"], record["best_epoch"], record["temperature"], record["seconds"]) == (3, 1, 1.5, 2)
    assert record["teacher"] == [model_file.origin(__file__)]
    assert record["train_fingerprint"] == record["validation_fingerprint"] == some_faces(0, 1).fingerprint
    assert record["validation_accuracy"] == 0.5 and record["versions"]["keras"] == keras.__version__
    assert run.outputs.read_history() == [ROW]
    assert run.outputs.curves.read_bytes().startswith(b"\x89PNG") and not run.outputs.checkpoint.exists()
    (aside,) = tmp_path.glob("faces_20*.h5")
    assert aside.read_text() == "the old one"
    # LiteRT gives the same answers, and its file says which one it was made from.
    small = lite.read(tmp_path / "faces.tflite")
    assert small.made_from == lite.digest((tmp_path / "faces.h5").read_bytes()) and small.training == record
    faces = some_faces(0, 1).pictures.astype(np.float32)
    np.testing.assert_allclose(lite.LiteFunction(small.content)(faces), network(faces), atol=1e-5)
    assert "50.00% of the validation pictures are right after epoch 1" in capsys.readouterr().out


def test_a_dry_run_keeps_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with TrainingRun("faces.h5", dry_run=True) as run:
        finish(run)
        assert run.outputs.model.exists()
    assert not run.outputs.model.parent.exists() and not list(tmp_path.iterdir())
    assert "The dry run went well; nothing of it is kept." in capsys.readouterr().out


@pytest.mark.parametrize("output", ["model.keras", "model", "model.hdf5"])
def test_a_model_file_has_to_end_in_h5(output, tmp_path):
    with pytest.raises(UserError, match=r"ends in \.h5"):
        TrainingRun(tmp_path / output)


def test_a_stopped_training_is_not_begun_anew_by_accident(tmp_path):
    (tmp_path / "model_checkpoint.h5").touch()
    with pytest.raises(UserError, match=r"model_checkpoint\.h5 is from a stopped training.*--resume.*--force"):
        TrainingRun(tmp_path / "model.h5")


@pytest.mark.parametrize("flag, epoch", [("resume", 1), ("force", 0)])
def test_a_stopped_training_goes_on_or_is_forgotten(flag, epoch, tmp_path):
    faces, network = some_faces(0, 1), tiny()
    stopped = TrainingRun(tmp_path / "model.h5").begin(network, None, {}, faces, faces)
    stopped.set_model(network)
    stopped.history, stopped.weights, stopped.best_weights = [ROW], network.get_weights(), network.get_weights()
    stopped.write()
    run = TrainingRun(tmp_path / "model.h5", **{flag: True})
    assert run.begin(tiny(), None, {}, faces, faces).epoch == epoch == run.outputs.checkpoint.exists()


def test_what_was_learned_from_has_to_be_the_same_file(tmp_path):
    faces, network, teacher = some_faces(0, 1), tiny(), tmp_path / "teacher.h5"
    settings = {"seed": 3, "teacher": [str(teacher)]}
    teacher.write_text("one")
    with TrainingRun(tmp_path / "faces.h5") as run:
        progress = run.begin(network, None, settings, faces, faces)
        progress.set_model(network)
        progress.history, progress.weights, progress.best_weights = [ROW], network.get_weights(), network.get_weights()
        progress.write()
        assert TrainingRun(tmp_path / "faces.h5", resume=True).begin(tiny(), None, settings, faces, faces).epoch == 1
        run.save(network, progress, faces, faces, 0.5)
        progress.write()
    described = {**settings, **data.describe(faces, faces)}
    run.outputs.checkpoint.rename(tmp_path / "other_checkpoint.h5")
    assert comparison.finished_history(tmp_path / "faces.h5", described) == [ROW]
    teacher.write_text("another")
    with pytest.raises(UserError, match=r"faces\.h5 was trained with another --teacher: use the same"):
        comparison.finished_history(tmp_path / "faces.h5", described)
    with pytest.raises(UserError, match=r"other_checkpoint\.h5 was begun with another --teacher: use the same"):
        TrainingRun(tmp_path / "other.h5", resume=True).begin(tiny(), None, settings, faces, faces)


def test_a_mistake_in_a_thread_that_makes_batches_arrives_as_it_is(tmp_path):
    faces, network, calls = some_faces(*[0, 1] * 16), tiny(), []

    def teach(views, targets):
        calls.append(views)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return targets

    batches = Batches(faces.pictures, np.eye(2)[faces.labels], 4, lambda pictures, generator: pictures, teach=teach)
    with pytest.raises(OSError, match="No space left"), TrainingRun(tmp_path / "model.h5") as run:
        progress = run.begin(network, batches, {}, faces, faces)
        network.fit(batches, epochs=3, shuffle=False, callbacks=[progress], verbose=0)


def test_a_finished_training_says_how_it_can_go_on(tmp_path):
    (tmp_path / "model.h5").write_text("finished")
    # A training anew that was stopped in its first epoch has left nothing to go on from.
    wanted = r"model\.h5 is finished, .* whole epoch: .* --force, .*--weights .*model\.h5 and another --output"
    with pytest.raises(UserError, match=wanted):
        TrainingRun(tmp_path / "model.h5", resume=True)
    # Where nothing is finished either, it begins.
    TrainingRun(tmp_path / "other.h5", resume=True)
    with pytest.raises(UserError, match=r"model\.h5 exists already"):
        TrainingRun(tmp_path / "model.h5")


def test_ctrl_c_says_how_to_go_on_and_waits_for_a_batch_that_is_being_made(tmp_path):
    faces, begun, made = some_faces(0, 1), threading.Event(), []

    def vary(pictures, generator):
        begun.set()
        time.sleep(0.2)
        made.append(pictures)
        return pictures

    batches = Batches(faces.pictures, faces.labels, 2, vary)
    with pytest.raises(KeyboardInterrupt, match="--resume"), TrainingRun(tmp_path / "model.h5") as run:
        run.begin(tiny(), batches, {}, faces, faces)
        run.outputs.checkpoint.touch()
        threading.Thread(target=batches.__getitem__, args=[0]).start()
        assert begun.wait(60)
        raise KeyboardInterrupt
    assert made


def test_a_full_memory_is_no_damage(tmp_path):
    class ResourceExhaustedError(Exception):
        """As TensorFlow's."""

    with pytest.raises(MemoryError), TrainingRun(tmp_path / "model.h5"):
        raise ResourceExhaustedError("OOM when allocating tensor")
    with pytest.raises(ValueError, match="something else"), TrainingRun(tmp_path / "model.h5"):
        raise ValueError("something else")


def test_a_history_that_is_none(tmp_path):
    outputs = TrainingFiles(tmp_path / "model.h5")
    outputs.history.write_text("epoch,loss\n1,lost\n")
    with pytest.raises(UserError, match=r"model_history\.csv is no history .*--force"):
        outputs.read_history()


def test_too_few_pictures_and_no_better_than_one_answer(tmp_path, capsys):
    few = some_faces(*[0] * 150, 1)
    assert data.shortcomings(few, few, 0.999) == ["1 picture of sad: too few; add pictures until each emotion has 100."]
    enough = some_faces(*[0] * 300, *[1] * 100)
    assert data.shortcomings(enough, enough, 0.76) == []
    (sentence,) = data.shortcomings(enough, enough, 0.75)
    assert sentence.startswith("Whoever always says happy is right as often as this network")
    with TrainingRun(tmp_path / "my model.h5") as run:
        finish(run, 0.75, enough)
    out = capsys.readouterr().out
    assert sentence in out and f"python test.py --model '{tmp_path / 'my model.h5'}'" in out


def test_the_arguments_of_a_training(monkeypatch):
    def parse(*flags):
        monkeypatch.setattr(sys, "argv", ["train.py", *flags])
        return options.parse_training(program.parser(""), "some.h5", epochs=9, batch_size=32, optimizer="adam")

    plain = parse()
    assert (plain.learning_rate, plain.epochs, plain.keep_prior) == (1e-3, 9, False)
    assert parse("--optimizer", "sgd").learning_rate == 0.05
    tiny = parse("--dry-run", "--learning-rate", "0.4")
    assert (tiny.learning_rate, tiny.epochs, tiny.batch_size) == (0.4, 2, 8)
    chosen = "votes teacher weights mixup class_weights keep_duplicates keep_prior epochs batch_size view_epochs"
    assert set(options.training_settings(plain)) == {*chosen.split(), "optimizer", "learning_rate", "seed"}
    assert json.dumps(options.training_settings(argparse.Namespace(data="x", output="y", seed=1))) == '{"seed": 1}'
