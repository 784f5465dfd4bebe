"""The files of a training: their names, that none is lost, and the history among them."""

import csv
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emotion_recognition import files
from emotion_recognition.errors import UserError


@dataclass(frozen=True)
class Outputs:
    """The files of a training: the model, and beside it history, curves and, until it is finished, the checkpoint."""

    model: Path

    @property
    def history(self) -> Path:
        return self._beside("_history.csv")

    @property
    def curves(self) -> Path:
        return self._beside("_curves.png")

    @property
    def checkpoint(self) -> Path:
        return self._beside("_checkpoint.h5")

    def _beside(self, ending):
        return self.model.with_name(self.model.stem + ending)


@contextmanager
def claimed(arguments):
    """Give the `Outputs` of a training, refused at the start where files would be lost; a dry run's are thrown away."""
    if arguments.dry_run:
        arguments.epochs, arguments.batch_size = 2, 8
        with tempfile.TemporaryDirectory() as folder:
            yield Outputs(Path(folder) / "dry_run.h5")
        return
    chosen = Outputs(Path(arguments.output))
    check_name(chosen.model)
    if chosen.checkpoint.exists() and not arguments.resume and not arguments.force:
        raise UserError(f"{chosen.checkpoint} is from a stopped training: go on with --resume, or anew with --force.")
    files.claim_output(chosen.model, arguments.force or (arguments.resume and chosen.checkpoint.exists()))
    try:
        yield chosen
    except KeyboardInterrupt:
        if not chosen.checkpoint.exists():
            raise
        raise KeyboardInterrupt("Go on after the last whole epoch with --resume.") from None


def check_name(path, flag="--output"):
    """Refuse a name for a model file that Keras would take for another format."""
    if Path(path).suffix != ".h5":
        raise UserError(f"{path}: the name of a model file ends in .h5; name another {flag}.")


def read_history(path) -> list[dict]:
    """Return the rows of a history that a training wrote, all values as float."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is no history of a training ({error}): start anew with --force.") from error
