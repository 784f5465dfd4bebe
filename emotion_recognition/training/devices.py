"""One training on many devices: all that JAX knows, in this process and in those that were started beside it."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError


class AllDevices(keras.distribution.DataParallel):
    """Each device has the whole network and computes its share of a batch; together they do what one device would."""

    shares_batches = True

    def get_data_layout(self, data_shape: tuple[int, ...]) -> Any:
        """Return which part of a batch of this shape is for which device."""
        if self.shares_batches:
            return super().get_data_layout(data_shape)
        return keras.distribution.TensorLayout([None] * len(data_shape), self.device_mesh)


def use_all(batch_size: int) -> None:
    """Compute on all devices from here on; UserError where they cannot share `batch_size` pictures evenly.

    What a network learns is the same as on one device, but for the order in which numbers are added.
    """
    # Each process makes its own share of the batches.
    devices = AllDevices(auto_shard_dataset=False)
    number = devices.num_model_replicas
    if batch_size % number:
        raise UserError(f"{number} devices cannot share {batch_size} pictures evenly: name another --batch-size.")
    keras.distribution.set_distribution(devices)
    print(f"Training on {number} {'device' if number == 1 else 'devices'}.")


def share_batches(is_on: bool) -> None:
    """Share each batch out among the devices or, where batches vary in size, let each device compute all of it."""
    if devices := keras.distribution.distribution():
        devices.shares_batches = is_on


def own_share(values: npt.NDArray) -> npt.NDArray:
    """Return the part of a batch, (n, ...), that is for the devices of this process."""
    number, processes = this_process()
    return np.array_split(values, processes)[number]


def is_first_process() -> bool:
    """Return whether this is the one of all processes that writes the files."""
    return this_process()[0] == 0


def this_process() -> tuple[int, int]:
    """Return the number of this process, from 0, and how many there are."""
    # JAX is asked, and not Keras, which knows of its distribution only in the thread that has set it.
    if keras.backend.backend() != "jax":
        return 0, 1
    import jax

    return jax.process_index(), jax.process_count()
