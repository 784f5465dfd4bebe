"""What is drawn on a picture: boxes, names and bars, maps of what decides. Colours are blue, green, red."""

import math
from dataclasses import replace

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box
from emotion_recognition.labels import AGAINST, COLOURS, DARK, FOR, LIGHT
from emotion_recognition.recogniser import Face, Picture, check_picture
from emotion_recognition.video.bars import draw_bars
from emotion_recognition.video.paint import (
    SMALL_TEXT,
    Colour,
    fill,
    first_free,
    label,
    measure,
    paste,
    text_size,
)

# Of each face, float (48, 48), or None where there is none.
Maps = list[np.ndarray | None]

KEYS = [
    "q, Esc   end",
    "s   save a snapshot",
    "m   mirror the view",
    "space   pause a video",
    "h   show what decides",
    "left, right   previous, next",
    "?   these keys",
]

# Where a map is strongest, so much of the face is covered.
LARGEST_OPACITY = 0.6
# A map in which no probability falls by more than this is hardly seen.
FAINTEST_FALL = 0.05

# The bars of more faces would hide the picture.
MOST_WITH_BARS = 3
# A smaller frame is enlarged, for a name to fit into it.
SMALLEST_WIDTH, SMALLEST_HEIGHT = 240, 160
# No side is enlarged beyond this: a strip that is one pixel high, in a file of some bytes, would fill gigabytes.
LONGEST_SIDE = 8192


def draw_faces(picture: Picture, faces: list[Face]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), with a box around every face, its emotion and percent.

    `picture` is what `EmotionRecogniser.read` takes: gray, blue-green-red or a path. Beside up to three faces stand the
    bars of all emotions, where there is room. A picture below 240x160 pixels is enlarged by a whole number, so that
    names can be read (the boxes of `faces` no longer fit it then), unless it is a long strip.
    """
    pixels = check_picture(picture)
    height, width = pixels.shape[:2]
    wanted = math.ceil(max(SMALLEST_WIDTH / width, SMALLEST_HEIGHT / height))
    factor = max(1, min(wanted, LONGEST_SIDE // max(width, height)))
    coloured = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.ndim == 2 else pixels
    canvas = cv2.resize(coloured, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    size = text_size(canvas)
    # The largest face chooses first where its name and its bars stand.
    faces = sorted(faces, key=lambda face: -face.box[2])
    boxes = [scaled(face.box, factor) for face in faces]
    taken = list(boxes)
    for box, face in zip(boxes, faces, strict=True):
        draw_box(canvas, box, COLOURS[face.emotion], line_width=max(2, size // 6))
    for box, face in zip(boxes, faces, strict=True):
        taken.append(draw_name(canvas, box, name_of(face), COLOURS[face.emotion], taken))
    for box, face in zip(boxes, faces, strict=True):
        if len(faces) <= MOST_WITH_BARS:
            taken.append(draw_bars(canvas, box, face.probabilities, taken))
    return canvas


def draw_heat(picture: np.ndarray, faces: list[Face], maps: Maps) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), with maps of importance laid over the faces.

    A map is float (48, 48), above 0 where something speaks for the emotion; None is no map.
    """
    canvas = picture.copy()
    for face, importance in zip(faces, maps, strict=True):
        if importance is None:
            continue
        x, y, width, height = face.box
        strength = importance / max(np.abs(importance).max(), FAINTEST_FALL)
        strength = cv2.resize(strength.astype(np.float32), (width, height))[..., np.newaxis]
        opacity, colours = LARGEST_OPACITY * np.abs(strength), np.where(strength > 0, FOR, AGAINST)
        area = canvas[y : y + height, x : x + width]
        area[:] = np.round((1 - opacity) * area + opacity * colours).astype(np.uint8)
    return canvas


def annotate(picture: np.ndarray, faces: list[Face], maps: Maps, is_mirrored: bool = False) -> np.ndarray:
    """Return a copy of the picture with maps, their key and faces, mirrored (but not its text) if asked for."""
    if is_mirrored:
        picture, faces = cv2.flip(picture, 1), mirrored(faces, picture.shape[1])
        maps = [None if importance is None else importance[:, ::-1] for importance in maps]
    if not maps:
        return draw_faces(picture, faces)
    canvas = draw_faces(draw_heat(picture, faces, maps), faces)
    size = text_size(canvas)
    bottom, right = canvas.shape[:2]
    for text, colour in (("against it", AGAINST), ("speaks for it", FOR)):
        key = label(text, size, DARK, colour)
        bottom, left = max(0, bottom - key.shape[0]), max(0, right - key.shape[1])
        paste(canvas, key, left, bottom)
    return canvas


def mirrored(faces: list[Face], width: int) -> list[Face]:
    """Return the faces as they lie in the mirrored picture of this width."""
    boxes = [(width - x - box_width, y, box_width, height) for x, y, box_width, height in (face.box for face in faces)]
    return [replace(face, box=box) for face, box in zip(faces, boxes, strict=True)]


def name_of(face: Face) -> str:
    """Return what is written at a face: its number in a video, its emotion and how probable that is."""
    number = "" if face.track is None else f"{face.track} "
    if face.unclear:
        return f"{number}unclear: {face.emotion} or {face.unclear}"
    return f"{number}{face.emotion} {face.probabilities[face.emotion]:.0%}"


def scaled(box: Box, factor: int) -> Box:
    """Return the box in a picture that is enlarged by a factor."""
    x, y, width, height = box
    return factor * x, factor * y, factor * width, factor * height


def draw_notes(picture: np.ndarray, lines: list[str]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), with lines of text in its lower left corner."""
    canvas = picture.copy()
    if lines:
        labels = [label(line, text_size(canvas), LIGHT, DARK) for line in lines]
        top = max(0, canvas.shape[0] - sum(each.shape[0] for each in labels))
        fill(canvas, (0, top, max(each.shape[1] for each in labels), canvas.shape[0]), DARK)
        for number, each in enumerate(labels):
            paste(canvas, each, 0, top + number * each.shape[0])
    return canvas


def draw_box(canvas: np.ndarray, box: Box, colour: Colour, line_width: int) -> None:
    """Draw the edge of a box, with a dark line around it that is seen on light ground."""
    x, y, width, height = box
    for line, thickness in ((DARK, line_width + 2), (colour, line_width)):
        cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), line, thickness)


def draw_name(canvas: np.ndarray, box: Box, name: str, colour: Colour, taken: list[Box]) -> Box:
    """Write the name of a face above its box, or else below or inside it; small for a small face. Return where."""
    usual = text_size(canvas)
    size = max(text_size(canvas, SMALL_TEXT), min(usual, usual * box[2] // measure(name, usual)[0]))
    place = place_name(canvas, box, measure(name, size), taken)
    paste(canvas, label(name, size, DARK, colour), *place[:2])
    return place


def place_name(canvas: np.ndarray, box: Box, size: tuple[int, int], taken: list[Box]) -> Box:
    """Return where a name of this size stands: above the box, below it where something is there, or else inside."""
    x, y, _, box_height = box
    left = max(0, min(x, canvas.shape[1] - size[0]))
    places = [(left, y - size[1], *size), (left, y + box_height, *size)]
    return first_free(canvas, places, taken) or (left, y, *size)
