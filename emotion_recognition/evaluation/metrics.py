"""How good are probabilities: metrics in NumPy, and the same in words.

`probabilities` is float (n, emotions), `labels` int (n,), indices of the true emotions.
"""

import numpy as np

# Keeps the logarithm finite where a network is entirely sure.
SMALLEST_PROBABILITY = 1e-7

# Bins of equal width for the calibration, as in Guo et al. (2017).
BINS = 15

# The first column of the tables: with it they stay below 100 columns.
NAME_WIDTH = 34

# 95 % of a normal distribution lie within this many standard deviations.
DEVIATIONS = 1.959964


def measure(probabilities, labels) -> dict:
    """Return all metrics as numbers and lists for JSON; None in the lists where there is nothing to divide by.

    Balanced accuracy and macro F1 are means over the emotions that `labels` hold: an emotion without pictures cannot
    be recognised well or badly. `confusion[true][predicted]` counts pictures; there must be at least one.
    """
    confusion = confusion_matrix(probabilities, labels)
    right, pictures, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    held = pictures > 0
    return {
        "pictures": len(labels),
        "accuracy": float(right.sum() / len(labels)),
        "accuracy_interval": wilson_interval(right.sum(), len(labels)),
        "balanced_accuracy": float((right[held] / pictures[held]).mean()),
        "macro_f1": float((2 * right[held] / (pictures + predicted)[held]).mean()),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "negative_log_likelihood": negative_log_likelihood(probabilities, labels),
        "precision": [float(part / whole) if whole else None for part, whole in zip(right, predicted, strict=True)],
        "recall": [float(part / whole) if whole else None for part, whole in zip(right, pictures, strict=True)],
        "confusion": confusion.tolist(),
    }


def confusion_matrix(probabilities, labels) -> np.ndarray:
    """Return counts, int (emotions, emotions): row is the true emotion, column the most probable one."""
    emotions = probabilities.shape[1]
    pairs = labels * emotions + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=emotions**2).reshape(emotions, emotions)


def wilson_interval(right, number) -> list[float]:
    """Return the lower and upper end of the 95 % interval for a share of `right` in `number` (Wilson, 1927)."""
    share, slack = right / number, DEVIATIONS**2 / number
    centre = share + slack / 2
    half = np.sqrt(slack * (share * (1 - share) + slack / 4))
    # Rounding must not carry an end beyond what a share can be.
    return [float(np.clip(end / (1 + slack), 0, 1)) for end in (centre - half, centre + half)]


def reliability(probabilities, labels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each of `BINS` bins of confidence: pictures, sum of confidences, right ones; arrays (bins,).

    Confidence is the highest probability of a picture; a bin holds its upper edge, not its lower one.
    """
    confidences, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.digitize(confidences, np.arange(1, BINS) / BINS, right=True)
    return tuple(np.bincount(bins, weights, minlength=BINS) for weights in (None, confidences, is_right))


def expected_calibration_error(probabilities, labels) -> float:
    """Return by how much confidence and accuracy differ on average over the bins (Guo et al., 2017, section 2)."""
    _, confidences, right = reliability(probabilities, labels)
    return float(np.abs(right - confidences).sum() / len(labels))


def negative_log_likelihood(probabilities, labels) -> float:
    """Return the mean of -log(probability of the true emotion): lower is better."""
    chosen = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1)
    return float(-np.log(np.maximum(chosen, SMALLEST_PROBABILITY)).mean())


def most_confidently_wrong(probabilities, labels, most=24) -> np.ndarray:
    """Return the indices of wrong predictions, int (at most `most`,), the most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:most]


def table_heading(title) -> str:
    """Return the first line above `table_row`s."""
    names = f"{'accuracy':>8}{'95% interval':>17}{'balanced':>10}{'macro F1':>10}{'ECE':>8}{'NLL':>8}"
    return f"{title:{NAME_WIDTH}}{names}"


def table_row(name, metrics) -> str:
    """Return one line: the name, cut at its beginning where it is long, and the metrics of `measure`."""
    space = NAME_WIDTH - 3
    name = name if len(name) <= space else f"...{name[3 - space :]}"
    low, high = metrics["accuracy_interval"]
    return (
        f"  {name:{NAME_WIDTH - 2}}{metrics['accuracy']:8.1%}{f'{low:.1%} to {high:.1%}':>17}"
        f"{metrics['balanced_accuracy']:10.1%}{metrics['macro_f1']:10.3f}"
        f"{metrics['expected_calibration_error']:8.3f}{metrics['negative_log_likelihood']:8.3f}"
    )


def emotion_table(emotions, metrics: dict[str, dict]) -> list[str]:
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


def top_confusions(confusion, emotions, most=5) -> list[str]:
    """Return sentences about the most frequent errors in a confusion matrix, the most frequent first."""
    errors = [
        (confusion[true][seen], true, seen)
        for true in range(len(emotions))
        for seen in range(len(emotions))
        if true != seen and confusion[true][seen]
    ]
    return [
        f"{emotions[true]} is taken for {emotions[seen]}: {number:,} of {sum(confusion[true]):,} pictures"
        f" ({number / sum(confusion[true]):.1%})"
        for number, true, seen in sorted(errors, key=lambda error: -error[0])[:most]
    ] or ["none"]
