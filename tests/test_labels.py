"""The emotions' spellings, and their colours as all people see them."""

from itertools import combinations

import numpy as np
import pytest

from emotion_recognition.labels import AGAINST, COLOURS, DARK, EMOTIONS, FOR, LIGHT, canonical

# What is left of linear red, green and blue where one of the three kinds of cones is missing: Machado, Oliveira and
# Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1.
SIGHTS = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Of linear sRGB, as CIE XYZ.
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def linear(colour):
    """Return the linear red, green and blue, 0 to 1, of a colour of `labels`."""
    share = np.array(colour[::-1]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light):
    """Return linear red, green and blue as CIE L*a*b*."""
    ratio = XYZ @ np.clip(light, 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(colour, other):
    """Return how light the lighter of two colours is beside the other: 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted(XYZ[1] @ linear(each) for each in (colour, other))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("sight", SIGHTS)
def test_all_people_tell_the_colours_apart(sight):
    seen = {
        name: lab(np.array(SIGHTS[sight]) @ linear(colour))
        for name, colour in {**COLOURS, "(for)": FOR, "(against)": AGAINST}.items()
    }
    distances = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(seen, 2)}
    # Two areas side by side are told apart from about 2 on; 20 is another colour.
    assert min(distances.values()) > 20, min(distances, key=distances.get)


def test_text_can_be_read_on_each_colour():
    assert list(COLOURS) == list(EMOTIONS)
    assert min(contrast(DARK, colour) for colour in (*COLOURS.values(), FOR, AGAINST, LIGHT)) >= 4.5


def test_spellings():
    assert [canonical(name) for name in ("Anger", " JOY ", "afraid", "sad")] == ["angry", "happy", "fearful", "sad"]
    with pytest.raises(ValueError, match="'bored' is not an emotion"):
        canonical("bored")
