"""The results of an evaluation -> a folder with report.json and pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotion_recognition.evaluation import figures, metrics, tables
from emotion_recognition.evaluation.results import Result
from emotion_recognition.files import folder_written_whole

REPORT = "report.json"


def write(results: Sequence[Result], output: str | Path, settings: dict[str, Any]) -> None:
    """Write report.json, which holds `settings` too, and the pictures into a folder that appears when it is whole."""
    with folder_written_whole(output) as folder:
        report = {**settings, "results": [as_dictionary(result) for result in results]}
        (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        for number, result in enumerate(results, start=1):
            draw(result, folder, f"{number}_" if len(results) > 1 else "")


def as_dictionary(result: Result) -> dict[str, Any]:
    """Return what report.json holds of one result; lists of numbers follow the order of `emotions`."""
    return {
        "model": result.model,
        "emotions": result.emotions,
        "training": result.training,
        "splits": result.metrics,
        "most_confidently_wrong": [
            {"split": result.shown, "name": name, "seen": seen, "probability": probability}
            for _, name, seen, probability in result.most_confidently_wrong()
        ],
    }


def draw(result: Result, folder: Path, prefix: str = "") -> None:
    """Draw the confusion matrix, the reliability diagram and the most confidently wrong faces of one result."""
    measured, chosen = result.metrics[result.shown]["all"], result.parts[result.shown]
    title = f"{Path(result.model).name} on {result.judged.titles[result.shown]}"
    number = measured["pictures"]
    figures.confusion_matrix(
        measured["confusion"],
        result.emotions,
        f"{title}\n{measured['accuracy']:.1%} of {tables.counted(number)} {'is' if number == 1 else 'are'} right",
        folder / f"{prefix}confusion_matrix.png",
    )
    figures.reliability_diagram(
        *metrics.reliability(result.probabilities[chosen], result.judged.faces.labels[chosen]),
        f"{title}\nexpected calibration error {measured['expected_calibration_error']:.3f}",
        folder / f"{prefix}reliability.png",
    )
    wrong = result.most_confidently_wrong()
    figures.wrong_faces(
        [picture for picture, *_ in wrong],
        [(name.split("/")[0], f"{seen} {probability:.0%}") for _, name, seen, probability in wrong],
        f"{title}: the most confidently wrong faces\nabove each its label and, in red, what the model sees"
        if wrong
        else f"{title}: no face is wrong",
        folder / f"{prefix}wrong_faces.png",
    )
