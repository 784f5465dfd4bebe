"""Faces of a video from frame to frame: where to look for them, which is which, and names that are steady.

Boxes are (x, y, width, height) in pixels, times are in seconds, probabilities float32 (faces, emotions).
"""

import math
from dataclasses import dataclass
from itertools import cycle

import numpy as np

FULL_SEARCH_SECONDS = 0.25
# Whole frames are searched with these reserves of pixels in turn: a face that stands still where one misses it is
# found by the other, within half a second.
RESERVES = 1.0, 1.6
# Near a face that was lost it is looked for, and its number is kept, for so long.
REMEMBERED_SECONDS = 1.0
# Boxes of one face in two frames share at least this part of their common area.
SMALLEST_OVERLAP = 0.2
# Another emotion is shown when its probability leads by so much: two that are level would take turns otherwise.
LEAD = 0.05


@dataclass(frozen=True)
class Face:
    """A face as it was last seen; `winner` is the place of the emotion that is shown for it."""

    number: int
    box: tuple
    time: float
    probabilities: np.ndarray
    winner: int


class FaceFinder:
    """Finds the faces in frames of a video: in the whole frame every few frames, between them near known faces."""

    def __init__(self, detector):
        self._detector = detector
        self._shape, self._due, self._reserves = None, -math.inf, cycle(RESERVES)

    def find(self, gray: np.ndarray, time: float, known: list) -> list[tuple]:
        """Return the boxes of the faces in a gray frame, uint8 (height, width), from left to right."""
        is_due = time >= self._due or gray.shape != self._shape
        is_crowded = not self._detector.is_nearby_cheaper(gray.shape, len(known))
        found = []
        if is_due or is_crowded:
            self._shape, self._due = gray.shape, time + FULL_SEARCH_SECONDS
            found = self._detector.detect_quickly(gray, next(self._reserves))
        for box in [] if is_crowded else known:
            if not any(overlap(box, other) > SMALLEST_OVERLAP for other in found):
                found += self._detector.detect_near(gray, box)
        return sorted(distinct(found))


class Tracker:
    """Gives each face of a video a number, and smooths its probabilities over `smooth` seconds (0: not at all)."""

    def __init__(self, smooth: float):
        self.faces = []
        self._smooth, self._last_number = smooth, 0

    def update(self, boxes: list, probabilities: np.ndarray, time: float) -> list[Face]:
        """Take what was found in the next frame and return a `Face` for each box, in the same order."""
        remembered = [face for face in self.faces if time - face.time < REMEMBERED_SECONDS]
        earlier = match(boxes, remembered)
        seen = [
            self._follow(earlier.get(index), box, row, time)
            for index, (box, row) in enumerate(zip(boxes, probabilities, strict=True))
        ]
        numbers = {face.number for face in seen}
        self.faces = seen + [face for face in remembered if face.number not in numbers]
        return seen

    def _follow(self, earlier, box, row, time) -> Face:
        if earlier is None:
            self._last_number += 1
            return Face(self._last_number, box, time, row, int(row.argmax()))
        smoothed = smooth(earlier.probabilities, row, time - earlier.time, self._smooth)
        return Face(earlier.number, box, time, smoothed, choose(smoothed, earlier.winner, LEAD if self._smooth else 0))


def smooth(before, now, seconds: float, time_constant: float):
    """Return the exponential moving average: after `time_constant` seconds, 63 % of a change has come through."""
    share = -math.expm1(-seconds / time_constant) if time_constant else 1.0
    return before + np.float32(share) * (now - before)


def choose(probabilities, winner: int, lead: float) -> int:
    """Return the place of the most probable emotion, but `winner` while no other leads it by more than `lead`."""
    best = int(probabilities.argmax())
    return best if probabilities[best] > probabilities[winner] + lead else winner


def overlap(box, other) -> float:
    """Return the part of the common area of two boxes that both cover (intersection over union), 0 to 1."""
    width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    shared = max(0, width) * max(0, height)
    return shared / (box[2] * box[3] + other[2] * other[3] - shared)


def match(boxes: list, faces: list) -> dict:
    """Return {index of a box: earlier face}; the pairs that overlap most come first, each box and face is used once."""
    pairs = [
        (overlap(box, face.box), index, place) for index, box in enumerate(boxes) for place, face in enumerate(faces)
    ]
    matched, taken = {}, set()
    for shared, index, place in sorted(pairs, key=lambda pair: -pair[0]):
        if shared >= SMALLEST_OVERLAP and index not in matched and place not in taken:
            matched[index] = faces[place]
            taken.add(place)
    return matched


def distinct(boxes: list) -> list:
    """Return the boxes without those that mean the same face as an earlier one."""
    kept = []
    for box in boxes:
        if not any(overlap(box, other) > 2 * SMALLEST_OVERLAP for other in kept):
            kept.append(box)
    return kept
