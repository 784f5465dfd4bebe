"""The same training with each optimizer, as a table and a picture."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emotion_recognition import files
from emotion_recognition.evaluation import figures
from emotion_recognition.evaluation.figures import History
from emotion_recognition.models import model_file
from emotion_recognition.training.outputs import TrainingFiles
from emotion_recognition.training.progress import best_row, check_settings, with_origins


def table_of(output: str | Path) -> Path:
    """Return where the table of a comparison lies; the picture has the same name."""
    return Path(output).with_name(f"{Path(output).stem}_optimizers.csv")


def claim(output: str | Path, optimizers: Iterable[str], replace: bool, dry_run: bool) -> dict[str, Path]:
    """Return the model file of each optimizer; UserError where a file of the comparison would be lost."""
    output = Path(output)
    models = {name: output.with_name(f"{output.stem}_{name}.h5") for name in optimizers}
    if not dry_run:
        for path in (table_of(output), table_of(output).with_suffix(".png"), *models.values()):
            files.claim_output(path, replace)
    return models


def finished_history(model: Path, settings: dict[str, Any]) -> History | None:
    """Return what each epoch of a finished training reached; None where there is none; UserError for other settings."""
    outputs = TrainingFiles(model)
    if outputs.checkpoint.exists() or not model.exists():
        return None
    check_settings(model, "trained", model_file.load(model).training, with_origins(settings))
    print(f"{model} is there already.")
    return outputs.read_history()


def write(output: str | Path, histories: dict[str, History], rates: dict[str, float], dry_run: bool) -> None:
    """Print the table of the optimizers; write it, and beside it the picture of their histories."""
    table = rows(histories, rates)
    print("\n" + as_text(table))
    if not dry_run:
        path = table_of(output)
        files.write_table(path, table)
        title = f"{Path(output).stem}: {max(map(len, histories.values()))} epochs with each optimizer"
        figures.optimizers(histories, title, path.with_suffix(".png"))
        print(f"Wrote {path} and {path.with_suffix('.png')}")


def rows(histories: dict[str, History], rates: dict[str, float]) -> list[dict[str, Any]]:
    """Return a row for each optimizer: its highest rate, and its best epoch."""
    best = {name: best_row(history) for name, history in histories.items()}
    return [
        {
            "optimizer": name,
            "learning_rate": rates[name],
            "best_epoch": int(best[name]["epoch"]),
            "val_accuracy": best[name]["val_accuracy"],
            "val_loss": best[name]["val_loss"],
            "seconds": round(sum(row["seconds"] for row in history)),
        }
        for name, history in histories.items()
    ]


def as_text(rows: list[dict[str, Any]]) -> str:
    """Return the table for people, the best optimizer first."""
    lines = ["optimizer   highest rate   best epoch   validation accuracy   validation loss   minutes"]
    for row in sorted(rows, key=lambda row: -row["val_accuracy"]):
        lines.append(
            f"{row['optimizer']:9}   {row['learning_rate']:12g}   {row['best_epoch']:10}   {row['val_accuracy']:19.1%}"
            f"   {row['val_loss']:15.3f}   {row['seconds'] / 60:7.1f}"
        )
    return "\n".join(lines)
