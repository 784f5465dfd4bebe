"""Figures of what decides: maps of importance laid over faces."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from emotion_recognition.evaluation.figures import new_figure
from emotion_recognition.explanation.explained_faces import ExplainedFace, Place
from emotion_recognition.explanation.occlusion import Maps
from emotion_recognition.explanation.regions import MeanMap, region_masks
from emotion_recognition.faces.views import DEFAULT_VIEWS
from emotion_recognition.images import FACE_SIZE
from emotion_recognition.labels import AGAINST, COLOURS, FOR
from emotion_recognition.recogniser import Face

Shade = tuple[float, float, float, float]


def shade(colour: tuple[int, int, int], opacity: float = 1.0) -> Shade:
    """Return a colour of `labels` as Matplotlib takes it."""
    blue, green, red = (level / 255 for level in colour)
    return red, green, blue, opacity


# Where there is nothing, the face is seen as it is.
HEAT = LinearSegmentedColormap.from_list(
    "heat", [(0, shade(AGAINST, 0.8)), (0.5, shade(AGAINST, 0)), (0.5, shade(FOR, 0)), (1, shade(FOR, 0.8))]
)
# The places in a face are those of its pixels' centres, from 0 to 47.
EDGES = (-0.5, FACE_SIZE - 0.5, FACE_SIZE - 0.5, -0.5)
# In inches: of a face, and how high the key of the colours is.
SIZE, KEY_HEIGHT = 2.0, 0.55
# In letters, above a picture.
LONGEST_NAME = 28
Array = npt.NDArray[np.floating]


def show_face(axes: Axes, face: npt.NDArray[Any], title: str = "") -> None:
    """Draw a gray face, (48, 48), without axes; its darkest and lightest levels become black and white."""
    axes.imshow(face, cmap="gray", extent=EDGES, interpolation="bilinear")
    axes.set(xticks=[], yticks=[], xlim=EDGES[:2], ylim=EDGES[2:])
    axes.set_title(title, size=9)


def shortened(name: str) -> str:
    """Return the name of a file so that it fits above a picture: of a long one, both ends."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 2]}…{name[1 - LONGEST_NAME // 2 :]}"


def show_place(axes: Axes, place: Place, title: str = "") -> None:
    """Draw a picture, and a box around the face in it."""
    x, y, width, height = place.box
    axes.imshow(place.picture[..., ::-1])
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor="yellow", linewidth=2))
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, size=9)


def show_key(figure: Figure, axes: Sequence[Axes]) -> None:
    """Draw what the colours of maps say, below all axes."""
    mappable = ScalarMappable(Normalize(-1, 1), HEAT)
    fraction = 0.25 * KEY_HEIGHT / figure.get_figheight()
    key = figure.colorbar(mappable, ax=axes, location="bottom", fraction=fraction, pad=fraction, aspect=30, shrink=0.4)
    key.set_ticks([-1, 0, 1], labels=["most against it", "nothing", "speaks most for it"], size=8)


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


def show_probabilities(axes: Axes, face: Face, chosen: str) -> None:
    """Draw a bar for each emotion, with its percent; the name of the chosen one is bold."""
    emotions = list(face.probabilities)
    bars = axes.barh(
        emotions,
        list(face.probabilities.values()),
        color=[shade(COLOURS[emotion]) for emotion in emotions],
        edgecolor="dimgray",
        linewidth=0.5,
    )
    axes.bar_label(bars, [f"{value:.0%}" for value in face.probabilities.values()], padding=2, size=8)
    axes.set(xlim=(0, 1.25), xticks=[])
    axes.invert_yaxis()
    axes.tick_params(length=0, labelsize=8)
    axes.get_yticklabels()[emotions.index(chosen)].set_fontweight("bold")
    axes.spines[:].set_visible(False)
    axes.set_title(
        f"unclear: {face.emotion} or {face.unclear}" if face.unclear else f"mean of {DEFAULT_VIEWS} views", size=9
    )


def explained_faces(
    faces: Sequence[ExplainedFace],
    chosen: Sequence[str],
    maps: Maps,
    method: str,
    masks: Maps | None,
    corners: Array | None,
    path: str | Path,
) -> None:
    """Draw a row for each face: where it is in its picture, its map, where its network looks, and what is read of it.

    `chosen` has the emotion that each of the `maps` explains. `masks` (n, 48, 48) and `corners` (n, 4, 2) are None for
    networks that have none (see `attention`).
    """
    columns = 4 + (masks is not None) + (corners is not None)
    height = (SIZE + 0.35) * len(faces) + 0.3 + KEY_HEIGHT
    with new_figure(path, SIZE * columns + 0.7, height) as figure:
        grid = figure.subplots(len(faces), columns, squeeze=False)
        for row, (axes, face) in enumerate(zip(grid, faces, strict=True)):
            left = iter(axes)
            show_place(next(left), face.place, f"{shortened(Path(face.source).name)}\nface {face.number}")
            show_face(next(left), face.crop, "what the model sees")
            show_map(next(left), face.crop, maps[row], f"{chosen[row]}: {method}")
            if masks is not None:
                show_mask(next(left), face.crop, masks[row], "spatial mask")
            if corners is not None:
                show_corners(next(left), face.crop, corners[row], "spatial transformer")
            show_probabilities(next(left), face.read, chosen[row])
        show_key(figure, list(grid.flat))


def emotion_regions(means: dict[str, MeanMap], path: str | Path) -> None:
    """Draw the mean map of each emotion over its mean face, and the regions."""
    columns = 4
    rows = math.ceil((1 + len(means)) / columns)
    with new_figure(path, SIZE * columns, (SIZE + 0.4) * rows + 0.5 + KEY_HEIGHT) as figure:
        places = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in places[len(means) + 1 :]:
            axes.axis("off")
        for axes, (emotion, mean) in zip(places, means.items(), strict=False):
            show_map(axes, mean.face, mean.importance, f"{emotion} ({mean.number} face{'s' * (mean.number > 1)})")
        axes = places[len(means)]
        show_face(axes, np.mean([mean.face for mean in means.values()], axis=0), "regions of the table")
        for mask in region_masks().values():
            axes.contour(mask, levels=[0.5], colors="yellow", linewidths=1)
        show_key(figure, list(places))
        figure.suptitle("What decides: by how much covering a place lowers the emotion's probability", size=10)
