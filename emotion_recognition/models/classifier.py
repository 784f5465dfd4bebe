"""Gray crops of faces -> probabilities of emotions, in one compiled call for all faces of a frame."""

import os
import threading
import warnings
from functools import partial

import keras
import numpy as np

from emotion_recognition.cli.program import quiet_libraries
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.models import model_file, safety

# More threads than this wait for each other: a face is little work.
MOST_THREADS = 4


class EmotionClassifier:
    """A model file, ready to classify: `emotions` names the outputs in their order.

    The flags of other people's models are those of `model_file.load`.
    """

    def __init__(self, model, emotions=None, pixel_range=None):
        trained = model_file.load(model, emotions, pixel_range)
        self.emotions, self.network = trained.emotions, trained.network
        # Some damage shows only here.
        with safety.naming_damage(model):
            self.compile()

    def compile(self):
        """Classify with the weights that the network has now; later changes to them are not seen."""
        self._classify = compile_inference(self.network)

    def probabilities(self, faces) -> np.ndarray:
        """Return float32 (n, emotions), rows that sum to 1, for faces: uint8 (n, 48, 48), gray; n may be 0."""
        if len(faces) == 0:
            return np.empty((0, len(self.emotions)), np.float32)
        return self._classify(np.asarray(faces, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE, 1))


def compile_inference(network):
    """Return a function float32 (n, 48, 48, 1) -> float32 (n, emotions), without the cost of `network.predict`.

    Any thread may call it. With TensorFlow it is LiteRT, which reads a single face, the usual case, in half the time of
    a compiled call; a network with layers that LiteRT does not have gets the compiled call.
    """
    if keras.backend.backend() != "tensorflow":
        return network.predict_on_batch
    import tensorflow

    # The signature leaves the number of faces open, so that no new number makes TensorFlow compile again.
    signature = [tensorflow.TensorSpec((None, FACE_SIZE, FACE_SIZE, 1), tensorflow.float32)]
    # Without autograph, which would write code of its own into a temporary file; Keras' layers do not need it.
    compiled = tensorflow.function(
        lambda faces: network(faces, training=False), input_signature=signature, autograph=False
    ).get_concrete_function()
    try:
        return LiteFunction(compiled)
    # No public module has the converter's own error.
    except Exception:
        return lambda faces: compiled(tensorflow.constant(faces)).numpy()


class LiteFunction:
    """A compiled function of one array, run by LiteRT, with an interpreter for every thread that calls it."""

    def __init__(self, compiled):
        from tensorflow import lite

        # The converter writes about options that nobody set.
        with quiet_libraries():
            content = lite.TFLiteConverter.from_concrete_functions([compiled]).convert()
        self._open = partial(lite.Interpreter, model_content=content, num_threads=min(MOST_THREADS, os.cpu_count()))
        self._local = threading.local()
        # What LiteRT cannot run is noticed here.
        self._interpreter()

    def __call__(self, array):
        interpreter = self._interpreter()
        [given], [result] = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.resize_tensor_input(given["index"], array.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], array)
        interpreter.invoke()
        return interpreter.get_tensor(result["index"])

    def _interpreter(self):
        if not hasattr(self._local, "interpreter"):
            # It says that it will move into a package of its own, which would be 21 MB more to install, and no faster.
            with quiet_libraries(), warnings.catch_warnings(action="ignore"):
                self._local.interpreter = self._open()
                self._local.interpreter.allocate_tensors()
        return self._local.interpreter
