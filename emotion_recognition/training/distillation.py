"""Learning from other networks: a student is trained towards their answers (Hinton et al., 2015)."""

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.models import model_file
from emotion_recognition.models.predict import predict

# What the teachers say counts as much as the label. It tells a student which emotions a face resembles, and that a
# label is doubtful: of FER-2013's, ten people agree with two in three.
TEACHERS_SHARE = 0.5


def add_teachers(targets, data, paths) -> np.ndarray:
    """Return the targets of the pictures in `data`, float32 (n, emotions), mixed with what the models at `paths` say.

    The teachers look once, at the picture and its mirror image, and their probabilities are averaged: so they cost a
    training next to nothing. UserError where a teacher knows other emotions than `data`.
    """
    answers = []
    for path in paths:
        teacher = model_file.load(path)
        if teacher.emotions != data.emotions:
            raise UserError(
                f"{path} cannot teach: it tells {', '.join(teacher.emotions)}, but the pictures are"
                f" {', '.join(data.emotions)}; name another --teacher."
            )
        print(f"The teacher {path} looks at {len(data):,} pictures ...", flush=True)
        answers.append(predict(teacher.network, data.pictures, flip=True))
    mean = np.mean(answers, axis=0)
    return ((1 - TEACHERS_SHARE) * targets + TEACHERS_SHARE * mean).astype(np.float32)
