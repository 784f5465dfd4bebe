"""Gray crops of faces -> probabilities of emotions, in one compiled call for all faces of a frame."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models import export
from emotion_recognition.models.lite import LiteFunction

if TYPE_CHECKING:
    import keras

Faces = npt.NDArray[np.uint8]
"""(n, 48, 48): gray levels, 0 is black."""
Probabilities = npt.NDArray[np.float32]
"""(n, emotions): rows that sum to 1."""


class EmotionClassifier:
    """A model file, ready to classify: `emotions` names the outputs in their order.

    The flags of other people's models are those of `model_file.load`.
    """

    def __init__(self, model: str | Path, emotions: str | None = None, pixel_range: str | None = None) -> None:
        # Keras takes seconds to start: imported only when there is a model that needs it.
        from emotion_recognition.models import model_file

        trained = model_file.load(model, emotions, pixel_range)
        self.emotions, self.network = trained.emotions, trained.network
        self.compile()

    def compile(self) -> None:
        """Classify with the weights that the network has now; later changes to them are not seen."""
        self._classify = compile_inference(self.network)

    def probabilities(self, faces: Faces | Sequence[npt.NDArray[np.uint8]]) -> Probabilities:
        """Return the probabilities of the emotions in each face, (n, emotions); n may be 0."""
        if len(faces) == 0:
            return np.empty((0, len(self.emotions)), np.float32)
        return self._classify(np.asarray(faces, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE, 1))


def compile_inference(network: "keras.Model") -> Callable[[npt.NDArray[np.float32]], Probabilities]:
    """Return a function float32 (n, 48, 48, 1) -> float32 (n, emotions), without the cost of `network.predict`.

    Any thread may call it. With TensorFlow it is LiteRT, which reads a single face, the usual case, in half the time of
    a compiled call; a network with layers that LiteRT does not have is called by Keras.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return network.predict_on_batch
    try:
        return LiteFunction(export.to_lite(network))
    # No public module has the converter's own error.
    except Exception:
        return network.predict_on_batch
