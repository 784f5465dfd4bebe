"""What happens between two epochs, so that a stopped training goes on as if it had never stopped.

Keras' own callbacks do not get that far: BackupAndRestore, ModelCheckpoint and CSVLogger each write a file of their
own, which disagree after a crash, and none of them keeps the best weights so far or a moving average.
"""

import json
import time
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole
from emotion_recognition.models import model_file
from emotion_recognition.training import devices
from emotion_recognition.training.batches import Batches

GROUPS = ("network", "optimizer", "best", "average")
"""The arrays in a checkpoint: weights, state of the optimizer, weights of the best epoch, moving average."""

# The settings that name model files.
STARTING_FILES = ("weights", "teacher")

# Steps between two looks at the weights for the moving average: on a GPU, each look takes longer than a step.
AVERAGED_EVERY = 16


class Progress(keras.callbacks.Callback):
    """Keeps history, best weights and checkpoint of a training of one output, `emotion`, or of several.

    All randomness of an epoch depends on the seed and the epoch's number alone: random layers get their states here,
    and `batches` the number. With `momentum`, validation and the best weights are those of a moving average over the
    steps of all weights, the statistics of batch normalisation among them (Polyak and Juditsky, 1992).
    """

    def __init__(self, checkpoint: Path, settings: dict[str, Any], batches: Batches, momentum: float = 0.0):
        super().__init__()
        self.checkpoint, self.settings, self.batches, self.momentum = checkpoint, settings, batches, momentum
        self.history: list[dict[str, float]] = []
        self.weights: list = []
        self.best_weights: list = []
        self.average: list = []
        self._written = read_history(checkpoint)

    @property
    def epoch(self) -> int:
        """Epochs that are finished."""
        return len(self.history)

    @property
    def best_epoch(self) -> dict[str, float]:
        """The row of the epoch whose weights are the best so far."""
        return best_row(self.history)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.started = time.monotonic()
        self.batches.begin_epoch(epoch)
        generator = np.random.default_rng([self.batches.seed, epoch])
        for variable in self.model.variables:
            if variable.path.endswith("seed_generator_state"):
                variable.assign([generator.integers(2**31), 0])

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        is_last = batch + 1 == len(self.batches)
        if not self.momentum or (batch % AVERAGED_EVERY and not is_last):
            return
        # The last step of the epoch before was looked at, too.
        steps = (batch % AVERAGED_EVERY or AVERAGED_EVERY) if batch else 1
        weights = self.model.get_weights()
        self.average = self.average or weights
        for mean, value in zip(self.average, weights, strict=True):
            mean += (1 - self.momentum**steps) * (value - mean)

    def on_test_begin(self, logs: dict | None = None) -> None:
        # The last batch of validation is smaller.
        devices.share_batches(False)
        self.weights = self.model.get_weights()
        if self.momentum:
            self.model.set_weights(self.average)

    def on_test_end(self, logs: dict | None = None) -> None:
        devices.share_batches(True)

    def on_train_end(self, logs: dict | None = None) -> None:
        # What follows is too little to share out.
        keras.distribution.set_distribution(None)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not np.isfinite(list(logs.values())).all():
            raise UserError(
                f"The training has diverged in epoch {epoch + 1}: begin anew with --force and a lower --learning-rate,"
                " or with another --seed."
            )
        # Where there are several outputs, this one is what curves and choice go by.
        logs = {**logs, "loss": logs.get("emotion_loss", logs["loss"])}
        reached = {name.replace("emotion_accuracy", "accuracy"): value for name, value in logs.items()}
        self.history.append({"epoch": epoch + 1, **reached, "seconds": round(time.monotonic() - self.started, 1)})
        if self.best_epoch is self.history[-1]:
            self.best_weights = self.model.get_weights()
        if self.momentum:
            self.model.set_weights(self.weights)
        if devices.is_first_process():
            self.write()

    def write(self) -> None:
        """Write all that the next epoch depends on into one HDF5 file, whole or not at all.

        UserError where somebody else has written it since this training did, or began.
        """
        if read_history(self.checkpoint) not in (None, self._written):
            raise UserError(
                f"{self.checkpoint} is written by another training too: wait for its end, or name another --output."
            )
        optimizer = [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]
        arrays = (self.weights, optimizer, self.best_weights, self.average)
        with written_whole(self.checkpoint) as temporary, h5py.File(temporary, "w") as file:
            file["settings"], file["history"] = json.dumps(self.settings), json.dumps(self.history)
            for group, values in zip(GROUPS, arrays, strict=True):
                for index, each in enumerate(values):
                    file[f"{group}/{index:04}"] = each
        self._written = json.dumps(self.history)

    def restore(self, model: keras.Model) -> None:
        """Bring a compiled model to the state in the checkpoint; UserError where it is of another training."""
        try:
            with h5py.File(self.checkpoint) as file:
                settings, history = dict(json.loads(file["settings"][()])), list(json.loads(file["history"][()]))
                state = {group: [values[()] for values in file[group].values()] for group in GROUPS if group in file}
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise UserError(f"{self.checkpoint} is damaged ({error}): start anew with --force.") from error
        check_settings(self.checkpoint, "begun", settings, self.settings)
        model.optimizer.build(model.trainable_variables)
        try:
            model.set_weights(state["network"])
            for variable, values in zip(model.optimizer.variables, state["optimizer"], strict=True):
                variable.assign(values)
            self.best_weights, self.average = state["best"], state.get("average", [])
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{self.checkpoint} is of another network, or of another release of Keras: start anew with --force."
            ) from error
        self.history = history


def read_history(checkpoint: Path) -> str | None:
    """Return the history in a checkpoint as it was written; None where there is none that can be read."""
    try:
        with h5py.File(checkpoint) as file:
            return file["history"].asstr()[()]
    except (OSError, KeyError, ValueError, TypeError):
        return None


def best_row(history: list[dict[str, float]]) -> dict[str, float]:
    """Return the row of the epoch that got most of validation right; of equals, the one with the lowest loss.

    A small validation has many equals, and the first of them is far from trained.
    """
    return max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))


def check_settings(path: Path, how: str, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse a file of a training that was `how` (begun, trained) with other settings than are wanted."""
    for name, value in wanted.items():
        if found.get(name) != value:
            given = f"{name} {found.get(name)}, not {value}"
            if name in STARTING_FILES:
                given = f"another --{name}"
            raise UserError(
                f"{path} was {how} with {given}: use the same settings and data, or start anew with --force."
            )


def with_origins(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with name, SHA-256 and record of the model files that they name, in place of paths.

    A path tells nothing on another machine, and the file there may be another one when a training goes on.
    """
    origins = {
        name: [model_file.origin(path) for path in given] if isinstance(given, list) else model_file.origin(given)
        for name, given in settings.items()
        if name in STARTING_FILES and given
    }
    return {**settings, **origins}
