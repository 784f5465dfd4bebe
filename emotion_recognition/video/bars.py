"""The bars of all emotions, as a panel beside a face. Colours are blue, green, red."""

import functools

import numpy as np

from emotion_recognition.faces.boxes import Box
from emotion_recognition.labels import COLOURS, DARK, LIGHT
from emotion_recognition.video.paint import LINE, SMALLEST_TEXT, fill, first_free, label, paste, text_size

# Behind a bar, as long as one of 100 %.
WHOLE_BAR = (75, 75, 75)


def draw_bars(canvas: np.ndarray, box: Box, probabilities: dict[str, float], taken: list[Box]) -> Box:
    """Draw a bar for each emotion beside a face; return where. Without room, return the box of the face."""
    size = max(SMALLEST_TEXT, round(0.8 * text_size(canvas)))
    panel, bar_left = empty_panel(tuple(probabilities), size)
    height, width = panel.shape[:2]
    x, y, box_width, box_height = box
    top = max(0, min(y, canvas.shape[0] - height))
    left = max(0, min(x, canvas.shape[1] - width))
    gap = size // 2
    places = [
        (x + box_width + gap, top, width, height),
        (x - width - gap, top, width, height),
        (left, y + box_height + gap, width, height),
        (left, y - height - gap, width, height),
    ]
    place = first_free(canvas, places, taken)
    if place is None:
        return box
    paste(canvas, panel, *place[:2])
    for line, (emotion, probability) in enumerate(probabilities.items()):
        bar = bar_of(line, bar_left, size, probability)
        fill(canvas, (place[0] + bar[0], place[1] + bar[1], *bar[2:]), COLOURS[emotion])
    return place


@functools.lru_cache(maxsize=8)
def empty_panel(emotions: tuple[str, ...], size: int) -> tuple[np.ndarray, int]:
    """Return a panel of bars, uint8 (height, width, 3), read-only, before any bar is filled, and where bars begin."""
    names = [label(emotion, size, LIGHT, DARK) for emotion in emotions]
    bar_left = max(name.shape[1] for name in names)
    line = names[0].shape[0]
    panel = np.full((line * len(names) + size // 2, bar_left + 5 * size, 3), DARK, np.uint8)
    for number, name in enumerate(names):
        paste(panel, name, 0, number * line + size // 4)
        fill(panel, bar_of(number, bar_left, size, 1.0), WHOLE_BAR)
    panel.setflags(write=False)
    return panel, bar_left


def bar_of(number: int, left: int, size: int, probability: float) -> Box:
    """Return where in a panel the bar of an emotion lies."""
    line = round(LINE * size)
    return left, number * line + size // 4 + (line - size) // 2, max(1, round(4.5 * size * probability)), size
