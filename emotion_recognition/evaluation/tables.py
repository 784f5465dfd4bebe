"""The results of an evaluation in words, as lines of less than 100 columns."""

from collections.abc import Sequence
from typing import Any

from emotion_recognition.evaluation.results import Result

# The first column: with it the lines stay below 100 columns.
NAME_WIDTH = 34
EXPLANATION = """
balanced: mean of the emotions' recalls; ECE: expected calibration error, 15 bins;
NLL: negative log likelihood. For both, lower is better."""


def text(results: Sequence[Result]) -> str:
    """Return all results as lines; the emotions one by one only for a single model."""
    lines: list[str] = []
    for split in dict.fromkeys(split for result in results for split in result.parts):
        lines += ["", *split_table([result for result in results if split in result.parts], split)]
        if len(results) == 1:
            measured, emotions = results[0].metrics[split], results[0].emotions
            lines += ["", *emotion_table(emotions, measured), "", " Most frequent errors"]
            lines += [f"  {sentence}" for sentence in top_confusions(measured["all"]["confusion"], emotions)]
    return "\n".join([*lines, EXPLANATION])


def split_table(results: Sequence[Result], split: str) -> list[str]:
    """Return a heading and a line for each result: all pictures of a split, then those that are no copies."""
    judged, part = results[0].judged, results[0].parts[split]
    # Models that know other emotions are judged on other pictures, so that no number fits all.
    alike = len({frozenset(result.emotions) for result in results}) == 1
    names = f"{'accuracy':>8}{'95% interval':>17}{'balanced':>10}{'macro F1':>10}{'ECE':>8}{'NLL':>8}"
    lines = [f"{judged.titles[split]:{NAME_WIDTH}}{names}", f" all {counted(part.sum()) if alike else 'pictures'}"]
    lines += [row(result.model, result.metrics[split]["all"]) for result in results]
    if judged.copied is not None:
        copies = (part & judged.copied).sum()
        which = f"the {counted(copies)}" if alike else "pictures"
        lines.append(f" without {which} that also {'occurs' if alike and copies == 1 else 'occur'} in training")
        rest = [result for result in results if "without_copies" in result.metrics[split]]
        lines += [row(result.model, result.metrics[split]["without_copies"]) for result in rest]
    return lines


def counted(number: int, noun: str = "picture") -> str:
    """Return a number with its noun, as "1 picture" or "2,000 pictures"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def row(name: str, metrics: dict[str, Any]) -> str:
    """Return one line: the name, cut at its beginning where it is long, and what `metrics.measure` gives."""
    space = NAME_WIDTH - 3
    name = name if len(name) <= space else f"...{name[3 - space :]}"
    low, high = metrics["accuracy_interval"]
    return (
        f"  {name:{NAME_WIDTH - 2}}{metrics['accuracy']:8.1%}{f'{low:.1%} to {high:.1%}':>17}"
        f"{metrics['balanced_accuracy']:10.1%}{metrics['macro_f1']:10.3f}"
        f"{metrics['expected_calibration_error']:8.3f}{metrics['negative_log_likelihood']:8.3f}"
    )


def emotion_table(emotions: Sequence[str], metrics: dict[str, dict[str, Any]]) -> list[str]:
    """Return pictures, precision and recall of each emotion as lines, side by side for all and without copies."""
    titles = {"all": "all pictures", "without_copies": "without those also in training"}
    lines = [" " * 14 + "".join(f"{titles[name]:>36}" for name in metrics)]
    lines.append(" " * 14 + f"{'pictures':>16}{'precision':>11}{'recall':>9}" * len(metrics))
    for label, emotion in enumerate(emotions):
        line = f"  {emotion:12}"
        for each in metrics.values():
            shares = (each["precision"][label], each["recall"][label])
            precision, recall = ("-" if share is None else f"{share:.1%}" for share in shares)
            line += f"{sum(each['confusion'][label]):16,}{precision:>11}{recall:>9}"
        lines.append(line)
    return lines


def top_confusions(confusion: Sequence[Sequence[int]], emotions: Sequence[str], most: int = 5) -> list[str]:
    """Return sentences about the most frequent errors in a confusion matrix, the most frequent first."""
    errors = [
        (number, true, seen)
        for true, numbers in enumerate(confusion)
        for seen, number in enumerate(numbers)
        if true != seen and number
    ]
    return [
        f"{emotions[true]} is taken for {emotions[seen]}: {number:,} of {counted(sum(confusion[true]))}"
        f" ({number / sum(confusion[true]):.1%})"
        for number, true, seen in sorted(errors, key=lambda error: -error[0])[:most]
    ] or ["none"]
