"""Areas and text, painted into pictures: uint8 (height, width, 3). Colours are blue, green, red.

Text has the typeface that comes with Pillow. Its size is the height of its capitals, in pixels.
"""

import functools
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from emotion_recognition.faces.boxes import Box, shared_pixels

Colour = tuple[int, int, int]

# How high the typeface's capitals are, as a part of its size, and how high a line of text is, as a multiple of them.
CAPITALS, LINE = 0.7, 1.7
# Heights of capitals: in pixels what can just be read, and as parts of the picture's shorter side what still can be
# where a large picture is made to fit the screen, and what is wanted.
SMALLEST_TEXT, SMALL_TEXT, USUAL_TEXT = 8, 1 / 90, 1 / 45
# Text is drawn so many times as large and shrunk: letters lie at whole pixels, and small words would run together.
FINER = 2


def fill(canvas: np.ndarray, box: Box, colour: Colour) -> None:
    """Paint a box."""
    x, y, width, height = box
    canvas[max(0, y) : y + height, max(0, x) : x + width] = colour


def paste(canvas: np.ndarray, picture: np.ndarray, x: int, y: int) -> None:
    """Lay a picture over the canvas, its upper left corner at (x, y); what sticks out at the right or below is cut."""
    area = canvas[y : y + picture.shape[0], x : x + picture.shape[1]]
    area[:] = picture[: area.shape[0], : area.shape[1]]


# Text is drawn anew only where it has changed: that takes longer than all the rest of the drawing.
@functools.lru_cache(maxsize=512)
def label(text: str, size: int, colour: Colour, ground: Colour) -> np.ndarray:
    """Return a line of text on a ground, uint8 (height, width, 3), read-only, as large as `measure` says."""
    width, height = measure(text, size)
    mask = Image.new("L", (FINER * width, FINER * height))
    start = FINER * (size // 2), FINER * ((height + size) // 2)
    ImageDraw.Draw(mask).text(start, text, fill=255, font=typeface(FINER * size), anchor="ls")
    shades = np.linspace(ground, colour, 256).round().astype(np.uint8)
    picture = shades[np.asarray(mask.reduce(FINER))]
    picture.setflags(write=False)
    return picture


@functools.lru_cache(maxsize=1024)
def measure(text: str, size: int) -> tuple[int, int]:
    """Return width and height of a line of text, with its margins."""
    return math.ceil(typeface(FINER * size).getlength(text) / FINER) + size, round(LINE * size)


@functools.lru_cache(maxsize=32)
def typeface(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the typeface that comes with Pillow."""
    return ImageFont.load_default(size / CAPITALS)


def text_size(canvas: np.ndarray, part: float = USUAL_TEXT) -> int:
    """Return the height of capitals in pixels that is this part of the picture's shorter side, but can be read."""
    return max(SMALLEST_TEXT, round(part * min(canvas.shape[:2])))


def first_free(canvas: np.ndarray, places: list[Box], taken: list[Box]) -> Box | None:
    """Return the first place that lies inside the picture and hides nothing; None without any."""
    height, width = canvas.shape[:2]
    for place in places:
        x, y, place_width, place_height = place
        is_inside = x >= 0 and y >= 0 and x + place_width <= width and y + place_height <= height
        if is_inside and not any(shared_pixels(place, other) for other in taken):
            return place
    return None
