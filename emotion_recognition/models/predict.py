"""A network and many pictures -> probabilities."""

import threading
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError
from emotion_recognition.models.safety import is_memory_full

# Pictures that a network sees at once.
BATCH_SIZE = 256


Compute = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""What a network computes: faces (n, 48, 48, 1), gray levels 0 to 255 -> outputs (n, emotions)."""


def predict(compute: Compute, pictures: npt.NDArray[np.uint8], flip: bool = False) -> npt.NDArray[np.float64]:
    """Return the probabilities, float64 (n, emotions), that a network gives for pictures, uint8 (n, 48, 48, 1).

    With `flip` they are the mean over each picture and its mirror image. UserError where they are no probabilities.
    """
    views = (pictures, pictures[:, :, ::-1]) if flip else (pictures,)
    answers = np.stack([network_outputs(compute, view) for view in views])
    probabilities: npt.NDArray[np.float64] = answers.mean(axis=0, dtype=np.float64)
    # Negated, so that values that are not numbers are found too.
    if not (probabilities.min() >= 0 and np.abs(probabilities.sum(axis=1) - 1).max() < 0.01):
        raise UserError("What the network gives for these pictures are no probabilities: name another --model.")
    return probabilities


def network_outputs(compute: Compute, pictures: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return what a network puts out, float32 (n, emotions), for pictures, uint8 (n, 48, 48, 1), in batches.

    MemoryError where the memory, also of a GPU, is too small for a batch.
    """
    # Keras' own `predict` waits after the last batch for a thread of tf.data (TensorFlow 2.21) that wakes up ever more
    # rarely, so that it can take twice as long: give `predict_on_batch`.
    starts = range(0, len(pictures), BATCH_SIZE)
    try:
        batches = [compute(pictures[start : start + BATCH_SIZE].astype(np.float32)) for start in starts]
    except Exception as error:
        if is_memory_full(error):
            raise MemoryError(f"there is no room for {BATCH_SIZE} pictures at once") from error
        raise
    return np.concatenate(batches)


def compiled(network: keras.Model) -> Compute:
    """Return what a Keras network computes now as a function for arrays; later changes to its weights are not seen.

    Any thread may call it, also while another network learns.
    """
    if keras.backend.backend() != "jax":
        return network.predict_on_batch
    import jax

    states = [
        [variable.value for variable in part] for part in (network.trainable_variables, network.non_trainable_variables)
    ]
    compute = jax.jit(lambda states, inputs: network.stateless_call(*states, inputs, training=False)[0])
    one_by_one = threading.Lock()

    def call(inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        # Only the start waits for others: the GPU computes them one after the other anyway.
        with one_by_one:
            outputs = compute(states, inputs)
        return np.asarray(outputs)

    return call
