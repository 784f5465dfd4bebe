"""Figures: arrays -> picture files, without a window."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole

# What each epoch of a training reached: accuracy, loss and the like by their names.
History = list[dict[str, float]]


def check_ending(path: str | Path) -> None:
    """Refuse an --output whose name does not end as a figure's, before any work is done for it."""
    if Path(path).suffix.lower().lstrip(".") not in Figure().canvas.get_supported_filetypes():
        raise UserError(f"{path}: a figure is a picture; name an --output that ends in .png, .jpg, .pdf or .svg.")


@contextmanager
def new_figure(path: str | Path, width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of a size in inches to draw on; after the block it is written, whole or not at all."""
    # Names of files may hold dollars, between which Matplotlib would read a formula.
    with matplotlib.rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with written_whole(path) as temporary:
            figure.savefig(temporary, dpi=120)


def training_curves(history: History, title: str, path: str | Path) -> None:
    """Draw accuracy and loss of training and validation over the epochs."""
    _curves({"training (varied pictures)": (history, ""), "validation": (history, "val_")}, "", title, path)


def optimizers(histories: dict[str, History], title: str, path: str | Path) -> None:
    """Draw accuracy and loss on validation over the epochs, one line for the history of each optimizer."""
    _curves({name: (history, "val_") for name, history in histories.items()}, " on validation", title, path)


def _curves(lines: dict[str, tuple[History, str]], where: str, title: str, path: str | Path) -> None:
    with new_figure(path, 10, 4) as figure:
        for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
            for name, (history, prefix) in lines.items():
                axes.plot([row["epoch"] for row in history], [row[prefix + metric] for row in history], label=name)
            axes.set(xlabel="epoch", ylabel=metric + where)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if metric == "accuracy":
                axes.yaxis.set_major_formatter(PercentFormatter(1))
            axes.grid(alpha=0.3)
            axes.legend()
        figure.suptitle(title)


def confusion_matrix(confusion: Sequence[Sequence[int]], emotions: Sequence[str], title: str, path: str | Path) -> None:
    """Draw counts (true emotion, predicted emotion) as shares of each true emotion, with the counts below them."""
    counts = np.asarray(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 2.5 + 0.85 * len(emotions)
    with new_figure(path, size, size) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(emotions)), emotions, rotation=40, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(emotions)), emotions)
        axes.set(xlabel="emotion that the model sees", ylabel="emotion of the label", title=title)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        # White lines between the cells.
        edges = np.arange(len(emotions) + 1) - 0.5
        axes.hlines(edges, edges[0], edges[-1], color="white", linewidth=2)
        axes.vlines(edges, edges[0], edges[-1], color="white", linewidth=2)
        for (true, predicted), share in np.ndenumerate(shares):
            number = counts[true, predicted]
            style: dict[str, Any] = {"ha": "center", "color": "darkgray"}
            if number:
                style["color"] = "white" if share > 0.5 else "black"
            weight = "bold" if true == predicted else "normal"
            axes.text(predicted, true - 0.04, f"{share:.0%}", va="bottom", size=12, weight=weight, **style)
            axes.text(predicted, true + 0.08, f"{number:,}", va="top", size=8, **style)


def reliability_diagram(
    numbers: np.ndarray, confidences: np.ndarray, right: np.ndarray, title: str, path: str | Path
) -> None:
    """Draw how often the model is right against how sure it is; the arrays are those of `metrics.reliability`."""
    width = 1 / len(numbers)
    left = np.arange(len(numbers)) * width
    filled = numbers > 0
    accuracy, confidence = right[filled] / numbers[filled], confidences[filled] / numbers[filled]
    style: dict[str, Any] = {"width": width, "align": "edge", "edgecolor": "white"}
    gap = {**style, "color": "tab:red", "alpha": 0.35, "label": "gap to confidence"}
    with new_figure(path, 6, 7) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.bar(left[filled], accuracy, color="tab:blue", label="share that is right", **style)
        upper.bar(left[filled], confidence - accuracy, bottom=accuracy, **gap)
        upper.plot((0, 1), (0, 1), color="black", linestyle="--", linewidth=1, label="as sure as it is right")
        upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of pictures that is right", title=title)
        upper.legend(loc="upper left")
        lower.bar(left, numbers, color="tab:gray", **style)
        lower.set(xlabel="confidence: probability of the emotion that the model sees", ylabel="pictures")
        for axes in (upper, lower):
            axes.grid(alpha=0.3)
            axes.set_axisbelow(True)


def wrong_faces(
    pictures: Sequence[np.ndarray], captions: Sequence[tuple[str, str]], title: str, path: str | Path
) -> None:
    """Draw faces, uint8 (48, 48, 1) each, under what each is labelled and, in red, what the model sees."""
    columns, rows = 6, max(1, math.ceil(len(captions) / 6))
    with new_figure(path, 1.7 * columns, 2.1 * rows + 0.6) as figure:
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid:
            axes.axis("off")
        for axes, picture, (label, seen) in zip(grid, pictures, captions, strict=False):
            axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=255)
            axes.set_title(label, size=9, pad=16)
            axes.text(0.5, 1.03, seen, ha="center", va="bottom", size=9, color="tab:red", transform=axes.transAxes)
        figure.suptitle(title)
