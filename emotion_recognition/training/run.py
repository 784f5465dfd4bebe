"""A training from its first claim of files to the last file written."""

import contextlib
import platform
import shlex
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import keras

from emotion_recognition import files
from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.evaluation import figures
from emotion_recognition.models import export, lite, model_file
from emotion_recognition.models.safety import is_memory_full
from emotion_recognition.training.batches import Batches
from emotion_recognition.training.data import describe, shortcomings
from emotion_recognition.training.devices import is_first_process
from emotion_recognition.training.outputs import TrainingFiles
from emotion_recognition.training.progress import Progress, with_origins


class TrainingRun(contextlib.AbstractContextManager):
    """The files of one training; UserError at the start where one would be lost.

    `resume` goes on from the checkpoint of a stopped training, where there is one; `force` trains anew, and what is
    there is kept aside; the files of a `dry_run` are thrown away.
    """

    # One line an epoch where nobody watches.
    verbose = 1 if sys.stdout.isatty() else 2

    def __init__(self, output: str | Path, resume: bool = False, force: bool = False, dry_run: bool = False):
        self._batches: Batches | None = None
        self._resume, self._folder = resume, tempfile.TemporaryDirectory() if dry_run else None
        self.outputs = TrainingFiles(Path(self._folder.name, "dry_run.h5") if self._folder else Path(output))
        if is_first_process():
            self.outputs.claim(resume, force)

    def __exit__(self, kind: type | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if error and self._batches:
            self._batches.stop()
        if self._folder:
            self._folder.cleanup()
        if error and self._batches and self._batches.error:
            raise self._batches.error from None
        if kind is KeyboardInterrupt and self.outputs.checkpoint.exists():
            raise KeyboardInterrupt("Go on after the last whole epoch with --resume.") from None
        if error and is_memory_full(error):
            raise MemoryError from error

    def begin(
        self,
        model: keras.Model,
        batches: Batches,
        settings: dict[str, Any],
        train: Pictures,
        validation: Pictures,
        momentum: float = 0.0,
    ) -> Progress:
        """Return the callback for `fit`; a training that goes on gets back the weights and the optimizer it had.

        `settings` is what a person chose; with the pictures, it has to be the same for a training to go on.
        """
        self._batches = batches
        settings = {"network": model.name, **with_origins(settings), **describe(train, validation)}
        progress = Progress(self.outputs.checkpoint, settings, batches, momentum)
        if self._resume and self.outputs.checkpoint.exists():
            progress.restore(model)
            print(f"Going on after epoch {progress.epoch}.")
        elif is_first_process():
            self.outputs.checkpoint.unlink(missing_ok=True)
        return progress

    def save(
        self,
        network: keras.Model,
        progress: Progress,
        train: Pictures,
        validation: Pictures,
        accuracy: float,
        **found: Any,
    ) -> None:
        """Write the trained network, history and curves, and say where; what is at their places is kept aside.

        `accuracy` is that of `network` on validation; it and what else was `found` go into the record of the training.
        """
        if not is_first_process():
            return
        best, outputs = progress.best_epoch, self.outputs
        record = {
            **progress.settings,
            "best_epoch": best["epoch"],
            "validation_accuracy": accuracy,
            **found,
            "seconds": round(sum(row["seconds"] for row in progress.history)),
            "versions": {"python": platform.python_version(), "keras": keras.__version__},
            "backend": keras.backend.backend(),
        }
        written = [outputs.model, outputs.lite, outputs.history, outputs.curves]
        # Only TensorFlow converts a network for LiteRT.
        if keras.backend.backend() != "tensorflow":
            written.remove(outputs.lite)
        for path in written:
            files.keep_aside(path)
        model_file.save(outputs.model, network, train.emotions, record)
        if outputs.lite in written:
            made_from = lite.file_digest(outputs.model)
            content = export.to_lite(network)
            lite.write(outputs.lite, lite.LiteModel(content, train.emotions, made_from, training=record))
        files.write_table(outputs.history, progress.history)
        title = f"{network.name}: {best['val_accuracy']:.1%} on validation in epoch {best['epoch']}"
        figures.training_curves(progress.history, title, outputs.curves)
        outputs.checkpoint.unlink(missing_ok=True)
        print(f"{accuracy:.2%} of the validation pictures are right after epoch {best['epoch']}, the best.")
        if self._folder:
            print("The dry run went well; nothing of it is kept.")
        else:
            for sentence in shortcomings(train, validation, accuracy):
                print(sentence)
            print(f"Wrote {', '.join(map(str, written))}")
            print(f"See it in the window: python test.py --model {shlex.quote(str(outputs.model))}")
