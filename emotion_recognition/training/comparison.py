"""Which optimizer is best for a network: the same training with each of them, as a table and a picture."""

import argparse
from pathlib import Path

from emotion_recognition import files
from emotion_recognition.cli.options import LEARNING_RATES
from emotion_recognition.errors import UserError
from emotion_recognition.evaluation import figures
from emotion_recognition.models import model_file
from emotion_recognition.training import run
from emotion_recognition.training.outputs import Outputs, read_history


def compare_optimizers(network, arguments):
    """Train what the function `network` makes with every optimizer at its usual rate; write the table and the picture.

    Each training is one of its own, with model, history and curves; `--resume` goes on where the comparison stopped.
    """
    output = Path(arguments.output)
    table = output.with_name(f"{output.stem}_optimizers.csv")
    picture = table.with_suffix(".png")
    models = {name: output.with_name(f"{output.stem}_{name}.h5") for name in LEARNING_RATES}
    if not arguments.dry_run:
        for path in (table, picture, *models.values()):
            files.claim_output(path, arguments.force or arguments.resume)
    histories = {}
    for name, model in models.items():
        print(f"\nOptimizer: {name}")
        own = {"optimizer": name, "output": model}
        histories[name] = train_or_read(network, argparse.Namespace(**{**vars(arguments), **own}))
    rows = [summary(name, history) for name, history in histories.items()]
    print("\n" + as_text(rows))
    if arguments.dry_run:
        return
    files.write_table(table, rows)
    figures.optimizers(histories, f"{output.stem}: {arguments.epochs} epochs with each optimizer", picture)
    print(f"Wrote {table} and {picture}")


def train_or_read(network, arguments) -> list[dict]:
    """Return the history of a training: of one that is finished already, when a comparison goes on."""
    outputs = Outputs(arguments.output)
    is_finished = outputs.model.exists() and not outputs.checkpoint.exists()
    if arguments.dry_run or not (arguments.resume and is_finished):
        return run.train(network, arguments)
    model = model_file.load(outputs.model)
    for name, value in run.describe(model.network, *run.read_data(arguments), arguments).items():
        if model.training.get(name) != value:
            raise UserError(
                f"{outputs.model} was trained with {name} {model.training.get(name)}, not {value}: use the same"
                " settings and data, or start anew with --force."
            )
    print(f"{outputs.model} is there already.")
    return read_history(outputs.history)


def summary(name, history) -> dict:
    """Return the row of one optimizer in the table."""
    best = run.best_epoch(history)
    return {
        "optimizer": name,
        "learning_rate": LEARNING_RATES[name],
        "best_epoch": int(best["epoch"]),
        "val_accuracy": best["val_accuracy"],
        "val_loss": best["val_loss"],
        "seconds": round(sum(row["seconds"] for row in history)),
    }


def as_text(rows) -> str:
    """Return the table for people, the best optimizer first."""
    lines = ["optimizer   highest rate   best epoch   validation accuracy   validation loss   minutes"]
    for row in sorted(rows, key=lambda row: -row["val_accuracy"]):
        lines.append(
            f"{row['optimizer']:9}   {row['learning_rate']:12g}   {row['best_epoch']:10}   {row['val_accuracy']:19.1%}"
            f"   {row['val_loss']:15.3f}   {row['seconds'] / 60:7.1f}"
        )
    return "\n".join(lines)
