"""Figures: arrays -> PNG files, without a window."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from emotion_recognition.errors import UserError
from emotion_recognition.files import written_whole

# Names of files may hold dollars, between which Matplotlib would read a formula.
matplotlib.rcParams["text.parse_math"] = False


def check_ending(path):
    """Refuse an --output whose name does not end as a figure's, before any work is done for it."""
    if Path(path).suffix.lower().lstrip(".") not in Figure().canvas.get_supported_filetypes():
        raise UserError(f"{path}: a figure is a picture; name an --output that ends in .png, .jpg, .pdf or .svg.")


def save_figure(figure: Figure, path):
    """Write a figure whole or not at all."""
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)


def training_curves(history: list[dict], title: str, path):
    """Draw accuracy and loss of training and validation over the epochs; `history` holds a dict for each epoch."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        axes.plot(epochs, [row[metric] for row in history], label="training (varied pictures)")
        axes.plot(epochs, [row[f"val_{metric}"] for row in history], label="validation")
        axes.set(xlabel="epoch", ylabel=metric)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title)
    save_figure(figure, path)


def optimizers(histories: dict[str, list[dict]], title: str, path):
    """Draw accuracy and loss on validation over the epochs, one line for the history of each optimizer."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        for name, history in histories.items():
            axes.plot([row["epoch"] for row in history], [row[f"val_{metric}"] for row in history], label=name)
        axes.set(xlabel="epoch", ylabel=f"{metric} on validation")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title)
    save_figure(figure, path)


def confusion_matrix(confusion, emotions, title: str, path):
    """Draw counts (true emotion, predicted emotion) as shares of each true emotion, with the counts below them."""
    confusion = np.asarray(confusion)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    size = 2.5 + 0.85 * len(emotions)
    figure = Figure(figsize=(size, size), layout="constrained")
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
        colour = "white" if share > 0.5 else "black" if confusion[true, predicted] else "darkgray"
        weight = "bold" if true == predicted else "normal"
        axes.text(
            predicted, true - 0.04, f"{share:.0%}", ha="center", va="bottom", color=colour, weight=weight, size=12
        )
        axes.text(
            predicted, true + 0.08, f"{confusion[true, predicted]:,}", ha="center", va="top", color=colour, size=8
        )
    save_figure(figure, path)


def reliability_diagram(numbers, confidences, right, title: str, path):
    """Draw how often the model is right against how sure it is; the arguments are those of `evaluation.reliability`."""
    figure = Figure(figsize=(6, 7), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    width = 1 / len(numbers)
    left = np.arange(len(numbers)) * width
    filled = numbers > 0
    accuracy, confidence = right[filled] / numbers[filled], confidences[filled] / numbers[filled]
    style = {"width": width, "align": "edge", "edgecolor": "white"}
    upper.bar(left[filled], accuracy, color="tab:blue", label="share that is right", **style)
    upper.bar(
        left[filled],
        confidence - accuracy,
        bottom=accuracy,
        color="tab:red",
        alpha=0.35,
        label="gap to confidence",
        **style,
    )
    upper.plot((0, 1), (0, 1), color="black", linestyle="--", linewidth=1, label="as sure as it is right")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of pictures that is right", title=title)
    upper.legend(loc="upper left")
    lower.bar(left, numbers, color="tab:gray", **style)
    lower.set(xlabel="confidence: probability of the emotion that the model sees", ylabel="pictures")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
    save_figure(figure, path)


def wrong_faces(pictures, captions: list[tuple[str, str]], title: str, path):
    """Draw faces, uint8 (n, 48, 48, 1), each with what it is labelled and, in red, what the model sees."""
    columns, rows = 6, max(1, -(-len(captions) // 6))
    figure = Figure(figsize=(1.7 * columns, 2.1 * rows + 0.6), layout="constrained")
    for axes in (grid := figure.subplots(rows, columns, squeeze=False)).flat:
        axes.axis("off")
    for axes, picture, (label, seen) in zip(grid.flat, pictures, captions, strict=False):
        axes.imshow(picture[..., 0], cmap="gray", vmin=0, vmax=255)
        axes.set_title(label, size=9, pad=16)
        axes.text(0.5, 1.03, seen, ha="center", va="bottom", size=9, color="tab:red", transform=axes.transAxes)
    figure.suptitle(title)
    save_figure(figure, path)
