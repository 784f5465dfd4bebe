"""How good are probabilities? Metrics in NumPy."""

from typing import Any

import numpy as np
import numpy.typing as npt

# (n, emotions), each row adds up to 1; and (n,), the places of the true emotions.
Probabilities = npt.NDArray[np.floating]
Labels = npt.NDArray[np.integer]

# Keeps the logarithm finite where a network is entirely sure.
SMALLEST_PROBABILITY = 1e-7

# Bins of equal width for the calibration, as in Guo et al. (2017).
BINS = 15

# 95 % of a normal distribution lie within this many standard deviations.
DEVIATIONS = 1.959964


def measure(probabilities: Probabilities, labels: Labels) -> dict[str, Any]:
    """Return all metrics as numbers and lists for JSON; there must be at least one picture.

    Balanced accuracy and macro F1 are means over the emotions that `labels` hold: an emotion without pictures cannot
    be recognised well or badly, and has None for precision and recall, as has the precision of one that is never seen.
    `confusion[true][predicted]` counts pictures.
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
        "precision": shares(right, predicted, held),
        "recall": shares(right, pictures, held),
        "confusion": confusion.tolist(),
    }


def confusion_matrix(probabilities: Probabilities, labels: Labels) -> npt.NDArray[np.integer]:
    """Return counts (emotions, emotions): the row is the true emotion, the column the most probable one."""
    emotions = probabilities.shape[1]
    pairs = labels * emotions + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=emotions**2).reshape(emotions, emotions)


def shares(parts: npt.NDArray, wholes: npt.NDArray, held: npt.NDArray) -> list[float | None]:
    """Return part / whole of each emotion, from counts (emotions,); None where the whole is 0 or `held` is False."""
    rows = zip(parts, wholes, held, strict=True)
    return [float(part / whole) if whole and is_held else None for part, whole, is_held in rows]


def wilson_interval(right: int, number: int) -> list[float]:
    """Return the lower and upper end of the 95 % interval for a share of `right` in `number` (Wilson, 1927)."""
    share, slack = right / number, DEVIATIONS**2 / number
    centre = share + slack / 2
    half = np.sqrt(slack * (share * (1 - share) + slack / 4))
    # Rounding must not carry an end beyond what a share can be.
    return [float(np.clip(end / (1 + slack), 0, 1)) for end in (centre - half, centre + half)]


def reliability(probabilities: Probabilities, labels: Labels) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Return for each of `BINS` bins of confidence: pictures, sum of confidences, right ones; arrays (bins,).

    Confidence is the highest probability of a picture; a bin holds its upper edge, not its lower one.
    """
    confidences, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.digitize(confidences, np.arange(1, BINS) / BINS, right=True)
    numbers, sums, right = (np.bincount(bins, weights, minlength=BINS) for weights in (None, confidences, is_right))
    return numbers, sums, right


def expected_calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """Return by how much confidence and accuracy differ on average over the bins (Guo et al., 2017, section 2)."""
    _, confidences, right = reliability(probabilities, labels)
    return float(np.abs(right - confidences).sum() / len(labels))


def negative_log_likelihood(probabilities: Probabilities, labels: Labels) -> float:
    """Return the mean of -log(probability of the true emotion): lower is better."""
    chosen = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1)
    return float(-np.log(np.maximum(chosen, SMALLEST_PROBABILITY)).mean())
