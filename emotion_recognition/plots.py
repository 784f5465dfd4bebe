"""Figures: arrays -> PNG files, without a window."""

from matplotlib.figure import Figure

from emotion_recognition.files import written_whole


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
    best = max(history, key=lambda row: row["val_accuracy"])
    figure.suptitle(f"{title}: {best['val_accuracy']:.1%} on validation in epoch {best['epoch']}")
    save_figure(figure, path)
