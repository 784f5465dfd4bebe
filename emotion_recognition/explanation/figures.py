"""Figures of what decides: maps of importance laid over faces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Polygon

from emotion_recognition.evaluation.figures import new_figure
from emotion_recognition.explanation.occlusion import Faces, Maps, Places
from emotion_recognition.explanation.regions import MeanMap, region_masks
from emotion_recognition.images import FACE_SIZE

# Red speaks for the emotion, blue against it, and where there is nothing the face is seen as it is.
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0, 0.25, 1, 0.75), (0.2, 0.5, 1, 0.25), (1, 1, 1, 0), (1, 0.5, 0, 0.35), (0.9, 0, 0, 0.8)]
)
# The places in a face are those of its pixels' centres, from 0 to 47.
EDGES = (-0.5, FACE_SIZE - 0.5, FACE_SIZE - 0.5, -0.5)
SIZE = 2.0
Array = npt.NDArray[np.floating]


def show_face(axes: Axes, face: npt.NDArray[Any], title: str = "") -> None:
    """Draw a gray face, (48, 48), without axes; its darkest and lightest levels become black and white."""
    axes.imshow(face, cmap="gray", extent=EDGES, interpolation="bilinear")
    axes.set(xticks=[], yticks=[], xlim=EDGES[:2], ylim=EDGES[2:])
    axes.set_title(title, size=9)


def show_map(axes: Axes, face: npt.NDArray[Any], importance: Array, title: str = "") -> None:
    """Draw a face under a map of importance, (48, 48), in colours that end at the map's largest value."""
    show_face(axes, face, title)
    largest = np.abs(importance).max() or 1
    axes.imshow(importance, cmap=HEAT, vmin=-largest, vmax=largest, extent=EDGES, interpolation="bilinear")


def show_mask(axes: Axes, face: npt.NDArray[Any], mask: Array, title: str = "") -> None:
    """Draw a face that is dark where a mask, (48, 48), 0 to 1, is lower than at its highest place."""
    show_face(axes, face * (mask / (mask.max() or 1)), title)


def show_corners(axes: Axes, face: npt.NDArray[Any], corners: Array, title: str = "") -> None:
    """Draw a face and the quadrilateral that is sampled from it, (4, 2), x and y in pixels, also beyond the border."""
    show_face(axes, face, title)
    axes.add_patch(Polygon(corners, fill=False, edgecolor="yellow", linewidth=2, clip_on=False))
    low, high = np.minimum(corners.min(axis=0) - 1, -0.5), np.maximum(corners.max(axis=0) + 1, FACE_SIZE - 0.5)
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))


def show_probabilities(axes: Axes, probabilities: Array, emotions: Sequence[str], chosen: int) -> None:
    """Draw a bar for each emotion; that of the chosen one is red."""
    colours = ["tab:red" if place == chosen else "tab:gray" for place in range(len(emotions))]
    bars = axes.barh(emotions, probabilities, color=colours)
    axes.bar_label(bars, [f"{value:.0%}" for value in probabilities], padding=2, size=8)
    axes.set(xlim=(0, 1.25), xticks=[])
    axes.invert_yaxis()
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)


def explained_faces(
    faces: Faces,
    names: Sequence[str],
    chosen: Places,
    probabilities: Array,
    emotions: Sequence[str],
    maps: Maps,
    method: str,
    masks: Maps | None,
    corners: Array | None,
    path: str | Path,
) -> None:
    """Draw a row for each face: what it is called, its map, where its network looks, and its probabilities.

    `masks` (n, 48, 48) and `corners` (n, 4, 2) are None for networks that have none (see `attention`).
    """
    columns = 3 + (masks is not None) + (corners is not None)
    with new_figure(path, SIZE * columns + 0.7, (SIZE + 0.35) * len(faces) + 0.3) as figure:
        for row, axes in enumerate(figure.subplots(len(faces), columns, squeeze=False)):
            places, face = iter(axes), faces[row]
            show_face(next(places), face, names[row])
            show_map(next(places), face, maps[row], f"{emotions[chosen[row]]}: {method}")
            if masks is not None:
                show_mask(next(places), face, masks[row], "spatial mask")
            if corners is not None:
                show_corners(next(places), face, corners[row], "spatial transformer")
            show_probabilities(next(places), probabilities[row], emotions, chosen[row])


def emotion_regions(means: dict[str, MeanMap], path: str | Path) -> None:
    """Draw the mean map of each emotion over its mean face, and the regions."""
    columns = 4
    rows = -(-(1 + len(means)) // columns)
    with new_figure(path, SIZE * columns, (SIZE + 0.4) * rows + 0.5) as figure:
        places = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in places[len(means) + 1 :]:
            axes.axis("off")
        for axes, (emotion, mean) in zip(places, means.items(), strict=False):
            show_map(axes, mean.face, mean.importance, f"{emotion} ({mean.number} face{'s' * (mean.number > 1)})")
        axes = places[len(means)]
        show_face(axes, np.mean([mean.face for mean in means.values()], axis=0), "regions of the table")
        for mask in region_masks().values():
            axes.contour(mask, levels=[0.5], colors="yellow", linewidths=1)
        figure.suptitle("What decides: places whose covering lowers the emotion's probability are red", size=10)
