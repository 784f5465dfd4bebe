"""What a network should say of each picture, and how much each emotion counts."""

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition import files
from emotion_recognition.datasets.folders import Pictures, read_votes
from emotion_recognition.errors import UserError
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models import model_file
from emotion_recognition.models.classifier import compile_inference
from emotion_recognition.training import vggface
from emotion_recognition.training.augmentation import Views

Targets = npt.NDArray[np.float32]
"""Probabilities of the emotions: (n, emotions)."""

# People agree with the labels of FER-2013 in two cases of three only, and a network should not be surer than they are
# (label smoothing: Szegedy et al., 2016, section 7).
LABEL_SMOOTHING = 0.1

# Most of a target is what the teachers say. It tells a student which emotions a face resembles, and that a label is
# doubtful (Hinton et al., 2015).
TEACHERS_SHARE = 0.8


def one_hot(data: Pictures) -> Targets:
    """Return what a perfect network would say: 1 for the label."""
    return np.eye(len(data.emotions), dtype=np.float32)[data.labels]


def smoothed_labels(data: Pictures) -> Targets:
    """Return targets that say 90 % for the label and share the rest among all emotions."""
    return LABEL_SMOOTHING / len(data.emotions) + (1 - LABEL_SMOOTHING) * one_hot(data)


def to_learn(data: Pictures, votes_in: str | Path | None = None) -> Targets:
    """Return what a network is trained towards: smoothed labels, or votes.

    `votes_in` is the folder or packed file whose votes are learned. UserError where it holds none.
    """
    targets = smoothed_labels(data)
    if votes_in:
        votes = read_votes(votes_in, data)
        number = votes.sum(axis=1, keepdims=True)
        # Where nobody chose any of these emotions, the label has to do.
        targets = np.where(number > 0, votes / number.clip(1), targets)
    return targets


def sure_votes(data: Pictures, votes_in: str | Path) -> Targets:
    """Return the shares of FER+'s ten votes for all eight emotions, (n, 8).

    They are 0, which teaches nothing, for a face that five or more people knew no emotion for.
    """
    votes = read_votes(votes_in, data, EMOTIONS)
    number = votes.sum(axis=1, keepdims=True)
    return np.where(number > 5, votes / number.clip(1), 0).astype(np.float32)


def taught_by(
    paths: Sequence[str], emotions: Sequence[str], size: int = FACE_SIZE, answers: str | None = None
) -> Callable[[Views, Any], Any] | None:
    """Return a function that mixes the targets of views with what these trained networks say of the same views.

    Where they see what their student sees, long trainings pay (Beyer et al., 2022, "A good teacher is patient and
    consistent"). Views of another `size` are for networks of classification_pretrained.py. Of several targets, those by
    the name `emotion` are mixed. What the networks say is kept in the folder `answers` for all who learn from the same
    views. None where nobody teaches. UserError where nobody's answers are to be kept, or a network knows other
    emotions or takes faces of another size.
    """
    if not paths:
        if answers:
            raise UserError("--answers keeps what teachers say: name a --teacher, or leave it out.")
        return None
    teachers = [model_file.load(path) for path in paths]
    for path, teacher in zip(paths, teachers, strict=True):
        if tuple(teacher.emotions) != tuple(emotions):
            raise UserError(
                f"{path} cannot teach: it tells {', '.join(teacher.emotions)}, but the pictures are"
                f" {', '.join(emotions)}; name another --teacher."
            )
    views, said = keras.Input((size, size, 1)), []
    for number, teacher in enumerate(teachers):
        network = teacher.network if size == FACE_SIZE else vggface.without_enlarging(teacher.network, size)
        # Teachers of one kind bear one name.
        network.name = f"teacher_{number}"
        said.append(network(views))
    answer = compile_inference(keras.Model(views, keras.ops.mean(keras.ops.stack(said), axis=0)))
    if answers:
        contents = b"".join(Path(path).read_bytes() for path in paths)
        answer = kept(answer, Path(answers), hashlib.blake2b(contents).digest())

    def teach(views: Views, targets: Any) -> Any:
        if isinstance(targets, dict):
            return {**targets, "emotion": teach(views, targets["emotion"])}
        return (1 - TEACHERS_SHARE) * targets + TEACHERS_SHARE * answer(views)

    return teach


def kept(answer: Callable[[Views], Targets], folder: Path, teachers: bytes) -> Callable[[Views], Targets]:
    """Return `answer` that remembers: what these `teachers` said of views lies in `folder`, named after both."""
    files.check_writable(folder, "--answers")

    def remember(views: Views) -> Targets:
        path = folder / f"{hashlib.blake2b(views.tobytes() + teachers, digest_size=16).hexdigest()}.npy"
        if not path.exists():
            # NumPy does not tell when a disk is too full for the last bytes of a file.
            contents = io.BytesIO()
            np.save(contents, answer(views))
            with files.written_whole(path) as temporary:
                temporary.write_bytes(contents.getvalue())
        return np.load(path)

    return remember


def class_weights(data: Pictures) -> dict[int, float]:
    """Return for each label a weight with which all emotions together count alike."""
    numbers = np.bincount(data.labels, minlength=len(data.emotions))
    return {label: len(data) / (len(numbers) * number) for label, number in enumerate(numbers) if number}
