"""Faces of a video from frame to frame: where to look for them, which is which, and names that are steady.

Boxes are (x, y, width, height) in pixels, times are in seconds, probabilities float32 (faces, emotions).
"""

import math
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from emotion_recognition.faces.boxes import Box, Detection, distinct, overlap
from emotion_recognition.faces.haar import HaarDetector

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
class Track:
    """A face as it was last seen: smoothed probabilities, and `winner`, the place of the emotion that is shown."""

    number: int
    box: Box
    time: float
    probabilities: np.ndarray
    winner: int


class FaceFinder:
    """Finds the faces in frames of a video: in the whole frame every few frames, between them near known faces."""

    def __init__(self, detector: HaarDetector) -> None:
        self._detector = detector
        self._shape: tuple[int, ...] = ()
        self._due, self._reserves = -math.inf, cycle(RESERVES)

    def find(self, gray: np.ndarray, time: float, known: list[Box]) -> list[Detection]:
        """Return the faces in a gray frame, uint8 (height, width), from left to right."""
        is_due = time >= self._due or gray.shape != self._shape
        is_crowded = not self._detector.is_nearby_cheaper(gray.shape, len(known))
        found: list[Detection] = []
        if is_due or is_crowded:
            self._shape, self._due = gray.shape, time + FULL_SEARCH_SECONDS
            found = self._detector.detect_quickly(gray, next(self._reserves))
        for box in [] if is_crowded else known:
            if not any(overlap(box, other.box) > SMALLEST_OVERLAP for other in found):
                found += self._detector.detect_near(gray, box)
        return distinct(found)


class Tracker:
    """Gives each face of a video a number, and smooths its probabilities over `smooth` seconds (0: not at all)."""

    def __init__(self, smooth: float) -> None:
        self.tracks: list[Track] = []
        self._smooth, self._last_number = smooth, 0

    def update(self, boxes: list[Box], probabilities: np.ndarray, time: float) -> list[Track]:
        """Take what was found in the next frame and return a `Track` for each box, in the same order."""
        remembered = [track for track in self.tracks if time - track.time < REMEMBERED_SECONDS]
        earlier = match(boxes, remembered)
        seen = [
            self._follow(earlier.get(index), box, row, time)
            for index, (box, row) in enumerate(zip(boxes, probabilities, strict=True))
        ]
        numbers = {track.number for track in seen}
        self.tracks = seen + [track for track in remembered if track.number not in numbers]
        return seen

    def _follow(self, earlier: Track | None, box: Box, row: np.ndarray, time: float) -> Track:
        if earlier is None:
            self._last_number += 1
            return Track(self._last_number, box, time, row, int(row.argmax()))
        smoothed = smooth(earlier.probabilities, row, time - earlier.time, self._smooth)
        return Track(earlier.number, box, time, smoothed, choose(smoothed, earlier.winner, LEAD if self._smooth else 0))


def smooth(before: np.ndarray, now: np.ndarray, seconds: float, time_constant: float) -> np.ndarray:
    """Return the exponential moving average: after `time_constant` seconds, 63 % of a change has come through."""
    share = -math.expm1(-seconds / time_constant) if time_constant else 1.0
    return before + np.float32(share) * (now - before)


def choose(probabilities: np.ndarray, winner: int, lead: float) -> int:
    """Return the place of the most probable emotion, but `winner` while no other leads it by more than `lead`."""
    best = int(probabilities.argmax())
    return best if probabilities[best] > probabilities[winner] + lead else winner


def match(boxes: list[Box], tracks: list[Track]) -> dict[int, Track]:
    """Return {index of a box: its track}; the pairs that overlap most come first, each box and track is used once."""
    pairs = [
        (overlap(box, track.box), index, place) for index, box in enumerate(boxes) for place, track in enumerate(tracks)
    ]
    matched: dict[int, Track] = {}
    taken = set()
    for shared, index, place in sorted(pairs, key=lambda pair: -pair[0]):
        if shared >= SMALLEST_OVERLAP and index not in matched and place not in taken:
            matched[index] = tracks[place]
            taken.add(place)
    return matched
