"""What is printed of pictures, cameras and videos."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from emotion_recognition.faces.boxes import Detection
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.summary import SourceSummary, Tally
from emotion_recognition.studies.words import (
    HOW_TO_READ,
    describe_faces,
    describe_picture,
    describe_summary,
    told_how_to_read,
)

PICTURE = np.zeros((60, 80, 3), np.uint8)


def face(track=None, happy=0.75) -> Face:
    return Face((1, 2, 30, 40), {"happy": happy, "sad": 1 - happy}, "happy", track=track)


def summed(name, frames) -> SourceSummary:
    """Return the summary of a video of which the frames have these faces."""
    tally = Tally(("happy", "sad"))
    for faces in frames:
        tally.add(0.0, faces)
    counts = (tally.frames, 25.0, 1.0, tally.frames_with_face)
    return SourceSummary(name, "read", None, *counts, **tally.values(), model="", version="")


def test_a_line_for_each_face():
    assert describe_faces("a.png", [face(), face(happy=0.25)]) == (
        "a.png: face at (1, 2), 30x40: happy 75%, sad 25%\na.png: face at (1, 2), 30x40: sad 75%, happy 25%"
    )


def test_two_emotions_that_are_too_close_are_both_named():
    unclear = replace(face(happy=0.504), unclear="sad")
    assert describe_faces("a.png", [unclear]) == (
        "a.png: face at (1, 2), 30x40: unclear: happy or sad (happy 50%, sad 50%)"
    )


@pytest.mark.parametrize(("faces", "lines"), [([face()], [HOW_TO_READ]), ([], [])])
def test_the_last_line_says_how_to_read_it(capsys, faces, lines):
    with told_how_to_read({"a.mp4": (summed("a.mp4", [faces]), [])}):
        pass
    assert capsys.readouterr().out.splitlines() == lines


def test_names_are_written_without_what_a_terminal_obeys():
    assert describe_faces("a\udcff\x1b[2J.avi", []) == "a [2J.avi: no face found"
    assert describe_summary(summed("a\udcff\x1b[2J.avi", [])).startswith("a [2J.avi: no face")


@pytest.mark.parametrize(
    ("picture", "upright_height", "advice"),
    [
        (PICTURE[:20], 0, "--whole auto reads such a picture as one face"),
        (PICTURE[:19], 0, "it is too small for one"),
        (PICTURE, 80, "turned by 90 degrees to the right, the picture has one"),
    ],
)
def test_the_hint_where_no_face_is_found(picture, upright_height, advice):
    """The detector finds a face in pictures of the height that this one has after a turn."""
    detector = SimpleNamespace(detect=lambda gray: [Detection((0, 0, 30, 30))] if len(gray) == upright_height else [])
    recogniser = SimpleNamespace(detector=detector)
    assert advice in describe_picture("a.png", picture, [], recogniser)
    assert describe_picture("a.png", PICTURE, [face()], recogniser) == describe_faces("a.png", [face()])


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([[face(1)], [], [face(1, 0.25)]], "a.mp4: one face, seen in 2 of 3 frames: happy 50%, sad 50%"),
        ([[face(1), face(2)]], "a.mp4: 2 tracks of faces, seen in 1 of 1 frame: happy 75%, sad 25%"),
        (
            [[face(1), replace(face(2), unclear="sad")]],
            "a.mp4: 2 tracks of faces, seen in 1 of 1 frame: happy 75%, sad 25%; unclear in 50%",
        ),
        ([[], []], "a.mp4: no face in 2 frames"),
    ],
)
def test_the_sum_of_a_video(frames, text):
    assert describe_summary(summed("a.mp4", frames)) == text
    # The faces of a picture are no tracks.
    picture = replace(summed("a.mp4", frames), seconds=None)
    assert describe_summary(picture) == text.replace("tracks of ", "")
