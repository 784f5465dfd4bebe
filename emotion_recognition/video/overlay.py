"""What is drawn on a frame: boxes, names and bars. Colours are blue, green, red; boxes are (x, y, width, height)."""

import cv2
import numpy as np

from emotion_recognition.labels import COLOURS

FONT = cv2.FONT_HERSHEY_SIMPLEX
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


def draw_faces(frame: np.ndarray, boxes, probabilities, emotions, winners=None, numbers=None) -> np.ndarray:
    """Return a copy of the frame, uint8 (height, width, 3), on which every face has its box, emotion and bars.

    `probabilities` is float (n, emotions); `winners` are the places of the emotions to name (without them the most
    probable ones), `numbers` stand before the names. A frame below 240x160 pixels is enlarged by a whole number, unless
    it is a long strip.
    """
    height, width = frame.shape[:2]
    wanted = max(-(-SMALLEST_WIDTH // width), -(-SMALLEST_HEIGHT // height))
    factor = max(1, min(wanted, LONGEST_SIDE // max(width, height)))
    canvas = cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    boxes = [tuple(factor * value for value in box) for box in boxes]
    text_height = int(np.clip(min(canvas.shape[:2]) / 36, SMALLEST_TEXT, LARGEST_TEXT))
    if winners is None:
        winners = [int(row.argmax()) for row in probabilities]
    names = [f"{emotions[place]} {row[place]:.0%}" for place, row in zip(winners, probabilities, strict=True)]
    if numbers is not None:
        names = [f"{number} {name}" for number, name in zip(numbers, names, strict=True)]
    strips = [place_name(canvas, box, name, text_height) for box, name in zip(boxes, names, strict=True)]
    taken = boxes + strips
    # The largest face chooses first where the names of its bars stand.
    for index in sorted(range(len(boxes)), key=lambda index: -boxes[index][2]):
        taken.append(draw_bars(canvas, boxes[index], probabilities[index], emotions, taken, text_height))
    for box, strip, name, place in zip(boxes, strips, names, winners, strict=True):
        draw_name(canvas, box, strip, name, COLOURS[emotions[place]], line_width=max(1, text_height // 6))
    return canvas


def draw_heat(frame: np.ndarray, boxes, maps) -> np.ndarray:
    """Return a copy of the frame, uint8 (height, width, 3), with maps of importance laid over the faces in the boxes.

    A map is float (48, 48), above 0 where something speaks for the emotion; None is no map.
    """
    canvas = frame.copy()
    for (x, y, width, height), importance in zip(boxes, maps, strict=True):
        if importance is None:
            continue
        strength = importance / max(np.abs(importance).max(), FAINTEST_FALL)
        strength = cv2.resize(strength.astype(np.float32), (width, height))[..., np.newaxis]
        opacity, colours = LARGEST_OPACITY * np.abs(strength), np.where(strength > 0, FOR, AGAINST)
        face = canvas[y : y + height, x : x + width]
        face[:] = np.round((1 - opacity) * face + opacity * colours).astype(np.uint8)
    return canvas


def draw_frame_rate(frame: np.ndarray, frames_per_second: float) -> np.ndarray:
    """Return a copy of the frame with the frames a second in its lower left corner."""
    canvas = frame.copy()
    text, height = f"{frames_per_second:.0f} frames/s", SMALLEST_TEXT
    bottom = canvas.shape[0]
    fill(canvas, (0, bottom - 2 * height, text_width(text, height) + height, 2 * height), DARK, opacity=0.6)
    write(canvas, text, height // 2, bottom - height // 2, height, LIGHT)
    return canvas


def place_name(canvas, box, name, text_height):
    """Return the strip for a name above the box, or inside it at the picture's upper edge; small for a small face."""
    x, y, width, _ = box
    height = max(SMALLEST_TEXT, min(text_height, text_height * width // (text_width(name, text_height) + text_height)))
    strip_width, strip_height = text_width(name, height) + height, 2 * height
    left = max(0, min(x, canvas.shape[1] - strip_width))
    return left, (y - strip_height if y >= strip_height else y), strip_width, strip_height


def draw_name(canvas, box, strip, name, colour, line_width):
    """Draw the box and the name in its strip."""
    x, y, width, height = box
    left, top, _, strip_height = strip
    text_height = strip_height // 2
    cv2.rectangle(canvas, (x, y), (x + width - 1, y + height - 1), colour, line_width)
    fill(canvas, strip, colour)
    write(canvas, name, left + text_height // 2, top + round(1.5 * text_height), text_height, DARK)


def draw_bars(canvas, box, row, emotions, taken, text_height):
    """Draw a bar for each emotion, with its name beside the face or else in the box without names; return where."""
    text_height = max(SMALLEST_TEXT, min(round(0.8 * text_height), box[3] // 10))
    names_width = max(text_width(emotion, text_height) for emotion in emotions)
    line_height = round(1.6 * text_height)
    size = names_width + 6 * text_height, line_height * len(emotions) + text_height
    panel = find_room(canvas, box, *size, taken)
    if panel is None:
        draw_plain_bars(canvas, box, row, emotions)
        return box
    left, top = panel[:2]
    fill(canvas, panel, DARK, opacity=0.6)
    bar_left = left + names_width + text_height
    for line, (emotion, probability) in enumerate(zip(emotions, row, strict=True)):
        baseline = top + text_height // 2 + line * line_height + round(1.3 * text_height)
        write(canvas, emotion, left + text_height // 2, baseline, text_height, LIGHT)
        length = max(1, round(float(probability) * 4.5 * text_height))
        fill(canvas, (bar_left, baseline - text_height, length, text_height), COLOURS[emotion])
    return panel


def find_room(canvas, box, width, height, taken):
    """Return the first free place for a panel of this size beside the face, or inside a large one; None without any."""
    x, y, box_width, box_height = box
    top = max(0, min(y, canvas.shape[0] - height))
    for panel in ((x + box_width, top, width, height), (x - width, top, width, height)):
        is_inside = panel[0] >= 0 and panel[0] + width <= canvas.shape[1] and top + height <= canvas.shape[0]
        if is_inside and not any(overlap(panel, other) for other in taken):
            return panel
    if 2 * width <= box_width and 2 * height <= box_height:
        return x, y + box_height - height, width, height
    return None


def overlap(box, other) -> bool:
    """Return whether two boxes share a pixel."""
    return (
        box[0] < other[0] + other[2]
        and other[0] < box[0] + box[2]
        and box[1] < other[1] + other[3]
        and other[1] < box[1] + box[3]
    )


def draw_plain_bars(canvas, box, row, emotions):
    """Draw upright bars without names along the lower edge of the box, up to a quarter of its height."""
    x, y, width, height = box
    edges = np.linspace(x, x + width, len(emotions) + 1).astype(int)
    for left, right, emotion, probability in zip(edges, edges[1:], emotions, row, strict=False):
        bar_height = max(1, round(float(probability) * height / 4))
        fill(canvas, (left, y + height - bar_height, max(1, right - left - 1), bar_height), COLOURS[emotion])


def fill(canvas, box, colour, opacity=1.0):
    """Paint a box, opaque or not."""
    x, y, width, height = box
    area = canvas[max(0, y) : y + height, max(0, x) : x + width]
    if opacity == 1:
        area[:] = colour
    else:
        area[:] = np.round((1 - opacity) * area + opacity * np.array(colour)).astype(np.uint8)


def write(canvas, text, x, baseline, height, colour):
    """Write text with capitals of `height` pixels."""
    scale = cv2.getFontScaleFromHeight(FONT, height)
    cv2.putText(canvas, text, (x, baseline), FONT, scale, colour, thickness(height), cv2.LINE_AA)


def text_width(text, height) -> int:
    """Return how many pixels `write` needs."""
    return cv2.getTextSize(text, FONT, cv2.getFontScaleFromHeight(FONT, height), thickness(height))[0][0]


def thickness(height) -> int:
    """Return the strength of the strokes for text of this height."""
    return max(1, height // 9)
