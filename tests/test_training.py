"""The training recipe: batches, schedule, the best epoch, and where the files of a training go."""

import argparse

import keras
import numpy as np
import pytest
from conftest import NETWORKS

from emotion_recognition.cli.options import LEARNING_RATES
from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file
from emotion_recognition.training import augmentation, batches, checkpoint, outputs, run


def arguments(**changes):
    """Return the settings of a training, as the command line gives them."""
    settings = {
        "data": "data",
        "output": "model.h5",
        "epochs": 4,
        "batch_size": 8,
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "seed": 3,
        "mixed_precision": False,
        "class_weights": False,
        "keep_duplicates": False,
        "teacher": None,
        "votes": False,
        "weights": None,
        "resume": False,
        "force": False,
        "dry_run": False,
    }
    return argparse.Namespace(**{**settings, **changes})


def some_faces(*labels) -> folders.Pictures:
    """Return faces of random pixels with these labels, of two emotions."""
    pictures = np.random.default_rng(0).integers(0, 256, (len(labels), 48, 48, 1), dtype=np.uint8)
    names = np.array([f"happy/{index}.png" for index in range(len(labels))])
    return folders.Pictures(pictures, np.array(labels), names, ("happy", "sad"))


def test_class_weights_make_emotions_count_alike():
    weights = batches.class_weights(some_faces(0, 0, 0, 1))
    assert weights == {0: 4 / 6, 1: 4 / 2}
    assert batches.class_weights(some_faces(1, 1)) == {1: 0.5}


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": "model.h5"},
        {"votes": True},
        {"teacher": ["model.h5"]},
        {"class_weights": True},
        {"keep_duplicates": True},
        {"mixed_precision": True},
        {"batch_size": 9},
        {"learning_rate": 0.4},
        {"seed": 4},
    ],
)
def test_a_training_goes_on_with_the_settings_it_was_begun_with(tmp_path, changes):
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile(optimizer="sgd")
    faces = some_faces(0, 1)
    begun, other = (run.describe(network, faces, faces, arguments(**each)) for each in ({}, changes))
    checkpoint.write(tmp_path / "model_checkpoint.h5", network, begun, [{"epoch": 1}], network.get_weights())
    assert checkpoint.read(tmp_path / "model_checkpoint.h5", network, begun)[0] == [{"epoch": 1}]
    with pytest.raises(UserError, match=f"was begun with {next(iter(changes))} .* use the same settings"):
        checkpoint.read(tmp_path / "model_checkpoint.h5", network, other)


def test_only_whole_batches_count_as_steps():
    assert batches.steps_per_epoch(some_faces(*[0] * 10), 5) == 2
    assert batches.steps_per_epoch(some_faces(*[0] * 10), 4) == 2
    assert batches.steps_per_epoch(some_faces(*[0] * 10), 11) == 1


def test_the_learning_rate_rises_for_an_epoch_and_falls_to_zero():
    optimizer = run.optimizer(arguments(epochs=5), some_faces(*[0] * 40))
    rates = [float(optimizer.learning_rate)]
    for step in range(1, 26):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    # Five steps in an epoch: from a tenth to the whole rate, then half a cosine over four epochs.
    assert np.allclose(rates[:6], [0.05, 0.14, 0.23, 0.32, 0.41, 0.5])
    assert np.allclose(rates[5:], [0.25 * (1 + np.cos(np.pi * step / 20)) for step in range(21)], atol=1e-6)


def test_every_optimizer_has_a_usual_learning_rate():
    assert set(run.OPTIMIZERS) == set(LEARNING_RATES)
    unnamed = arguments(learning_rate=None, optimizer="adam", epochs=1)
    assert float(run.optimizer(unnamed, some_faces(0, 1)).learning_rate) == pytest.approx(1e-4)
    assert run.highest_learning_rate(arguments(learning_rate=None)) == 0.05
    assert run.highest_learning_rate(arguments()) == 0.5


@pytest.mark.parametrize(
    "name, kind",
    [("rmsprop", keras.optimizers.RMSprop), ("adam", keras.optimizers.Adam), ("sgd", keras.optimizers.SGD)],
)
def test_optimizers_have_the_name_they_are_asked_by(name, kind):
    assert type(run.optimizer(arguments(optimizer=name), some_faces(0, 1))) is kind


def test_batches_are_the_pictures_shuffled_and_varied():
    faces = some_faces(*[0, 1] * 10)
    learned = batches.targets_to_learn(faces, arguments())
    first, same, next_epoch = (batches.Batches(faces, learned, 8, 3, epoch) for epoch in (1, 1, 2))
    assert len(first) == 2
    chosen = np.random.default_rng([3, 1]).permutation(20)[8:16]
    pictures, targets = first[1]
    assert pictures.dtype == np.float32 and pictures.shape == (8, 48, 48, 1)
    # Nine tenths for the label, and of the last tenth each of the two emotions its half.
    assert np.allclose(targets, np.where(faces.labels[chosen, np.newaxis] == [0, 1], 0.95, 0.05))
    varied = augmentation.augment(faces.pictures[chosen], np.random.default_rng([3, 1, 1]))
    assert np.array_equal(pictures, varied)
    assert np.array_equal(pictures, same[1][0])
    assert not np.array_equal(pictures, next_epoch[1][0])


class Scripted:
    """Stands for a network: what it reaches in each epoch is given, and its one weight is the epoch's number."""

    name = "scripted"
    trainable_variables = ()

    def __init__(self, accuracies, losses):
        self.accuracies, self.losses = accuracies, losses
        self.weights = None
        self.optimizer = self

    def build(self, variables):
        pass

    def fit(self, batches, initial_epoch, **options):
        self.weights = initial_epoch + 1
        reached = {"val_accuracy": [self.accuracies[initial_epoch]], "val_loss": [self.losses[initial_epoch]]}
        return argparse.Namespace(history=reached)

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


@pytest.mark.parametrize(
    "accuracies, losses, best",
    [
        ((0.4, 0.7, 0.7, 0.6), (1.0, 0.9, 0.8, 0.1), 3),
        ((0.4, 0.7, 0.7, 0.6), (1.0, 0.8, 0.9, 0.1), 2),
        ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 0.4), 4),
        ((0.5,) * 4, (0.5,) * 4, 1),
    ],
)
def test_fit_ends_with_the_weights_of_the_best_epoch(accuracies, losses, best, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "write", lambda *state: None)
    network, faces = Scripted(accuracies, losses), some_faces(0, 1)
    history = run.fit(network, faces, faces, arguments(), outputs.Outputs(tmp_path / "model.h5"))
    assert [row["val_accuracy"] for row in history] == list(accuracies)
    assert network.weights == best == run.best_epoch(history)["epoch"]


def test_a_training_that_has_diverged_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "write", lambda *state: None)
    network, faces = Scripted((0.5, 0.5), (1.0, np.nan)), some_faces(0, 1)
    with pytest.raises(UserError, match=r"diverged in epoch 2: .* lower --learning-rate"):
        run.fit(network, faces, faces, arguments(), outputs.Outputs(tmp_path / "model.h5"))


@pytest.mark.parametrize("class_weights", [False, True])
def test_what_is_frequent_is_taken_out_only_where_it_was_learned(class_weights, tmp_path):
    """Three of four faces are happy. The last layer starts with a bias of zero, and the network is not trained."""
    faces, chosen = some_faces(0, 0, 0, 1), arguments(class_weights=class_weights, dry_run=True)
    network = run.build(NETWORKS["deep_emotion"], faces, chosen)
    row = {"epoch": 1, "accuracy": 0.5, "loss": 0.7, "val_accuracy": 0.5, "val_loss": 0.7, "seconds": 1}
    run.finish(network, faces, faces, [row], chosen, outputs.Outputs(tmp_path / "model.h5"))
    model = model_file.load(tmp_path / "model.h5")
    happy, sad = model.training["temperature"] * model.network.layers[-1].bias.numpy()
    assert sad - happy == pytest.approx(0 if class_weights else np.log(3) / 2, abs=1e-5)


def test_a_checkpoint_of_another_network(tmp_path):
    faces = some_faces(0, 1)
    small, large = (
        run.build(network, faces, arguments()) for network in (NETWORKS["deep_emotion"], NETWORKS["little_vgg"])
    )
    for network in (small, large):
        network.optimizer.build(network.trainable_variables)
    checkpoint.write(tmp_path / "checkpoint.h5", small, {}, [], small.get_weights())
    with pytest.raises(
        UserError, match="is of another network, or of another release of Keras: start anew with --force"
    ):
        checkpoint.read(tmp_path / "checkpoint.h5", large, {})


def test_a_training_that_is_begun_anew_forgets_the_stopped_one(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "write", lambda *state: None)
    files, faces = outputs.Outputs(tmp_path / "model.h5"), some_faces(0, 1)
    files.checkpoint.write_text("of the stopped training")
    run.fit(Scripted((0.5,) * 4, (0.5,) * 4), faces, faces, arguments(force=True), files)
    assert not files.checkpoint.exists()


@pytest.mark.parametrize("function", [NETWORKS["four_layer_cnn"], NETWORKS["attentional"], NETWORKS["deep_emotion"]])
def test_mixed_precision_leaves_a_network_of_full_precision(function):
    faces = some_faces(*[0, 1] * 4)
    trained = run.build(function, faces, arguments(mixed_precision=True))
    assert trained.dtype_policy.name == "mixed_bfloat16"
    trained.fit(batches.Batches(faces, batches.targets(faces), 8, 0, 0), shuffle=False, verbose=0)
    network = run.in_full_precision(trained)
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    for expected, weights in zip(trained.get_weights(), network.get_weights(), strict=True):
        assert weights.dtype == np.float32 and np.array_equal(weights, expected)
    pictures = faces.pictures.astype("float32")
    assert np.allclose(network(pictures), trained(pictures), atol=0.02)
    assert run.in_full_precision(network) is network


def test_only_what_multiplies_features_decays():
    faces = some_faces(*[0, 1] * 4)
    network = run.build(NETWORKS["little_vgg"], faces, arguments())
    network.optimizer.build(network.trainable_variables)
    decaying = {v.name for v in network.trainable_variables if network.optimizer._use_weight_decay(v)}
    assert decaying == {"kernel"}


@pytest.mark.parametrize("output", ["model.keras", "model", "model.hdf5"])
def test_a_model_file_has_to_end_in_h5(output, tmp_path):
    with pytest.raises(UserError, match=r"ends in \.h5"), outputs.claimed(arguments(output=tmp_path / output)):
        pass


def test_files_of_a_training_lie_beside_the_model(tmp_path):
    with outputs.claimed(arguments(output=tmp_path / "new" / "faces.h5")) as files:
        names = [path.name for path in (files.model, files.history, files.curves, files.checkpoint)]
    assert names == ["faces.h5", "faces_history.csv", "faces_curves.png", "faces_checkpoint.h5"]


def test_a_stopped_training_is_not_begun_anew_by_accident(tmp_path):
    (tmp_path / "model_checkpoint.h5").write_text("")
    with (
        pytest.raises(UserError, match=r"model_checkpoint\.h5 is from a stopped run.*--resume.*--force"),
        outputs.claimed(arguments(output=tmp_path / "model.h5")),
    ):
        pass


def test_resuming_does_not_replace_a_finished_model(tmp_path):
    (tmp_path / "model.h5").write_text("finished")
    with (
        pytest.raises(UserError, match=r"model\.h5 exists already"),
        outputs.claimed(arguments(output=tmp_path / "model.h5", resume=True)),
    ):
        pass


def test_a_damaged_checkpoint(tmp_path):
    for content in (b"", b"no checkpoint"):
        (tmp_path / "checkpoint.h5").write_bytes(content)
        with pytest.raises(UserError, match=r"checkpoint\.h5 is damaged .*--force"):
            checkpoint.read(tmp_path / "checkpoint.h5", None, {})
