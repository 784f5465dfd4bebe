"""Areas and text, painted into pictures: uint8 (height, width, 3). Colours are blue, green, red."""

import cv2
import numpy as np

from emotion_recognition.faces.boxes import Box

Colour = tuple[int, int, int]
FONT = cv2.FONT_HERSHEY_SIMPLEX


def fill(canvas: np.ndarray, box: Box, colour: Colour, opacity: float = 1.0) -> None:
    """Paint a box, opaque or not."""
    x, y, width, height = box
    area = canvas[max(0, y) : y + height, max(0, x) : x + width]
    if opacity == 1:
        area[:] = colour
    else:
        area[:] = np.round((1 - opacity) * area + opacity * np.array(colour)).astype(np.uint8)


def write(canvas: np.ndarray, text: str, x: int, baseline: int, height: int, colour: Colour) -> None:
    """Write text with capitals of `height` pixels."""
    scale = cv2.getFontScaleFromHeight(FONT, height)
    cv2.putText(canvas, text, (x, baseline), FONT, scale, colour, thickness(height), cv2.LINE_AA)


def text_width(text: str, height: int) -> int:
    """Return how many pixels `write` needs."""
    return cv2.getTextSize(text, FONT, cv2.getFontScaleFromHeight(FONT, height), thickness(height))[0][0]


def thickness(height: int) -> int:
    """Return the strength of the strokes for text of this height."""
    return max(1, height // 9)
