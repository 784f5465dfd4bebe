"""Is a map of importance right? Two checks, and what they give as rows of a table.

Deletion and insertion (Petsiuk et al., 2018, "RISE", section 3.4): parts of a face are covered, or uncovered, in the
order of their importance, and the area under the curve of the emotion's probability is measured. Whoever covers first
what matters makes it fall at once (a small area), whoever uncovers that first makes it rise at once (a large area).
Every map is held against random order and against a blob in the middle of the picture, which knows nothing of the face.

Randomisation (Adebayo et al., 2018, "Sanity Checks for Saliency Maps", section 3): a map that stays nearly the same
when the weights of the network are shuffled does not tell what the network has learned. Alike is what correlates: the
measure is the ordinary correlation of the two maps' pixels (the article takes that of their ranks).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.evaluation.metrics import DEVIATIONS
from emotion_recognition.explanation.occlusion import Classify, Faces, Indices, Maps
from emotion_recognition.images import FACE_SIZE

# Parts are blocks of so many pixels in width and height, and a step takes so many of them. Single pixels in random
# order would be noise, which confuses a network more than a missing part of a face: on 100 faces, the deletion area of
# random order is then 0.244, not 0.321, while the others stay (occlusion 0.160, class activation 0.271, blob 0.274).
BLOCK, BLOCKS_A_STEP = 4, 6
GRID = FACE_SIZE // BLOCK
STEPS = GRID**2 // BLOCKS_A_STEP

RANDOM, BLOB = "random order", "centre blob"

# A map that is more alike than this to that of shuffled weights is not taken for one of the network.
LARGEST_SIMILARITY = 0.5

Row = dict[str, Any]


def check(
    method: str,
    make_maps: Callable[[Faces, Indices], Maps],
    classify: Classify,
    network: keras.Model,
    faces: Faces,
    chosen: Indices,
) -> list[Row]:
    """Return a row of figures for a method and for both baselines.

    `make_maps` and `classify` use the weights that `network` has when they are called. The areas are means over the
    faces; the differences to the baselines have half the width of their 95 % intervals beside them. The similarity is
    that of the maps to those of shuffled weights, of baselines 1: they know no network.
    """
    print(f"{method}: maps, and maps of shuffled weights", flush=True)
    maps = {method: make_maps(faces, chosen), RANDOM: random_maps(len(faces)), BLOB: centre_blobs(len(faces))}
    with shuffled_weights(network):
        similarity = {method: similarities(maps[method], make_maps(faces, chosen)).mean()}
    areas = {}
    for name, each in maps.items():
        print(f"{name}: deletion and insertion", flush=True)
        areas[name] = curve_areas(classify, faces, chosen, each)
    rows = []
    for name, (deletion, insertion) in areas.items():
        row: Row = {"method": name, "faces": len(faces), "deletion": deletion.mean(), "insertion": insertion.mean()}
        for baseline in (RANDOM, BLOB):
            difference, margin = mean_with_margin(deletion - areas[baseline][0])
            row |= {f"deletion minus {baseline}": difference, f"{baseline} margin": margin}
        rows.append({**row, "similarity when shuffled": similarity.get(name, 1.0)})
    return rows


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows as lines for people, and a sentence about the method, which is the first of them."""
    lines = [f"{'':18}{'deletion':>10}{'insertion':>11}{'deletion minus':>26}{'similarity':>21}"]
    lines.append(f"{'':18}{'(less is':>10}{'(more is':>11}{'random order':>18}{'centre blob':>17}{'when shuffled':>18}")
    for row in rows:
        differences = "".join(
            f"{row[f'deletion minus {baseline}']:+9.3f} +- {row[f'{baseline} margin']:.3f}"
            for baseline in (RANDOM, BLOB)
        )
        lines.append(
            f"{row['method']:18}{row['deletion']:10.3f}{row['insertion']:11.3f}{differences}"
            f"{row['similarity when shuffled']:+18.2f}"
        )
    return [*lines, "", verdict(rows[0])]


def verdict(row: Row) -> str:
    """Return in a sentence whether a method beats both baselines on deletion, beyond doubt, and knows the network."""
    # Asked so that NaN, where nothing was measured, beats nothing.
    unbeaten = [each for each in (RANDOM, BLOB) if not row[f"deletion minus {each}"] + row[f"{each} margin"] < 0]
    faults = [f"does not beat {' or '.join(unbeaten)} on deletion"] if unbeaten else []
    if row["similarity when shuffled"] > LARGEST_SIMILARITY:
        faults.append("hardly changes when the weights are shuffled")
    passes = "passes: it beats both on deletion, and changes with the weights"
    return f"{row['method']} {' and '.join(faults) or passes}."


def random_maps(number: int, seed: int = 0) -> Maps:
    """Return maps without any meaning, the same ones for the same seed."""
    return np.random.default_rng(seed).random((number, FACE_SIZE, FACE_SIZE), np.float32)


def centre_blobs(number: int) -> Maps:
    """Return maps that fall from the middle of the picture to its corners."""
    away = np.linspace(-1, 1, FACE_SIZE, dtype=np.float32) ** 2
    return np.broadcast_to(2 - away - away[:, np.newaxis], (number, FACE_SIZE, FACE_SIZE))


def curve_areas(
    classify: Classify, faces: Faces, chosen: Indices, maps: Maps
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Return the areas under the deletion and the insertion curve of each face, float (n,), 0 to 1.

    What is covered is painted in the mean gray of the face; a curve goes from nothing to everything in `STEPS` steps.
    """
    areas = []
    steps = np.arange(STEPS + 1).reshape(-1, 1, 1) * BLOCKS_A_STEP
    for face, order, emotion in zip(faces, block_orders(maps), chosen, strict=True):
        is_taken = order < steps
        gray = np.uint8(round(face.mean()))
        views = np.concatenate([np.where(is_taken, gray, face), np.where(is_taken, face, gray)])
        curves = classify(views)[:, emotion].reshape(2, -1)
        areas.append(np.trapezoid(curves, dx=1 / STEPS, axis=1))
    deletion, insertion = np.transpose(areas)
    return deletion, insertion


def block_orders(maps: Maps) -> npt.NDArray[np.integer]:
    """Return of each pixel the place of its block in the order of importance, int (n, 48, 48), 0 the most important."""
    importance = np.reshape(maps, (-1, GRID, BLOCK, GRID, BLOCK)).mean(axis=(2, 4)).reshape(-1, GRID**2)
    places = np.argsort(np.argsort(-importance, axis=1, kind="stable"), axis=1)
    return places.reshape(-1, GRID, GRID).repeat(BLOCK, axis=1).repeat(BLOCK, axis=2)


@contextmanager
def shuffled_weights(network: keras.Model, seed: int = 0) -> Iterator[None]:
    """Permute the values within every array of the network's weights inside the block, and restore them after it."""
    weights, generator = network.get_weights(), np.random.default_rng(seed)
    network.set_weights([generator.permutation(each.ravel()).reshape(each.shape) for each in weights])
    try:
        yield
    finally:
        network.set_weights(weights)


def similarities(maps: Maps, others: Maps) -> npt.NDArray[np.floating]:
    """Return the correlation of each map with its other one, float (n,), -1 to 1; 0 where one is flat."""
    pairs = list(zip(maps, others, strict=True))
    return np.array([0 if any(np.ptp(each) == 0 for each in pair) else correlation(*pair) for pair in pairs])


def correlation(importance: Maps, other: Maps) -> float:
    """Return the correlation of the pixels of two maps, -1 to 1."""
    return np.corrcoef(importance.ravel(), other.ravel())[0, 1]


def mean_with_margin(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % interval (normal approximation)."""
    return float(values.mean()), float(DEVIATIONS * values.std(ddof=1) / np.sqrt(len(values)))
