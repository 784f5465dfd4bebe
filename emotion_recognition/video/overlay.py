"""What is drawn on a picture: boxes, names and bars, heat maps. Colours are blue, green, red."""

from dataclasses import replace

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box, shared_pixels
from emotion_recognition.labels import COLOURS
from emotion_recognition.recogniser import Face
from emotion_recognition.video.paint import Colour, fill, text_width, write

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

DARK, LIGHT = (30, 30, 30), (240, 240, 240)
# Of heat maps: what speaks for an emotion, and against it; where most does, so much of the face is covered.
FOR, AGAINST, LARGEST_OPACITY = (0, 0, 230), (255, 80, 0), 0.6
# A map in which no probability falls by more than this is hardly seen.
FAINTEST_FALL = 0.05

# Heights of text in pixels: smaller cannot be read, larger is in the way.
SMALLEST_TEXT, LARGEST_TEXT = 10, 24
# A smaller frame is enlarged, for a name to fit into it.
SMALLEST_WIDTH, SMALLEST_HEIGHT = 240, 160
# A strip is not enlarged beyond: of one that is a pixel high and a file of some bytes, gigabytes would come.
LONGEST_SIDE = 8192


def draw_faces(picture: np.ndarray, faces: list[Face]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), on which every face has its box, emotion and bars.

    A picture below 240x160 pixels is enlarged by a whole number, so that names can be read (boxes no longer fit it),
    unless it is a long strip.
    """
    height, width = picture.shape[:2]
    wanted = max(-(-SMALLEST_WIDTH // width), -(-SMALLEST_HEIGHT // height))
    factor = max(1, min(wanted, LONGEST_SIDE // max(width, height)))
    canvas = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    text_height = int(np.clip(min(canvas.shape[:2]) / 36, SMALLEST_TEXT, LARGEST_TEXT))
    boxes = [scaled(face.box, factor) for face in faces]
    names = [name_of(face) for face in faces]
    strips = [place_name(canvas, box, name, text_height) for box, name in zip(boxes, names, strict=True)]
    taken = boxes + strips
    # The largest face chooses first where the names of its bars stand.
    for box, face in sorted(zip(boxes, faces, strict=True), key=lambda pair: -pair[0][2]):
        taken.append(draw_bars(canvas, box, face.probabilities, taken, text_height))
    for box, strip, name, face in zip(boxes, strips, names, faces, strict=True):
        draw_name(canvas, box, strip, name, COLOURS[face.emotion], line_width=max(1, text_height // 6))
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
    """Return a copy of the picture with heat maps and faces, mirrored (but not its text) if asked for."""
    if is_mirrored:
        picture, faces = cv2.flip(picture, 1), mirrored(faces, picture.shape[1])
        maps = [None if importance is None else importance[:, ::-1] for importance in maps]
    return draw_faces(draw_heat(picture, faces, maps) if maps else picture, faces)


def mirrored(faces: list[Face], width: int) -> list[Face]:
    """Return the faces as they lie in the mirrored picture of this width."""
    boxes = [(width - x - box_width, y, box_width, height) for x, y, box_width, height in (face.box for face in faces)]
    return [replace(face, box=box) for face, box in zip(faces, boxes, strict=True)]


def name_of(face: Face) -> str:
    """Return what is written at a face: its number in a video, its emotion and how probable that is."""
    number = "" if face.track is None else f"{face.track} "
    return f"{number}{face.emotion} {face.probabilities[face.emotion]:.0%}"


def scaled(box: Box, factor: int) -> Box:
    """Return the box in a picture that is enlarged by a factor."""
    x, y, width, height = box
    return factor * x, factor * y, factor * width, factor * height


def draw_notes(picture: np.ndarray, lines: list[str]) -> np.ndarray:
    """Return a copy of the picture, uint8 (height, width, 3), with lines of text in its lower left corner."""
    canvas = picture.copy()
    if lines:
        # A large picture is shown at the size of the screen, where its text should be read too.
        height = max(SMALLEST_TEXT, min(canvas.shape[1] // 80, canvas.shape[0] // (2 * len(lines) + 2)))
        top = canvas.shape[0] - 2 * height * len(lines)
        width = max(text_width(line, height) for line in lines) + height
        fill(canvas, (0, top, width, 2 * height * len(lines)), DARK, opacity=0.6)
        for number, line in enumerate(lines):
            write(canvas, line, height // 2, top + 2 * height * number + round(1.5 * height), height, LIGHT)
    return canvas


def place_name(canvas: np.ndarray, box: Box, name: str, text_height: int) -> Box:
    """Return the strip for a name above the box, or inside it at the picture's upper edge; small for a small face."""
    x, y, width, _ = box
    height = max(SMALLEST_TEXT, min(text_height, text_height * width // (text_width(name, text_height) + text_height)))
    strip_width, strip_height = text_width(name, height) + height, 2 * height
    left = max(0, min(x, canvas.shape[1] - strip_width))
    return left, (y - strip_height if y >= strip_height else y), strip_width, strip_height


def draw_name(canvas: np.ndarray, box: Box, strip: Box, name: str, colour: Colour, line_width: int) -> None:
    """Draw the box and the name in its strip."""
    x, y, width, height = box
    left, top, _, strip_height = strip
    text_height = strip_height // 2
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), colour, line_width)
    fill(canvas, strip, colour)
    write(canvas, name, left + text_height // 2, top + round(1.5 * text_height), text_height, DARK)


def draw_bars(canvas: np.ndarray, box: Box, probabilities: dict[str, float], taken: list[Box], text_height: int) -> Box:
    """Draw a bar for each emotion, with its name beside the face or else in the box without names; return where."""
    text_height = max(SMALLEST_TEXT, min(round(0.8 * text_height), box[3] // 10))
    names_width = max(text_width(emotion, text_height) for emotion in probabilities)
    line_height = round(1.6 * text_height)
    size = names_width + 6 * text_height, line_height * len(probabilities) + text_height
    panel = find_room(canvas, box, *size, taken)
    if panel is None:
        draw_plain_bars(canvas, box, probabilities)
        return box
    left, top = panel[:2]
    fill(canvas, panel, DARK, opacity=0.6)
    bar_left = left + names_width + text_height
    for line, (emotion, probability) in enumerate(probabilities.items()):
        baseline = top + text_height // 2 + line * line_height + round(1.3 * text_height)
        write(canvas, emotion, left + text_height // 2, baseline, text_height, LIGHT)
        length = max(1, round(probability * 4.5 * text_height))
        fill(canvas, (bar_left, baseline - text_height, length, text_height), COLOURS[emotion])
    return panel


def find_room(canvas: np.ndarray, box: Box, width: int, height: int, taken: list[Box]) -> Box | None:
    """Return the first free place for a panel of this size beside the face, or inside a large one; None without any."""
    x, y, box_width, box_height = box
    top = max(0, min(y, canvas.shape[0] - height))
    for panel in ((x + box_width, top, width, height), (x - width, top, width, height)):
        is_inside = panel[0] >= 0 and panel[0] + width <= canvas.shape[1] and top + height <= canvas.shape[0]
        if is_inside and not any(shared_pixels(panel, other) for other in taken):
            return panel
    if 2 * width <= box_width and 2 * height <= box_height:
        return x, y + box_height - height, width, height
    return None


def draw_plain_bars(canvas: np.ndarray, box: Box, probabilities: dict[str, float]) -> None:
    """Draw upright bars without names along the lower edge of the box, up to a quarter of its height."""
    x, y, width, height = box
    edges = np.linspace(x, x + width, len(probabilities) + 1).astype(int)
    for left, right, (emotion, probability) in zip(edges, edges[1:], probabilities.items(), strict=False):
        bar_height = max(1, round(probability * height / 4))
        fill(canvas, (left, y + height - bar_height, max(1, right - left - 1), bar_height), COLOURS[emotion])
