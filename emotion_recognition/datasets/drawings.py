"""Drawn faces, as stickers and cartoons have them -> samples to train on.

Lines, sizes and grays are random; what an emotion looks like, `looks` says. Places are pixels of a square of 192x192,
which is made smaller in the end, so that lines are smooth.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from emotion_recognition.datasets.looks import LOOKS
from emotion_recognition.datasets.samples import Rejected, Sample
from emotion_recognition.images import to_face

SIDE = 192
# The middle of the face, the distance between its eyes, and how far down eyes and mouth are.
MIDDLE, BETWEEN_EYES, EYES, MOUTH = 96, 62, 80, 134
# The form of their files' names, as emotion/file.
DRAWN_NAME = re.compile(r"(\w+)/drawn_\1_\d{5,}\.png")
Place = tuple[float, float]


def added_to(
    items: Iterable[Sample | Rejected], number: int, seed: int, votes: tuple[int, ...] | None = None
) -> Iterator[Sample | Rejected]:
    """Yield the items, and then `number` drawn faces of each emotion with these votes, unless no item was a sample."""
    has_samples = False
    for item in items:
        has_samples = has_samples or isinstance(item, Sample)
        yield item
    if has_samples:
        yield from (replace(sample, votes=votes) for sample in samples(number, seed))


def samples(number: int, seed: int) -> Iterator[Sample]:
    """Yield `number` drawn faces of each emotion, all for training; the same seed gives the same faces."""
    generator = np.random.default_rng(seed)
    for emotion in LOOKS:
        for index in range(number):
            yield Sample(draw(emotion, generator), emotion, "train", f"drawn_{emotion}_{index:05d}.png")


def draw(emotion: str, generator: np.random.Generator) -> np.ndarray:
    """Return a face that shows an emotion, gray, uint8 (48, 48)."""
    eyes, brows, mouth, extra = (str(generator.choice(list(look), p=list(look.values()))) for look in LOOKS[emotion])
    return to_face(Drawing(generator, extra).finish(eyes, brows, mouth))


class Drawing:
    """One face on paper: its levels of gray, its pen, and how far its features are moved."""

    def __init__(self, generator: np.random.Generator, extra: str):
        self._random, self._extra = generator, extra
        paper = 255 if generator.uniform() < 0.5 else generator.integers(0, 256)
        skin = int(generator.integers(80, 150) if extra == "dark" else generator.integers(150, 250))
        self.ink = int(generator.integers(0, min(60, skin - 60)))
        self.light = int(generator.integers(min(245, skin + 20), 256))
        self.pen = int(generator.integers(4, 11))
        self.canvas = np.full((SIDE, SIDE), paper, np.uint8)
        radii = int(generator.integers(80, 96)), int(generator.integers(80, 96))
        cv2.ellipse(self.canvas, (MIDDLE, MIDDLE), radii, 0, 0, 360, skin, cv2.FILLED, cv2.LINE_AA)
        if extra == "pale":
            cv2.ellipse(self.canvas, (MIDDLE, MIDDLE), radii, 0, 180, 360, skin - 60, cv2.FILLED, cv2.LINE_AA)
        if generator.uniform() < 0.5:
            cv2.ellipse(self.canvas, (MIDDLE, MIDDLE), radii, 0, 0, 360, self.ink, self.pen, cv2.LINE_AA)

    def finish(self, eyes: str, brows: str, mouth: str) -> np.ndarray:
        """Draw the features, and return the picture."""
        apart = BETWEEN_EYES * self._random.uniform(0.85, 1.2) / 2
        eye_y, size = EYES + self._random.uniform(-10, 8), self._random.uniform(9, 15)
        for side in (-1, 1):
            place = MIDDLE + side * apart, eye_y
            self.draw_eye(eyes, place, size, side)
            self.draw_brow(brows, (place[0], eye_y - self._random.uniform(2.0, 2.4) * size), size, side)
            self.draw_extra(place, size, side)
        self.draw_mouth(mouth, (MIDDLE, MOUTH + self._random.uniform(-8, 8)), self._random.uniform(24, 44))
        return self.canvas

    def draw_eye(self, kind: str, place: Place, size: float, side: int) -> None:
        """Draw one eye; `side` is -1 for the left one of the picture, 1 for the right one."""
        if kind == "dots":
            self.fill(place, size * 0.75, size * self._random.uniform(0.8, 1.3))
        elif kind in ("open", "wide", "hollow"):
            white = size * (1.2 if kind == "open" else 1.6)
            self.fill(place, white, white, self.light)
            self.arc(place, white, white, 0, 360, pen=self.pen // 2)
            if kind != "hollow":
                self.fill(place, size * 0.55, size * 0.55)
        elif kind == "hearts":
            x, y = place
            for half in (-1, 1):
                self.fill((x + half * 0.7 * size, y - 0.4 * size), 0.75 * size, 0.75 * size)
            corners = [(x - 1.35 * size, y - 0.1 * size), (x + 1.35 * size, y - 0.1 * size), (x, y + 1.5 * size)]
            cv2.fillPoly(self.canvas, [np.array([pixel(corner) for corner in corners])], self.ink, cv2.LINE_AA)
        elif kind == "laughing":
            self.arc(place, size * 1.3, size, 190, 350)
        elif kind == "lowered":
            self.arc(place, size * 1.3, size * 0.8, 10, 170)
        elif kind == "narrow":
            self.line((place[0] - size, place[1]), (place[0] + size, place[1]))
        elif kind == "squeezed":
            # Drawn as > and <.
            tip = place[0] - side * size, place[1]
            for end in (-1, 1):
                self.line(tip, (place[0] + side * size, place[1] + end * 0.8 * size))

    def draw_brow(self, kind: str, place: Place, size: float, side: int) -> None:
        """Draw what is above one eye."""
        if kind == "none":
            return
        if kind == "raised":
            self.arc(place, size * 1.3, size * 0.8, 200, 340)
            return
        slope = {"frowning": 0.7, "worried": -0.6, "level": 0.0}[kind] * self._random.uniform(0.7, 1.2)
        inner = place[0] - side * 1.3 * size, place[1] + slope * size
        self.line(inner, (place[0] + side * 1.3 * size, place[1] - slope * size))

    def draw_mouth(self, kind: str, place: Place, width: float) -> None:
        """Draw a mouth that is `width` pixels wide to either side."""
        x, y = place
        height = width * self._random.uniform(0.4, 0.8)
        if kind == "up":
            self.arc((x, y - height), width, 1.5 * height, 20, 160)
        elif kind == "down":
            self.arc((x, y + height), width * 0.9, 1.3 * height, 200, 340)
        elif kind == "flat":
            self.line((x - 0.8 * width, y), (x + 0.8 * width, y))
        elif kind == "wavy":
            steps = np.linspace(-1, 1, 25)
            waves = self._random.uniform(1.0, 2.0)
            curve = np.stack([x + steps * width, y + 7 * np.sin(waves * np.pi * steps)], axis=1)
            cv2.polylines(self.canvas, [np.round(curve).astype(np.int32)], False, self.ink, self.pen, cv2.LINE_AA)
        elif kind == "round":
            self.fill(place, width * self._random.uniform(0.3, 0.6), width * self._random.uniform(0.4, 0.7))
        elif kind in ("grin", "laugh"):
            # Half an ellipse, with teeth above, or a tongue below.
            self.half((x, y - height / 2), width, 1.4 * height, 0, self.ink)
            if kind == "grin":
                self.box((x - 0.8 * width, y - height / 2), (x + 0.8 * width, y - height / 4), self.light)
            else:
                self.fill((x, y + 0.5 * height), width * 0.45, height * 0.3, (self.ink + self.light) // 2)
        elif kind == "wail":
            self.half((x, y + height / 2), width * 0.8, height, 180, self.ink)
        elif kind == "teeth":
            top, bottom = (x - 0.8 * width, y - 10), (x + 0.8 * width, y + 10)
            self.box(top, bottom, self.light)
            self.box(top, bottom, self.ink, self.pen // 2)
            for share in np.linspace(-0.8, 0.8, 6):
                self.line((x + share * width, y - 10), (x + share * width, y + 10), self.pen // 3)
        elif kind == "tongue":
            self.line((x - 0.8 * width, y), (x + 0.8 * width, y))
            self.half((x, y), width * 0.45, width * 0.8, 0, (self.ink + self.light) // 2)
        elif kind == "pouring":
            # What comes out of it reaches the chin.
            self.half((x, y), width * 0.8, height, 180, self.ink)
            self.box((x - 0.6 * width, y), (x + 0.6 * width, SIDE - 8), (self.ink + 2 * self.light) // 3)

    def draw_extra(self, eye: Place, size: float, side: int) -> None:
        """Draw what else belongs to one half of the face."""
        x, y = eye
        if self._extra == "tears" or (self._extra == "sweat" and side == 1):
            y += 2.5 * size if self._extra == "tears" else -2.5 * size
            self.fill((x + side * 0.5 * size, y), size * 0.5, size, self.light)
            self.arc((x + side * 0.5 * size, y), size * 0.5, size, 0, 360, pen=2)
        elif self._extra == "streams":
            self.box((x - 0.6 * size, y + 0.5 * size), (x + 0.6 * size, SIDE - 8), (self.ink + 2 * self.light) // 3)
        elif self._extra == "cheeks":
            self.fill((x + side * size, y + 2.5 * size), size, size * 0.7, (self.ink + 2 * self.light) // 3)

    def fill(self, middle: Place, radius_x: float, radius_y: float, level: int = -1) -> None:
        """Fill an ellipse of these radii in pixels, with ink unless a `level` of gray is given."""
        self.arc(middle, radius_x, radius_y, 0, 360, pen=cv2.FILLED, level=level)

    def half(self, middle: Place, radius_x: float, radius_y: float, start: int, level: int) -> None:
        """Fill the half of an ellipse below its middle (`start` is 0) or above it (180)."""
        self.arc(middle, radius_x, radius_y, start, start + 180, pen=cv2.FILLED, level=level)

    def arc(
        self, middle: Place, radius_x: float, radius_y: float, start: int, end: int, pen: int = 0, level: int = -1
    ) -> None:
        """Draw a part of an ellipse between two angles in degrees, from the right, downwards."""
        level = self.ink if level < 0 else level
        axes = max(1, round(radius_x)), max(1, round(radius_y))
        cv2.ellipse(self.canvas, pixel(middle), axes, 0, start, end, level, pen or self.pen, cv2.LINE_AA)

    def line(self, start: Place, end: Place, pen: int | None = None) -> None:
        """Draw a line of ink."""
        cv2.line(self.canvas, pixel(start), pixel(end), self.ink, max(1, pen or self.pen), cv2.LINE_AA)

    def box(self, start: Place, end: Place, level: int, pen: int = cv2.FILLED) -> None:
        """Draw or fill an upright rectangle."""
        cv2.rectangle(self.canvas, pixel(start), pixel(end), level, pen or 1, cv2.LINE_AA)


def pixel(place: Place) -> tuple[int, int]:
    """Return the pixel at a place."""
    return round(float(place[0])), round(float(place[1]))
