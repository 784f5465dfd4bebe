"""Figures of what decides: maps of importance laid over faces."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from emotion_recognition.evaluation.figures import save_figure
from emotion_recognition.explanation.regions import region_masks
from emotion_recognition.images import FACE_SIZE

# Red speaks for the emotion, blue against it, and where there is nothing the face is seen as it is.
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0, 0.25, 1, 0.75), (0.2, 0.5, 1, 0.25), (1, 1, 1, 0), (1, 0.5, 0, 0.35), (0.9, 0, 0, 0.8)]
)
# The places in a face are those of its pixels' centres, from 0 to 47.
EDGES = (-0.5, FACE_SIZE - 0.5, FACE_SIZE - 0.5, -0.5)
SIZE = 2.0


def show_face(axes, face, title=""):
    """Draw a gray face, (48, 48), without axes; its darkest and lightest levels become black and white."""
    axes.imshow(face, cmap="gray", extent=EDGES, interpolation="bilinear")
    axes.set(xticks=[], yticks=[], xlim=EDGES[:2], ylim=EDGES[2:])
    axes.set_title(title, size=9)


def show_map(axes, face, importance, title=""):
    """Draw a face under a map of importance, (48, 48), in colours that end at the map's largest value."""
    show_face(axes, face, title)
    largest = np.abs(importance).max() or 1
    axes.imshow(importance, cmap=HEAT, vmin=-largest, vmax=largest, extent=EDGES, interpolation="bilinear")


def show_mask(axes, face, mask, title=""):
    """Draw a face that is dark where a mask, (48, 48), 0 to 1, is lower than at its highest place."""
    show_face(axes, face * (mask / (mask.max() or 1)), title)


def show_corners(axes, face, corners, title=""):
    """Draw a face and the quadrilateral that is sampled from it, (4, 2), x and y in pixels, also beyond the border."""
    show_face(axes, face, title)
    axes.add_patch(Polygon(corners, fill=False, edgecolor="yellow", linewidth=2, clip_on=False))
    low, high = np.minimum(corners.min(axis=0) - 1, -0.5), np.maximum(corners.max(axis=0) + 1, FACE_SIZE - 0.5)
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))


def show_probabilities(axes, probabilities, emotions, chosen):
    """Draw a bar for each emotion; that of the chosen one is red."""
    colours = ["tab:red" if place == chosen else "tab:gray" for place in range(len(emotions))]
    bars = axes.barh(emotions, probabilities, color=colours)
    axes.bar_label(bars, [f"{value:.0%}" for value in probabilities], padding=2, size=8)
    axes.set(xlim=(0, 1.25), xticks=[])
    axes.invert_yaxis()
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)


def explained_faces(faces, names, chosen, probabilities, emotions, maps, masks, corners, path):
    """Draw a row for each face: what it is called, its maps, where its network looks, and its probabilities.

    `maps` holds by the names of the methods float (n, 48, 48); `masks` (n, 48, 48) and `corners` (n, 4, 2) are None for
    networks that have none (see `explanation`).
    """
    columns = 2 + len(maps) + (masks is not None) + (corners is not None)
    figure = Figure(figsize=(SIZE * columns + 0.7, (SIZE + 0.35) * len(faces) + 0.3), layout="constrained")
    for row, places in enumerate(figure.subplots(len(faces), columns, squeeze=False)):
        places, face, emotion = iter(places), faces[row], emotions[chosen[row]]
        show_face(next(places), face, names[row])
        for method, each in maps.items():
            show_map(next(places), face, each[row], f"{emotion}: {method}")
        if masks is not None:
            show_mask(next(places), face, masks[row], "spatial mask")
        if corners is not None:
            show_corners(next(places), face, corners[row], "spatial transformer")
        show_probabilities(next(places), probabilities[row], emotions, chosen[row])
    save_figure(figure, path)


def emotion_regions(faces: dict, maps: dict, numbers: dict, path):
    """Draw the mean map of each emotion over its mean face, and the regions; the arguments are those of `mean_maps`."""
    columns = 4
    rows = -(-(1 + len(maps)) // columns)
    figure = Figure(figsize=(SIZE * columns, (SIZE + 0.4) * rows + 0.5), layout="constrained")
    places = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in places[len(maps) + 1 :]:
        axes.axis("off")
    for axes, (emotion, importance) in zip(places, maps.items(), strict=False):
        show_map(axes, faces[emotion], importance, f"{emotion} ({numbers[emotion]} faces)")
    axes = places[len(maps)]
    show_face(axes, np.mean(list(faces.values()), axis=0), "regions of the table")
    for mask in region_masks().values():
        axes.contour(mask, levels=[0.5], colors="yellow", linewidths=1)
    figure.suptitle("What decides: places whose covering lowers the emotion's probability are red", size=10)
    save_figure(figure, path)
