"""The faces in a font of emoji -> samples, to measure how a network reads drawings. They are all for testing."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

from emotion_recognition.datasets.samples import Sample
from emotion_recognition.errors import UserError
from emotion_recognition.images import to_blue_green_red, to_face, to_gray

# Chosen before any result was known: a face belongs to an emotion if its Unicode name holds one of these words, and
# none of another emotion.
WORDS = {
    "angry": {"ANGRY", "POUTING"},
    "disgusted": {"NAUSEATED", "VOMITING"},
    "fearful": {"FEARFUL", "FEAR"},
    "happy": {"SMILING", "GRINNING", "JOY"},
    "neutral": {"NEUTRAL", "EXPRESSIONLESS"},
    "sad": {"SAD", "CRYING", "FROWNING", "DISAPPOINTED", "PENSIVE"},
    "surprised": {"SURPRISED", "ASTONISHED", "HUSHED", "SHOCKED"},
}
# Faces of cats, and people of whom more than the face is drawn.
OTHER_WORDS = {"CAT", "PERSON"}
BLOCKS = (range(0x2639, 0x263B), range(0x1F600, 0x1F650), range(0x1F900, 0x1FA00))

# Noto Color Emoji holds pictures of this one size.
FONT_SIZE = 109


def faces() -> dict[str, str]:
    """Return the emotion of each character that is the face of one."""
    found = {}
    for character in (chr(code) for block in BLOCKS for code in block):
        words = set(re.split(r"\W", unicodedata.name(character, "")))
        emotions = [emotion for emotion, own in WORDS.items() if own & words]
        if "FACE" in words and not words & OTHER_WORDS and len(emotions) == 1:
            found[character] = emotions[0]
    return found


@dataclass(frozen=True)
class Emoji:
    """The faces of a font such as Noto Color Emoji; iterating raises UserError where the file is no such font."""

    source: Path

    unit: ClassVar[str] = "pictures"
    description: ClassVar[str] = "all for testing"

    @staticmethod
    def recognises(source: Path) -> bool:
        """Return whether a path holds this kind of data set."""
        return source.suffix.lower() == ".ttf" and not source.is_dir()

    def __iter__(self) -> Iterator[Sample]:
        try:
            font = ImageFont.truetype(str(self.source), FONT_SIZE)
        except OSError as error:
            raise UserError(
                f"{self.source} is no font with emoji of {FONT_SIZE} pixels: take NotoColorEmoji.ttf."
            ) from error
        for character, emotion in faces().items():
            yield Sample(draw(character, font), emotion, "test", f"emoji_{ord(character):05X}.png")


def draw(character: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """Return a character on white, as large as a square allows, uint8 (48, 48), gray; UserError where it is missing."""
    picture = Image.new("RGB", (2 * FONT_SIZE, 2 * FONT_SIZE), "white")
    place = FONT_SIZE // 4, FONT_SIZE // 4
    ImageDraw.Draw(picture).text(place, character, "black", font, embedded_color=True)
    ink = ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox()
    if ink is None:
        raise UserError(f"The font has no {unicodedata.name(character).lower()}: take NotoColorEmoji.ttf.")
    left, top, right, bottom = ink
    side = max(right - left, bottom - top)
    left, top = (left + right - side) // 2, (top + bottom - side) // 2
    return to_face(to_gray(to_blue_green_red(picture.crop((left, top, left + side, top + side)))))
