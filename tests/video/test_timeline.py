"""The timeline of a video: all frames in bounded memory, and the picture of them."""

import numpy as np
import pytest
from PIL import Image

from emotion_recognition.errors import UserError
from emotion_recognition.labels import COLOURS
from emotion_recognition.recogniser import Face
from emotion_recognition.video import timeline
from emotion_recognition.video.capture import Video
from emotion_recognition.video.sources import Picture
from emotion_recognition.video.timeline import Timeline, check_timeline

EMOTIONS = ("happy", "sad")


def face(track, happy) -> Face:
    return Face((0, 0, 9, 9), {"happy": happy, "sad": 1 - happy}, "happy", track=track)


def test_a_timeline_keeps_all_frames_in_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_FACES", 3)
    drawn = Timeline(tmp_path / "t.png", "a.mp4", EMOTIONS)
    for number in range(2000):
        # Face 1 is always there; each of the others passes by for eight frames.
        drawn.write(number * 0.1, [face(1, 0.75), face(2 + number // 8, 0.25)])
    assert drawn.frames.sum() == 2000 and len(drawn.frames) == timeline.MOST_INTERVALS
    assert len(drawn.faces) == 3 and drawn.faces[1].sum(axis=0).tolist() == [2000, 1500, 500]
    # Three times, two intervals became one.
    assert drawn.interval == 0.8 and drawn.frames[:250] == pytest.approx(8, abs=1)
    drawn.close()
    assert list(drawn.faces) == [1] and drawn.left_out() == ["not drawn: 250 faces seen for less than a second"]
    picture = np.asarray(Image.open(tmp_path / "t.png").convert("RGB"))[..., ::-1].astype(int)
    shares = [(np.abs(picture - COLOURS[emotion]).max(axis=2) < 3).mean() for emotion in EMOTIONS]
    # Of the only row, three quarters have happy's colour and one sad's.
    assert shares[0] > 2 * shares[1] > 0.05


def test_the_faces_seen_longest_are_drawn_in_the_order_of_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(timeline, "MOST_DRAWN", 2)
    drawn, rows = Timeline(tmp_path / "t.png", "a.mp4", EMOTIONS), []
    # For how many tenths of a second each face is there.
    lengths = {1: 15, 2: 30, 3: 12, 4: 5, 5: 40}
    for number in range(41):
        drawn.write(number / 10, [face(track, 0.5) for track, length in lengths.items() if number <= length])
    monkeypatch.setattr(timeline, "draw_face", lambda axes, sums, *_: rows.append((axes, np.count_nonzero(sums[:, 0]))))
    drawn.close()
    told = [(axes.get_title("left"), frames) for axes, frames in rows]
    assert told == [("face 2, seen 76% of the time", 31), ("face 5, seen 100% of the time", 41)]
    assert drawn.left_out() == ["not drawn: 1 face seen for less than a second, 2 faces seen shorter than these"]


def test_a_part_of_a_video_is_drawn_from_its_own_first_frame(tmp_path, monkeypatch):
    drawn, edges_drawn = Timeline(tmp_path / "t.png", "a.mp4", EMOTIONS), []
    for number in range(21):
        faces = [face(1, 0.5)] if number < 15 else [face(2, 0.5)] if number < 18 else []
        drawn.write(60 + number / 10, faces)
    monkeypatch.setattr(timeline, "draw_face", lambda axes, sums, edges, colours: edges_drawn.append(edges))
    drawn.close()
    # Face 2 is there for 0.3 seconds: the minute before does not count.
    assert list(drawn.faces) == [1] and drawn.left_out() == ["not drawn: 1 face seen for less than a second"]
    assert edges_drawn[0][0] == 60 and abs(edges_drawn[0][-1] - 62) < 0.2


def test_between_frames_that_are_far_apart_a_face_is_drawn_as_before(tmp_path, monkeypatch):
    drawn, seen = Timeline(tmp_path / "t.png", "a.mp4", EMOTIONS), []
    for number in range(9):
        drawn.write(number * 0.5, [] if number in (3, 4) else [face(1, 0.5)])
    monkeypatch.setattr(timeline, "draw_face", lambda axes, sums, edges, colours: seen.extend(sums[:, 0] > 0))
    drawn.close()
    assert seen == [True] * 15 + [False] * 10 + [True] * 16


@pytest.mark.parametrize("name", ["a.mp4", "a$\\frac$.mp4", "a\udcff\x1b[2J.avi"])
def test_a_timeline_without_faces_and_of_any_name_is_drawn_too(tmp_path, name):
    empty = Timeline(tmp_path / "t.png", name, EMOTIONS)
    empty.write(0.0, [])
    empty.close()
    assert (tmp_path / "t.png").is_file()


def test_what_no_timeline_can_be_drawn_of(tmp_path):
    video, picture = Video("a.mp4", "a.mp4", is_live=False), Picture(tmp_path / "a.png", "a.png")
    check_timeline("t.png", [video])
    for sources in ([video, video], [picture]):
        with pytest.raises(UserError, match="name a single one"):
            check_timeline("t.png", sources)
    with pytest.raises(UserError, match=r"ends in \.png"):
        check_timeline("t.jpg", [video])
