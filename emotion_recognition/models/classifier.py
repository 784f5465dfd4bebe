"""Gray crops of faces -> probabilities of emotions, by LiteRT alone wherever that is possible."""

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from emotion_recognition.errors import UserError, WeightsAloneError
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import FER2013_CODES
from emotion_recognition.models import export, lite

if TYPE_CHECKING:
    import keras

    from emotion_recognition.models.model_file import TrainedModel

logger = logging.getLogger(__name__)

# Faces that the network reads at once: of hundreds, the layers' outputs would fill gigabytes.
AT_ONCE = 32

Faces = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
"""(n, 48, 48) or (n, 48, 48, 1): gray levels, 0 to 255."""
Probabilities = npt.NDArray[np.float32]
"""(n, emotions): rows that sum to 1."""


class EmotionClassifier:
    """A model file, ready to classify: `emotions` names the outputs in order, `training` is the record of the training.

    `model` is a .tflite file of this project, or a model that Keras saved. Beside a .h5 file, the .tflite that was made
    from it is taken; where there is none, Keras converts the model once. The flags of other people's models are those
    of `model_file.load`. UserError where the file is missing, damaged or no such model.
    """

    emotions: tuple[str, ...]
    training: dict[str, Any]
    _classify: Callable[[npt.NDArray[np.float32]], Probabilities]

    def __init__(self, model: str | Path, emotions: str | None = None, pixel_range: str | None = None) -> None:
        found = find_lite(Path(model), emotions, pixel_range)
        if found is None:
            # Keras takes seconds to start: imported only when there is a need for it.
            from emotion_recognition.models import model_file

            trained = model_file.load(model, emotions, pixel_range)
            found = convert_and_keep(trained, Path(model), emotions, pixel_range)
        if found is None:
            # LiteRT lacks a layer of this network, or Keras runs on another backend than TensorFlow.
            self.emotions, self.training = trained.emotions, trained.training
            self._classify = trained.network.predict_on_batch
        else:
            self.emotions, self.training = found.emotions, found.training
            self._classify = lite.open_function(found, model)

    @classmethod
    def of_network(cls, network: "keras.Model", emotions: Sequence[str]) -> "EmotionClassifier":
        """Return a classifier by a network as Keras holds it now: later changes to its weights are not seen."""
        classifier = cls.__new__(cls)
        classifier.emotions, classifier.training = tuple(emotions), {}
        classifier._classify = compile_inference(network)
        return classifier

    @classmethod
    def of_weights(cls, path: str | Path, build: Callable[[int], "keras.Model"]) -> "EmotionClassifier":
        """Return the classifier in a model file or, where it holds weights alone, in the network that `build` makes.

        They are taken for those of seven emotions in alphabetical order, as Keras numbers folders of pictures.
        """
        try:
            return cls(path)
        except WeightsAloneError:
            from emotion_recognition.models import model_file

            return cls.of_network(model_file.load_weights(path, build(len(FER2013_CODES))), sorted(FER2013_CODES))

    def probabilities(self, faces: Faces | Sequence[npt.NDArray[np.uint8]]) -> Probabilities:
        """Return the probabilities of the emotions in each face, (n, emotions); n may be 0. Any thread may ask."""
        if len(faces) == 0:
            return np.empty((0, len(self.emotions)), np.float32)
        array = np.asarray(faces, np.float32).reshape(-1, FACE_SIZE, FACE_SIZE, 1)
        parts = np.array_split(array, math.ceil(len(array) / AT_ONCE))
        return np.concatenate([self._classify(part) for part in parts])


def open_model(
    path: str, emotions: str | None = None, pixel_range: str | None = None
) -> "TrainedModel | EmotionClassifier":
    """Open just this file, by Keras or, a .tflite, by LiteRT; `emotions` and `pixel_range` as in `model_file.load`."""
    if path.lower().endswith(".tflite"):
        return EmotionClassifier(path, emotions, pixel_range)
    from emotion_recognition.models import model_file

    return model_file.load(path, emotions, pixel_range)


def convert_and_keep(
    trained: "TrainedModel", path: Path, emotions: str | None, pixel_range: str | None
) -> lite.LiteModel | None:
    """Return a model in LiteRT's form, and keep it for the next time; None where that is impossible."""
    content = export.try_lite(trained.network)
    if content is None:
        return None
    made_from = lite.file_digest(path)
    converted = lite.LiteModel(content, trained.emotions, made_from, "float32", trained.training, trained.notes)
    cached = export.cached_path(made_from, emotions, pixel_range)
    try:
        lite.write(cached, converted)
        logger.info("%s is converted for LiteRT, which starts faster; kept as %s.", path, cached)
    except OSError as error:
        logger.info("%s is converted for LiteRT at every start, since %s.", path, error)
    return converted


def find_lite(path: Path, emotions: str | None = None, pixel_range: str | None = None) -> lite.LiteModel | None:
    """Return the LiteRT form of a model file: it itself, the one beside it, or one that was converted before.

    None where there is none that was made from this very file. UserError, where `path` is itself a .tflite, as from
    `lite.read`, and with `emotions` or `pixel_range`, which it says itself.
    """
    if path.suffix.lower() == ".tflite":
        if emotions or pixel_range:
            raise UserError(f"{path} says itself how it is read: leave out --emotions and --pixel-range.")
        return lite.read(path)
    if not path.is_file():
        return None
    made_from = lite.file_digest(path)
    beside = [] if emotions or pixel_range else [path.with_suffix(".tflite")]
    for candidate in (*beside, export.cached_path(made_from, emotions, pixel_range)):
        if not candidate.is_file():
            continue
        try:
            found = lite.read(candidate)
        except UserError as error:
            logger.warning("%s Until then %s is converted again.", error, path)
            continue
        if found.made_from == made_from:
            lite.tell_notes(path, found.notes)
            return found
    return None


def compile_inference(network: "keras.Model") -> Callable[[npt.NDArray[np.float32]], Probabilities]:
    """Return a function float32 (n, 48, 48, 1) -> float32 (n, emotions), without the cost of `network.predict`.

    Any thread may call it. It is LiteRT's, which reads a single face, the usual case, in half the time of a call that
    Keras has compiled; a network with layers that LiteRT does not have is called by Keras.
    """
    content = export.try_lite(network)
    if content is not None:
        return lite.LiteFunction(content)
    from emotion_recognition.models.predict import compiled

    return compiled(network)
