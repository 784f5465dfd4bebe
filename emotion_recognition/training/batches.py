"""What a network sees in an epoch: batches of varied pictures, and what it should say of them."""

import os
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.training.devices import own_share

# Threads that make batches.
WORKERS = min(max(2, os.cpu_count() or 2), 16)


class Batches(keras.utils.PyDataset):
    """The batches of each epoch: shuffled, and varied on the fly by `vary(pictures, generator)`.

    `targets` is an array (n, ...), or a dict of them by the names of the network's outputs. With `mixup`, each face is
    mixed with another of its batch, and so are their targets, by a share from a beta distribution (Zhang et al., 2018).
    `teach(views, targets)` returns other targets; what `look` finds in the views is what the network gets. What an
    epoch shows depends on `seed` and the number of the epoch alone, and after `view_epochs` epochs all is shown again;
    pass `shuffle=False` to `fit`, which would shuffle once more.
    """

    def __init__(
        self,
        pictures: npt.NDArray[np.uint8],
        targets: Any,
        batch_size: int,
        vary: Callable,
        seed: int = 0,
        mixup: float = 0.0,
        look: Callable | None = None,
        teach: Callable | None = None,
        view_epochs: int | None = None,
    ):
        # Threads of Keras' own. With one worker Keras leaves the batches to tf.data (TensorFlow 2.21), and every epoch
        # then waits for a thread of it that wakes up ever more rarely: up to a minute, though it has ended.
        super().__init__(workers=WORKERS, max_queue_size=2 * WORKERS)
        self.pictures, self.targets, self.batch_size, self.vary = pictures, targets, batch_size, vary
        self.seed, self.mixup, self.look, self.teach = seed, mixup, look, teach
        self.view_epochs = view_epochs
        self.error: OSError | UserError | None = None
        self._at_work = threading.Semaphore(WORKERS)
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """Show what belongs to an epoch, from 0. `Progress` calls it: Keras tells a data set of epochs too early."""
        self.epoch = epoch % self.view_epochs if self.view_epochs else epoch
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.pictures))

    def __len__(self) -> int:
        # Whole batches: a last smaller one would upset batch normalisation.
        return max(1, len(self.pictures) // self.batch_size)

    def __getitem__(self, index: int) -> tuple:
        with self._at_work:
            try:
                return keras.tree.map_structure(own_share, self._make(index))
            except (OSError, UserError) as error:
                # TensorFlow raises an error of its own in place of what a thread of Keras raised.
                self.error = error
                raise

    def stop(self) -> None:
        """Wait for the batches that are being made, and make no more.

        A thread that comes back from OpenCV while Python ends would make the system end the process as failed.
        """
        for _ in range(WORKERS):
            self._at_work.acquire()

    def _make(self, index: int) -> tuple:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng([self.seed, self.epoch, index])
        views = self.vary(self.pictures[chosen], generator)
        targets = keras.tree.map_structure(lambda values: values[chosen], self.targets)
        if self.mixup:
            share = generator.beta(self.mixup, self.mixup, len(chosen)).astype(np.float32)
            share, other = np.maximum(share, 1 - share), generator.permutation(len(chosen))
            views = mix(views, share, other)
            targets = keras.tree.map_structure(lambda values: mix(values, share, other), targets)
        if self.teach:
            targets = self.teach(views, targets)
        return self.look(views) if self.look else views, targets


def mix(values: npt.NDArray, share: npt.NDArray, other: npt.NDArray) -> npt.NDArray:
    """Return each of `values`, (n, ...), mixed with that at its index in `other`, (n,); `share`, (n,), is its part."""
    share = np.expand_dims(share, tuple(range(1, values.ndim)))
    return share * values + (1 - share) * values[other]
