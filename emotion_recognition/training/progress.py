"""What must not be lost of a training between two epochs: the callback that keeps it."""

import json
import time

import h5py
import keras
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole


class Progress(keras.callbacks.Callback):
    """Keeps history, best weights and a checkpoint of a training, so that a stopped one goes on exactly.

    All randomness of an epoch depends on the seed and the epoch's number alone: random layers get their states here,
    and `batches` gets the number. With `momentum`, validation and the best weights are those of a moving average over
    the steps of all weights, the statistics of batch normalisation among them (Polyak and Juditsky, 1992).
    """

    def __init__(self, path, settings: dict, seed: int, monitor="val_accuracy", momentum=0.0):
        super().__init__()
        self.path, self.settings, self.seed, self.monitor, self.momentum = path, settings, seed, monitor, momentum
        self.history, self.best_weights, self.average = [], None, None

    @property
    def epoch(self) -> int:
        """Epochs that are finished."""
        return len(self.history)

    def restore(self, model):
        """Bring a compiled model to the state in the checkpoint; UserError where it is of another training."""
        model.optimizer.build(model.trainable_variables)
        try:
            with h5py.File(self.path) as file:
                stored, self.history = json.loads(file["settings"][()]), json.loads(file["history"][()])
                state = {name: [values[()] for values in file[name].values()] for name in file if name in GROUPS}
            model.set_weights(state["network"])
            for variable, values in zip(model.optimizer.variables, state["optimizer"], strict=True):
                variable.assign(values)
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{self.path} is damaged or of another network ({error}): begin with --force.") from error
        for name, value in self.settings.items():
            if stored.get(name) != value:
                raise UserError(
                    f"{self.path} was begun with {name} {stored.get(name)}, not {value}: use the same settings and"
                    " data, or start anew with --force."
                )
        self.best_weights, self.average = state["best"], state.get("average")

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.monotonic()
        generator = np.random.default_rng([self.seed, epoch])
        for variable in self.model.variables:
            if variable.path.endswith("seed_generator_state"):
                variable.assign([generator.integers(2**31), 0])

    def on_train_batch_end(self, batch, logs=None):
        if not self.momentum:
            return
        weights = self.model.get_weights()
        if self.average is None:
            self.average = weights
        for mean, value in zip(self.average, weights, strict=True):
            mean += (1 - self.momentum) * (value - mean)

    def on_test_begin(self, logs=None):
        self.weights = self.model.get_weights()
        if self.momentum:
            self.model.set_weights(self.average)

    def on_epoch_end(self, epoch, logs=None):
        if not np.isfinite(list(logs.values())).all():
            raise UserError(
                f"The training has diverged in epoch {epoch + 1}: begin anew with --force and a lower --learning-rate,"
                " or with another --seed."
            )
        self.history.append({"epoch": epoch + 1, **logs, "seconds": round(time.monotonic() - self.started, 1)})
        if self.best_epoch is self.history[-1]:
            self.best_weights = self.model.get_weights()
        self.model.set_weights(self.weights)
        self._write()

    @property
    def best_epoch(self) -> dict:
        """The row of the epoch that got most of validation right; of equals, the one with the lowest loss."""
        return max(self.history, key=lambda row: (row[self.monitor], -row["val_loss"]))

    def _write(self):
        optimizer = [keras.ops.convert_to_numpy(variable) for variable in self.model.optimizer.variables]
        arrays = (self.weights, optimizer, self.best_weights, self.average or [])
        with written_whole(self.path) as temporary, h5py.File(temporary, "w") as file:
            file["settings"], file["history"] = json.dumps(self.settings), json.dumps(self.history)
            for group, values in zip(GROUPS, arrays, strict=True):
                for index, each in enumerate(values):
                    file[f"{group}/{index:04}"] = each


GROUPS = ("network", "optimizer", "best", "average")
