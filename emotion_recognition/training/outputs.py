"""The files of a training: their names, and that none is lost."""

import csv
from pathlib import Path

from emotion_recognition import files
from emotion_recognition.errors import UserError


class TrainingFiles:
    """The files of a training: the model, and beside it the same for LiteRT, its epochs as a table and as a picture.

    The checkpoint holds all that the next epoch depends on; it is there until the training is finished.
    """

    def __init__(self, model: Path) -> None:
        self.model, self.lite = model, model.with_suffix(".tflite")
        endings = ("_history.csv", "_curves.png", "_checkpoint.h5")
        self.history, self.curves, self.checkpoint = (model.with_name(model.stem + ending) for ending in endings)

    def claim(self, resume: bool = False, force: bool = False) -> None:
        """Refuse, before any work is done, a training whose files would replace what nobody wants replaced."""
        # Keras would take another name for another format.
        if self.model.suffix != ".h5":
            raise UserError(f"{self.model}: the name of a model file ends in .h5; name another --output.")
        is_stopped = self.checkpoint.exists()
        if is_stopped and not resume and not force:
            raise UserError(f"{self.checkpoint} is from a stopped training: go on with --resume, or anew with --force.")
        if resume and not is_stopped and self.model.exists():
            raise UserError(
                f"{self.model} is finished, and no training beside it was stopped after a whole epoch: train anew with"
                f" --force, or train it further with --weights {self.model} and another --output."
            )
        files.claim_output(self.model, force or resume)

    def read_history(self) -> list[dict[str, float]]:
        """Return a row for each epoch of a finished training; UserError where the table is something else."""
        try:
            with self.history.open(newline="", encoding="utf-8") as file:
                return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        except (TypeError, ValueError) as error:
            raise UserError(
                f"{self.history} is no history of a training ({error}): train anew with --force."
            ) from error
