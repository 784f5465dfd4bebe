"""Faces followed from frame to frame, and names that are steady but not slow."""

from itertools import pairwise

import numpy as np
import pytest

from emotion_recognition.faces.boxes import Detection
from emotion_recognition.faces.tracking import FULL_SEARCH_SECONDS, RESERVES, FaceFinder, Tracker, choose

SMOOTH = 0.3


def test_another_emotion_needs_a_lead():
    assert choose(np.float32([0.48, 0.52]), 0, 0.05) == 0
    assert choose(np.float32([0.47, 0.53]), 0, 0.05) == 1
    assert choose(np.float32([0.49, 0.51]), 0, 0) == 1


def follow(tracker, seconds, *faces):
    """Return the numbers of the faces at these boxes; a face may also be a Detection."""
    found = [face if isinstance(face, Detection) else Detection(face) for face in faces]
    rows = np.tile(np.float32([0.5, 0.5]), (len(found), 1))
    return [track.number for track in tracker.update(found, rows, seconds)]


def walk(tracker, seconds, speed):
    """Let a face of 50 pixels walk to the right and half as fast down, 25 frames a second; return its last box."""
    for number in range(round(25 * seconds) + 1):
        x, y = round(speed * number / 25), round(speed * number / 50)
        assert follow(tracker, number / 25, Detection((x, y, 50, 50), 1.0, ((x + 10, y + 20),))) == [1]
    return x, y, 50, 50


def test_numbers_stay_with_their_faces():
    tracker = Tracker(SMOOTH)
    assert follow(tracker, 0.0, (0, 0, 50, 50), (200, 0, 50, 50)) == [1, 2]
    # They walk, the list turns around, and one comes in.
    assert follow(tracker, 0.1, (180, 0, 50, 50), (20, 0, 50, 50), (400, 0, 50, 50)) == [2, 1, 3]


def test_a_face_is_known_for_two_seconds_after_it_was_seen():
    tracker = Tracker(SMOOTH)
    assert follow(tracker, 0.0, (0, 0, 50, 50)) == [1]
    # A head that turns away moves, too.
    assert follow(tracker, 1.9, (25, 5, 48, 48)) == [1]
    assert follow(tracker, 2.5) == []
    assert follow(tracker, 4.0, (25, 5, 48, 48)) == [2]
    assert len(tracker.tracks) == 1


@pytest.mark.parametrize(("seconds", "way"), [(0.8, 80), (0.8, 0), (1.8, 100)], ids=["goes on", "stops", "goes slowly"])
def test_who_walks_behind_something_is_the_same_on_the_other_side(seconds, way):
    tracker = Tracker(SMOOTH)
    x, y, *size = walk(tracker, 1.0, speed=100)
    assert follow(tracker, 1.0 + seconds, (x + way, y + way // 2, *size)) == [1]


def test_of_two_who_cross_each_keeps_its_number():
    tracker = Tracker(SMOOTH)
    for number in range(101):
        left, right = (4 * number, 0, 50, 50), (400 - 4 * number, 5, 50, 50)
        # The one behind is hidden meanwhile.
        is_hidden = abs(left[0] - right[0]) < 50
        assert follow(tracker, number / 25, left, *([] if is_hidden else [right])) == [1, 2][: 2 - is_hidden]


def test_a_face_of_another_size_is_another():
    tracker = Tracker(SMOOTH)
    follow(tracker, 0.0, (100, 100, 50, 50))
    assert follow(tracker, 0.1, (50, 50, 150, 150)) == [2]


def test_landmarks_tell_which_of_two_faces_it_is():
    def face(x, nose):
        return Detection((x, 0, 50, 50), 1.0, ((x + 10, 20), (x + 40, 20), (nose, 30), (x + 10, 40), (x + 40, 40)))

    tracker = Tracker(SMOOTH)
    assert follow(tracker, 0.0, face(100, nose=105)) == [1]
    # By its box the first is nearer; but its nose is on the other side.
    assert follow(tracker, 0.1, face(102, nose=147), face(95, nose=105)) == [2, 1]


def test_two_frames_of_one_time_change_nothing():
    tracker = Tracker(SMOOTH)
    follow(tracker, 0.0, (0, 0, 50, 50))
    assert follow(tracker, 0.0, (10, 0, 50, 50)) == [1]
    assert tracker.expected(1.0) == [(10, 0, 50, 50)]


def test_whoever_goes_back_in_a_video_gets_probabilities_all_the_same():
    tracker = Tracker(SMOOTH)
    rows = np.eye(2, dtype=np.float32)
    [before] = tracker.update([Detection((0, 0, 50, 50))], rows[:1], 2.0)
    [after] = tracker.update([Detection((0, 0, 50, 50))], rows[1:], 1.0)
    assert after.number == before.number and after.probabilities == pytest.approx([0.036, 0.964], abs=1e-3)
    # Far from there are other faces.
    [other] = tracker.update([Detection((0, 0, 50, 50))], rows[:1], -60.0)
    assert other.number == 2 and other.probabilities.tolist() == [1, 0]


def test_a_walking_face_is_looked_for_where_it_goes():
    tracker = Tracker(SMOOTH)
    x, y, *_ = walk(tracker, 2.0, speed=100)
    assert tracker.expected(2.5)[0] == pytest.approx((x + 50, y + 25, 50, 50), abs=2)
    assert tracker.tracks[0].expected(2.5).landmarks[0] == pytest.approx((x + 60, y + 45), abs=2)
    # Nobody knows for long where it goes.
    assert tracker.expected(3.9)[0] == pytest.approx((x + 100, y + 50, 50, 50), abs=2)


def test_of_two_boxes_the_better_one_keeps_the_number():
    tracker = Tracker(SMOOTH)
    follow(tracker, 0.0, (0, 0, 50, 50))
    assert follow(tracker, 0.1, (20, 0, 50, 50), (5, 0, 50, 50)) == [2, 1]


def noisy(rate, kind, seed):
    """Return probabilities (frames, 4) over ten seconds: of noise, of a real change after five, or of both."""
    generator = np.random.default_rng(seed)
    base = np.tile(np.log([0.42, 0.38, 0.1, 0.1]), (10 * rate, 1))
    if kind != "noise":
        base[: 5 * rate], base[5 * rate :] = np.log([0.6, 0.2, 0.1, 0.1]), np.log([0.2, 0.6, 0.1, 0.1])
    if kind != "change":
        base += generator.normal(0, 0.5, base.shape)
    return (np.exp(base) / np.exp(base).sum(axis=1, keepdims=True)).astype(np.float32)


def names(probabilities, rate, seconds) -> list:
    """Return the place of the emotion that is shown for one face in each frame."""
    tracker = Tracker(seconds)
    return [
        tracker.update([Detection((0, 0, 50, 50))], row[None], number / rate)[0].winner
        for number, row in enumerate(probabilities)
    ]


def changes(shown) -> int:
    return sum(before != after for before, after in pairwise(shown))


@pytest.mark.parametrize("rate", [10, 60])
@pytest.mark.parametrize("kind", ["noise", "both"])
def test_names_change_three_times_less_often(rate, kind):
    sequences = [noisy(rate, kind, seed) for seed in range(5)]
    without = sum(changes(names(sequence, rate, 0)) for sequence in sequences)
    smoothed = sum(changes(names(sequence, rate, SMOOTH)) for sequence in sequences)
    assert without >= 3 * smoothed and without > 20


@pytest.mark.parametrize("rate", [10, 60])
@pytest.mark.parametrize("kind", ["change", "both"])
def test_a_real_change_shows_within_half_a_second(rate, kind):
    shown = [names(noisy(rate, kind, seed), rate, SMOOTH) for seed in range(5)]
    for sequence in shown:
        assert sequence[5 * rate - 1] == 0
        assert 1 in sequence[5 * rate : 5 * rate + rate // 2]


def test_without_smoothing_every_row_is_shown_as_it_is():
    sequence = noisy(10, "both", 0)
    assert names(sequence, 10, 0) == sequence.argmax(axis=1).tolist()


class CountingDetector:
    """Counts searches of whole frames, and finds the same face near where it was."""

    def __init__(self, found=((10, 10, 50, 50),)):
        self.found, self.whole, self.reserves = list(found), 0, []

    def detect_quickly(self, gray, reserve):
        self.whole += 1
        self.reserves.append(reserve)
        return list(map(Detection, self.found))

    def detect_near(self, gray, box):
        return [Detection(box)]

    def is_nearby_cheaper(self, shape, faces):
        return faces < 5


def test_the_whole_frame_is_searched_every_quarter_of_a_second():
    detector, gray = CountingDetector(), np.zeros((480, 640), np.uint8)
    finder = FaceFinder(detector)
    for number in range(60):
        assert finder.find(gray, number / 30, detector.found) == [Detection((10, 10, 50, 50))]
    assert detector.whole == 8 == round(2 / FULL_SEARCH_SECONDS)
    assert detector.reserves == 4 * list(RESERVES)
    # A camera that changes its size, and more faces than a search near each is worth, need the whole frame.
    finder.find(np.zeros((240, 320), np.uint8), 59 / 30, detector.found)
    assert detector.whole == 9
    finder.find(np.zeros((240, 320), np.uint8), 59 / 30, 6 * detector.found)
    assert detector.whole == 10
    # So does an earlier place of the video.
    finder.find(np.zeros((240, 320), np.uint8), 0.5, detector.found)
    assert detector.whole == 11


@pytest.mark.parametrize(
    ("found", "known", "kept"),
    [([], (10, 10, 50, 50), (10, 10, 50, 50)), ([(0, 0, 100, 100)], (30, 60, 40, 40), (0, 0, 100, 100))],
    ids=["a face that the search missed", "a mouth in a face"],
)
def test_a_known_face_that_the_whole_search_misses_is_kept_unless_it_is_inside_another(found, known, kept):
    finder = FaceFinder(CountingDetector(found))
    assert finder.find(np.zeros((480, 640), np.uint8), 0.0, [known]) == [Detection(kept)]
