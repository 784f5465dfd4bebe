"""The files of a training: their names, and that none is lost."""

import csv
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition import files
from emotion_recognition.errors import UserError


@dataclass(frozen=True)
class Outputs:
    """The files of a training: the model, and beside it all others; the checkpoint is there until it is finished."""

    model: Path

    @property
    def lite(self) -> Path:
        """The same model in LiteRT's form."""
        return self.model.with_suffix(".tflite")

    @property
    def history(self) -> Path:
        """What each epoch reached."""
        return self._beside("_history.csv")

    @property
    def curves(self) -> Path:
        """The history as a picture."""
        return self._beside("_curves.png")

    @property
    def checkpoint(self) -> Path:
        """All that the next epoch depends on."""
        return self._beside("_checkpoint.h5")

    def _beside(self, ending: str) -> Path:
        return self.model.with_name(self.model.stem + ending)

    def claim(self, resume: bool = False, force: bool = False) -> None:
        """Refuse, before any work is done, a training whose files would replace what nobody wants replaced."""
        check_name(self.model)
        is_stopped = self.checkpoint.exists()
        if is_stopped and not resume and not force:
            raise UserError(f"{self.checkpoint} is from a stopped training: go on with --resume, or anew with --force.")
        if resume and not is_stopped and self.model.exists():
            raise UserError(
                f"The training of {self.model} is finished: to train it further, start another one from it with"
                f" --weights {self.model} and another --output."
            )
        files.claim_output(self.model, force or resume)

    def read_history(self) -> list[dict[str, float]]:
        """Return a row for each epoch of a finished training."""
        try:
            with self.history.open(newline="", encoding="utf-8") as file:
                return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        except (TypeError, ValueError) as error:
            raise UserError(
                f"{self.history} is no history of a training ({error}): train anew with --force."
            ) from error


def check_name(path: str | Path, flag: str = "--output") -> None:
    """Refuse a name for a model file that Keras would take for another format."""
    if Path(path).suffix != ".h5":
        raise UserError(f"{path}: the name of a model file ends in .h5; name another {flag}.")
