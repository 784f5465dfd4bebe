"""Faces of a video from frame to frame: where to look for them, which is which, and names that are steady.

Boxes are (x, y, width, height) in pixels, times are in seconds, probabilities float32 (faces, emotions).
"""

import math
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from emotion_recognition.faces.boxes import Box, Detection, distinct, middle, overlap
from emotion_recognition.faces.haar import HaarDetector

FULL_SEARCH_SECONDS = 0.25
# Whole frames are searched with these reserves of pixels in turn: a face that stands still where one misses it is
# found by the other, within half a second.
RESERVES = 1.0, 1.6
# A face that is lost, as when a head turns or a hand is before it, is looked for, and keeps its number, for so long.
REMEMBERED_SECONDS = 2.0
# Boxes whose intersection over union is larger are of the same face.
SMALLEST_OVERLAP = 0.2
# A face is known again no farther than this from where it is expected, in its widths, and so much farther for each
# second in which it was not seen.
FARTHEST, FARTHER_PER_SECOND = 0.6, 0.2
# The speed of a face is averaged over so many seconds. Of one that is lost it is believed for so many.
SPEED_SECONDS, BELIEVED_SECONDS = 0.3, 1.0
# Another emotion is shown when its probability leads by so much: two that are level would take turns otherwise.
LEAD = 0.05


@dataclass(frozen=True)
class Track:
    """A face as it was last seen: smoothed probabilities, and `winner`, the place of the emotion that is shown.

    `speed` is that of the middle of its box, float (2,), in pixels a second.
    """

    number: int
    face: Detection
    time: float
    probabilities: np.ndarray
    winner: int
    speed: np.ndarray

    def expected(self, time: float) -> Detection:
        """Return where the face is at another time if it goes on as it did."""
        believed = np.clip(time - self.time, -BELIEVED_SECONDS, BELIEVED_SECONDS)
        x, y = np.rint(self.speed * believed).astype(int).tolist()
        left, top, width, height = self.face.box
        landmarks = tuple((across + x, down + y) for across, down in self.face.landmarks or ())
        return Detection((left + x, top + y, width, height), self.face.score, landmarks or None)


class FaceFinder:
    """Finds the faces in frames of a video: in the whole frame every few frames, between them near known faces."""

    def __init__(self, detector: HaarDetector) -> None:
        self._detector = detector
        self._shape: tuple[int, ...] = ()
        self._due, self._reserves = -math.inf, cycle(RESERVES)

    def find(self, gray: np.ndarray, time: float, known: list[Box]) -> list[Detection]:
        """Return the faces in a gray frame, uint8 (height, width), from left to right."""
        # After a jump back in the video, other faces may be there.
        is_due = not self._due - FULL_SEARCH_SECONDS <= time < self._due or gray.shape != self._shape
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

    def expected(self, time: float) -> list[Box]:
        """Return where to look for the faces in the next frame, which has this time."""
        return [track.expected(time).box for track in self.tracks]

    def update(self, found: list[Detection], probabilities: np.ndarray, time: float) -> list[Track]:
        """Take what was found in the next frame and return a `Track` for each face, in the same order."""
        remembered = [track for track in self.tracks if abs(time - track.time) < REMEMBERED_SECONDS]
        earlier = match(found, remembered, time)
        seen = [
            self._follow(earlier.get(index), face, row, time)
            for index, (face, row) in enumerate(zip(found, probabilities, strict=True))
        ]
        numbers = {track.number for track in seen}
        self.tracks = seen + [track for track in remembered if track.number not in numbers]
        return seen

    def _follow(self, earlier: Track | None, face: Detection, row: np.ndarray, time: float) -> Track:
        if earlier is None:
            self._last_number += 1
            return Track(self._last_number, face, time, row, int(row.argmax()), np.zeros(2))
        seconds = time - earlier.time
        smoothed = smooth(earlier.probabilities, row, abs(seconds), self._smooth)
        winner = choose(smoothed, earlier.winner, LEAD if self._smooth else 0)
        way = np.subtract(middle(face.box), middle(earlier.face.box))
        # Two frames may bear the same time.
        speed = smooth(earlier.speed, way / seconds, abs(seconds), SPEED_SECONDS) if seconds else earlier.speed
        return Track(earlier.number, face, time, smoothed, winner, speed)


def smooth(before: np.ndarray, now: np.ndarray, seconds: float, time_constant: float) -> np.ndarray:
    """Return the exponential moving average: after `time_constant` seconds, 63 % of a change has come through."""
    share = -math.expm1(-seconds / time_constant) if time_constant else 1.0
    return before + np.float32(share) * (now - before)


def choose(probabilities: np.ndarray, winner: int, lead: float) -> int:
    """Return the place of the most probable emotion, but `winner` while no other leads it by more than `lead`."""
    best = int(probabilities.argmax())
    return best if probabilities[best] > probabilities[winner] + lead else winner


def match(found: list[Detection], tracks: list[Track], time: float) -> dict[int, Track]:
    """Return {place of a face in `found`: its track}: the nearest pairs come first, each is used once."""
    if not found or not tracks:
        return {}
    expected, last = [track.expected(time) for track in tracks], [track.face for track in tracks]
    # Who was walking goes on, or stops.
    apart = np.minimum(distances(found, expected), distances(found, last))
    farthest = [FARTHEST + FARTHER_PER_SECOND * abs(time - track.time) for track in tracks]
    matched: dict[int, Track] = {}
    taken = set()
    for index, place in sorted(np.argwhere(apart <= farthest).tolist(), key=lambda pair: apart[tuple(pair)]):
        if index not in matched and place not in taken:
            matched[index] = tracks[place]
            taken.add(place)
    return matched


def distances(faces: list[Detection], others: list[Detection]) -> np.ndarray:
    """Return how far each face is from each other one, float (faces, others), in widths of the smaller one.

    It is the mean over two corners of the boxes and, where all have them, the landmarks: 0 for the same place, size and
    pose.
    """
    points, other_points = corners(faces), corners(others)
    if all(face.landmarks for face in (*faces, *others)):
        points = np.concatenate([points, [face.landmarks for face in faces]], axis=1)
        other_points = np.concatenate([other_points, [face.landmarks for face in others]], axis=1)
    ways = np.linalg.norm(points[:, np.newaxis] - other_points, axis=-1).mean(axis=-1)
    return ways / np.minimum.outer([face.box[2] for face in faces], [face.box[2] for face in others])


def corners(faces: list[Detection]) -> np.ndarray:
    """Return the upper left and the lower right corner of each box, float (faces, 2, 2), x and y."""
    return np.array([[(x, y), (x + width, y + height)] for x, y, width, height in (face.box for face in faces)], float)
