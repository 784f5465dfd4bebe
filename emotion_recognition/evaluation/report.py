"""The results of an evaluation -> text for people, and a folder with report.json and pictures."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from emotion_recognition.evaluation import figures, metrics
from emotion_recognition.files import claim_folder, folder_written_whole

REPORT = "report.json"
# Of several models each has its own pictures, with its number before the name.
WRITTEN = re.compile(r"report\.json|(\d+_)?(confusion_matrix|reliability|wrong_faces)\.png")

# FER-2013's own names of the splits, told by the names of the files that dataset_prepare.py writes.
FER2013_NAME = re.compile(r"\w+/fer\d{7}\.png")
RELEASED_NAMES = {"train": " (Training)", "validation": " (PublicTest)", "test": " (PrivateTest)"}


@dataclass(frozen=True)
class Result:
    """What one model (or the mean of several) says about some faces.

    `faces` are `folders.Pictures`, `probabilities` float (n, emotions) in the order of their emotions; `splits` names
    the split of each face, str (n,); `copied` tells which also occur in training, bool (n,), or is None: not known.
    """

    model: str
    training: dict
    faces: object
    probabilities: np.ndarray
    splits: np.ndarray
    copied: np.ndarray | None

    @cached_property
    def parts(self) -> dict[str, np.ndarray]:
        """The faces of each split, bool (n,), and of both together."""
        parts = {str(split): self.splits == split for split in dict.fromkeys(self.splits)}
        return parts if len(parts) == 1 else {**parts, "both": np.full(len(self.splits), True)}

    @property
    def shown(self) -> str:
        """The split that the pictures show."""
        return "test" if "test" in self.parts else next(iter(self.parts))

    @cached_property
    def metrics(self) -> dict[str, dict]:
        """{split: {"all": metrics, "without_copies": metrics}}; the latter is missing where no face is left for it."""
        metrics = {split: {"all": self.measure(part)} for split, part in self.parts.items()}
        for split, part in self.parts.items():
            if self.copied is not None and (part & ~self.copied).any():
                metrics[split]["without_copies"] = self.measure(part & ~self.copied)
        return metrics

    def measure(self, chosen) -> dict:
        """Return the metrics of the faces that `chosen`, bool (n,), picks."""
        return metrics.measure(self.probabilities[chosen], self.faces.labels[chosen])

    def title(self, split) -> str:
        """Return what people call this split."""
        if split == "both":
            return "both together"
        is_fer2013 = all(map(FER2013_NAME.fullmatch, self.faces.names))
        return split + (RELEASED_NAMES[split] if is_fer2013 else "")


def text(results: list[Result]) -> str:
    """Return all results as lines of less than 100 columns; the emotions one by one only for a single model."""
    lines = []
    for split in dict.fromkeys(split for result in results for split in result.parts):
        judged = [result for result in results if split in result.parts]
        first, part = judged[0], judged[0].parts[split]
        # Models that know other emotions are judged on other pictures.
        alike = len({frozenset(result.faces.emotions) for result in judged}) == 1
        number = f"{part.sum():,} " if alike else ""
        lines += ["", metrics.table_heading(first.title(split)), f" all {number}pictures"]
        lines += [metrics.table_row(result.model, result.metrics[split]["all"]) for result in judged]
        if first.copied is not None:
            number = f"the {(part & first.copied).sum():,} " if alike else ""
            lines.append(f" without {number}pictures that also occur in training")
            rest = [result for result in judged if "without_copies" in result.metrics[split]]
            lines += [metrics.table_row(result.model, result.metrics[split]["without_copies"]) for result in rest]
        if len(results) == 1:
            emotions, measured = results[0].faces.emotions, results[0].metrics[split]
            lines += ["", *metrics.emotion_table(emotions, measured), "", " Most frequent errors"]
            lines += [f"  {sentence}" for sentence in metrics.top_confusions(measured["all"]["confusion"], emotions)]
    lines += ["", "balanced: mean of the emotions' recalls; ECE: expected calibration error, 15 bins;"]
    return "\n".join([*lines, "NLL: negative log likelihood. For both, lower is better."])


def claim_output(output, force=False):
    """Refuse to replace anything but, with `force`, a report (see `files.claim_folder`)."""
    claim_folder(output, WRITTEN.fullmatch, force)


def write(results: list[Result], output, settings: dict):
    """Write report.json and the pictures into a folder that appears when it is whole."""
    with folder_written_whole(output) as folder:
        report = {**settings, "results": [as_dictionary(result) for result in results]}
        (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        for number, result in enumerate(results, start=1):
            draw(result, folder, f"{number}_" if len(results) > 1 else "")


def as_dictionary(result: Result) -> dict:
    """Return what report.json holds of one result; lists of numbers follow the order of `emotions`."""
    return {
        "model": result.model,
        "emotions": result.faces.emotions,
        "training": result.training,
        "splits": result.metrics,
        "most_confidently_wrong": [
            {"split": result.shown, "name": name, "seen": seen, "probability": probability}
            for _, name, seen, probability in wrong_faces(result)
        ],
    }


def wrong_faces(result) -> list[tuple[np.ndarray, str, str, float]]:
    """Return (picture, name, emotion seen, its probability) of the most confidently wrong faces of the split shown."""
    chosen = np.flatnonzero(result.parts[result.shown])
    wrong = chosen[metrics.most_confidently_wrong(result.probabilities[chosen], result.faces.labels[chosen])]
    faces, probabilities = result.faces.select(wrong), result.probabilities[wrong]
    seen = [faces.emotions[label] for label in probabilities.argmax(axis=1)]
    return list(zip(faces.pictures, faces.names, seen, probabilities.max(axis=1).tolist(), strict=True))


def draw(result, folder, prefix=""):
    """Draw the confusion matrix, the reliability diagram and the most confidently wrong faces of one result."""
    metrics, chosen = result.metrics[result.shown]["all"], result.parts[result.shown]
    title = f"{Path(result.model).name} on {result.title(result.shown)}"
    figures.confusion_matrix(
        metrics["confusion"],
        result.faces.emotions,
        f"{title}\n{metrics['accuracy']:.1%} of {metrics['pictures']:,} pictures are right",
        folder / f"{prefix}confusion_matrix.png",
    )
    figures.reliability_diagram(
        *metrics.reliability(result.probabilities[chosen], result.faces.labels[chosen]),
        f"{title}\nexpected calibration error {metrics['expected_calibration_error']:.3f}",
        folder / f"{prefix}reliability.png",
    )
    wrong = wrong_faces(result)
    figures.wrong_faces(
        [picture for picture, *_ in wrong],
        [(name.split("/")[0], f"{seen} {probability:.0%}") for _, name, seen, probability in wrong],
        f"{title}: the most confidently wrong faces\nabove each its label and, in red, what the model sees"
        if wrong
        else f"{title}: no face is wrong",
        folder / f"{prefix}wrong_faces.png",
    )
