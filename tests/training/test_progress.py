"""What is kept between two epochs: a training that is stopped goes on bit by bit as if it had never stopped."""

import h5py
import keras
import numpy as np
import pytest

from emotion_recognition.errors import UserError
from emotion_recognition.training.batches import Batches
from emotion_recognition.training.progress import Progress, best_row

GENERATOR = np.random.default_rng(0)
FACES = GENERATOR.integers(0, 256, (24, 48, 48, 1), dtype=np.uint8)
TARGETS = np.eye(2, dtype=np.float32)[np.arange(24) % 2]
SETTINGS = {"network": "tiny", "seed": 5}


class Stop(keras.callbacks.Callback):
    """Stops a training in the middle of an epoch, as Ctrl-C does."""

    def on_train_batch_begin(self, batch, logs=None):
        if (self.params["epoch"], batch) == (2, 1):
            raise KeyboardInterrupt

    def on_epoch_begin(self, epoch, logs=None):
        self.params["epoch"] = epoch


def start(folder, momentum=0.0, seen=None):
    """Return a compiled network with random layers, its batches of faint noise, and its `Progress`."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dropout(0.5)]
    layers += [keras.layers.BatchNormalization(), keras.layers.Dense(2, activation="softmax")]
    network = keras.Sequential([keras.Input((48, 48, 1)), *layers])
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"])

    def vary(pictures, generator):
        if seen is not None:
            seen.append(batches.epoch)
        return pictures + generator.normal(0, 3, pictures.shape).astype(np.float32)

    batches = Batches(FACES[:20], TARGETS[:20], 8, vary, seed=5)
    return network, batches, Progress(folder / "checkpoint.h5", SETTINGS, batches, momentum)


def fit(network, batches, progress, *callbacks):
    """Train until four epochs are done."""
    network.fit(
        batches,
        epochs=4,
        initial_epoch=progress.epoch,
        shuffle=False,
        validation_data=(FACES[20:].astype("float32"), TARGETS[20:]),
        callbacks=[*callbacks, progress],
        verbose=0,
    )


def without_seconds(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


@pytest.mark.slow
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_stopped_training_goes_on_to_the_same_result(momentum, tmp_path):
    (tmp_path / "unbroken").mkdir()
    whole = start(tmp_path / "unbroken", momentum)
    fit(*whole)
    stopped = start(tmp_path, momentum)
    with pytest.raises(KeyboardInterrupt):
        fit(*stopped, Stop())
    network, batches, progress = start(tmp_path, momentum)
    progress.restore(network)
    assert progress.epoch == 2
    fit(network, batches, progress)
    assert [row["epoch"] for row in progress.history] == [1, 2, 3, 4]
    assert without_seconds(progress.history) == without_seconds(whole[2].history)
    pairs = zip(
        progress.best_weights + network.get_weights(), whole[2].best_weights + whole[0].get_weights(), strict=True
    )
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_two_trainings_never_share_a_checkpoint(tmp_path):
    def begin(seconds):
        network, _, progress = start(tmp_path)
        progress.set_model(network)
        progress.history = [{"epoch": 1, "seconds": seconds}]
        return progress

    first, second = begin(1.0), begin(2.0)
    first.write()
    with pytest.raises(UserError, match=r"checkpoint\.h5 is written by another training too: .*another --output"):
        second.write()
    # What a training has found at its start, or written itself, it replaces.
    third = begin(3.0)
    third.write()
    third.history.append({"epoch": 2, "seconds": 4.0})
    third.write()


@pytest.mark.slow
def test_one_fit_shows_every_epoch_its_own_batches_and_never_waits(tmp_path):
    seen = []
    network, batches, progress = start(tmp_path, seen=seen)
    fit(network, batches, progress)
    # Keras looks at two batches before it begins, to learn their form.
    assert seen == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    # Where Keras leaves the batches to tf.data, each epoch waits longer for a thread that sleeps.
    assert max(row["seconds"] for row in progress.history[1:]) < 10


@pytest.mark.parametrize("steps", [2, 18])
def test_the_moving_average_is_judged_and_that_of_the_best_epoch_kept(steps, tmp_path, monkeypatch):
    network, _, progress = start(tmp_path, momentum=0.9)
    progress.set_model(network)
    monkeypatch.setattr(Batches, "__len__", lambda batches: steps)
    first = [weights.copy() for weights in network.get_weights()]
    # After the first batch the weights jump by 1, of which every step takes over all but a share of 0.9.
    for epoch, (accuracy, left) in enumerate(((0.5, 0.9 ** (steps - 1)), (0.25, 0.9 ** (2 * steps - 1)))):
        progress.on_epoch_begin(epoch)
        for batch in range(steps):
            progress.on_train_batch_end(batch)
            network.set_weights([weights + 1 for weights in first])
        progress.on_test_begin()
        assert np.allclose(network.get_weights()[0] - first[0], 1 - left, atol=1e-5)
        progress.on_epoch_end(epoch, {"loss": 1.0, "val_accuracy": accuracy, "val_loss": 1.0})
        assert np.array_equal(network.get_weights()[0], first[0] + 1)
    assert np.allclose(progress.best_weights[0] - first[0], 1 - 0.9 ** (steps - 1), atol=1e-5)


@pytest.mark.parametrize(
    "accuracies, losses, best",
    [
        ((0.4, 0.7, 0.7, 0.6), (1.0, 0.9, 0.8, 0.1), 3),
        ((0.4, 0.7, 0.7, 0.6), (1.0, 0.8, 0.9, 0.1), 2),
        ((0.5,) * 4, (0.5,) * 4, 1),
    ],
)
def test_the_best_epoch_and_of_equals_the_lowest_loss(accuracies, losses, best):
    rows = [
        {"epoch": n, "val_accuracy": a, "val_loss": b} for n, a, b in zip((1, 2, 3, 4), accuracies, losses, strict=True)
    ]
    assert best_row(rows)["epoch"] == best


def test_the_output_that_counts_of_several(tmp_path):
    network, _, progress = start(tmp_path)
    progress.set_model(network)
    progress.on_epoch_begin(0)
    progress.on_test_begin()
    logs = {"emotion_accuracy": 0.5, "emotion_loss": 1.0, "loss": 3.0, "val_emotion_accuracy": 0.25, "val_loss": 2.0}
    progress.on_epoch_end(0, logs)
    row = progress.history[0]
    assert (row["accuracy"], row["loss"], row["val_accuracy"], row["val_loss"]) == (0.5, 1.0, 0.25, 2.0)


def test_a_training_that_has_diverged_ends(tmp_path):
    _, _, progress = start(tmp_path)
    for loss in (np.nan, np.inf):
        with pytest.raises(UserError, match=r"diverged in epoch 2: .* lower --learning-rate"):
            progress.on_epoch_end(1, {"loss": loss})


@pytest.fixture
def checkpoint(tmp_path):
    """The checkpoint of a training after its first epoch."""
    network, _, progress = start(tmp_path)
    network.optimizer.build(network.trainable_variables)
    progress.set_model(network)
    progress.history, progress.weights, progress.best_weights = [{"epoch": 1}], network.get_weights(), [np.zeros(1)]
    progress.write()
    return progress.checkpoint


@pytest.mark.parametrize("name, value", [("seed", 6), ("network", "other"), ("votes", True)])
def test_a_training_goes_on_with_the_settings_it_was_begun_with(name, value, checkpoint):
    network, batches, _ = start(checkpoint.parent)
    other = Progress(checkpoint, {**SETTINGS, name: value}, batches)
    with pytest.raises(
        UserError, match=f"was begun with {name} {SETTINGS.get(name)}, not {value}: use the same settings"
    ):
        other.restore(network)


def test_a_checkpoint_of_another_network(checkpoint):
    network = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    network.compile("adam", "mse")
    with pytest.raises(
        UserError, match="is of another network, or of another release of Keras: start anew with --force"
    ):
        Progress(checkpoint, SETTINGS, None).restore(network)


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_a_damaged_checkpoint(content, tmp_path):
    (tmp_path / "checkpoint.h5").write_bytes(content)
    network, _, progress = start(tmp_path)
    with pytest.raises(UserError, match=r"checkpoint\.h5 is damaged .*--force"):
        progress.restore(network)


@pytest.mark.parametrize(
    "name, value", [("history", b"\xff"), ("history", 7), ("history", "7"), ("settings", 7), ("settings", "[1]")]
)
def test_a_checkpoint_in_which_something_else_stands(name, value, checkpoint):
    with h5py.File(checkpoint, "r+") as file:
        del file[name]
        file[name] = value
    network, _, progress = start(checkpoint.parent)
    with pytest.raises(UserError, match=r"checkpoint\.h5 is damaged .*--force"):
        progress.restore(network)


@pytest.mark.parametrize("group", ["network", "optimizer", "best"])
def test_a_checkpoint_in_which_something_is_missing(group, checkpoint):
    with h5py.File(checkpoint, "r+") as file:
        del file[group]
    network, _, progress = start(checkpoint.parent)
    with pytest.raises(UserError, match=r"checkpoint\.h5 is of another network, .*--force"):
        progress.restore(network)
