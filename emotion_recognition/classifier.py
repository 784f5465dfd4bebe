"""Gray crops of faces -> probabilities of emotions, in one compiled call for all faces of a frame."""

import keras
import numpy as np

from emotion_recognition import model_file
from emotion_recognition.pictures import FACE_SIZE


class EmotionClassifier:
    """A model file, ready to classify: `emotions` names the outputs in their order.

    The flags of other people's models are those of `model_file.load`.
    """

    def __init__(self, model, emotions=None, pixel_range=None):
        trained = model_file.load(model, emotions, pixel_range)
        self.emotions, self.network = trained.emotions, trained.network
        self._classify = compile_inference(trained.network)

    def probabilities(self, faces) -> np.ndarray:
        """Return float32 (n, emotions), rows that sum to 1, for faces: uint8 (n, 48, 48), gray; n may be 0."""
        if len(faces) == 0:
            return np.empty((0, len(self.emotions)), np.float32)
        return self._classify(np.asarray(faces, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE, 1))


def compile_inference(network):
    """Return a function float32 (n, 48, 48, 1) -> float32 (n, emotions), without the cost of `network.predict`."""
    if keras.backend.backend() != "tensorflow":
        return network.predict_on_batch
    import tensorflow

    # The signature leaves the number of faces open, so that no new number makes TensorFlow compile again.
    signature = [tensorflow.TensorSpec((None, FACE_SIZE, FACE_SIZE, 1), tensorflow.float32)]
    # Without autograph, which would write code of its own into a temporary file; Keras' layers do not need it.
    compiled = tensorflow.function(
        lambda faces: network(faces, training=False), input_signature=signature, autograph=False
    )
    return lambda faces: compiled(faces).numpy()
