"""The page: everything of a run in one file, which shows names as they are and asks nothing of anybody."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from emotion_recognition.studies.report import make_page, write_report
from emotion_recognition.studies.report_warnings import find_warnings
from emotion_recognition.studies.summary import NO_FACE, READ, UNREADABLE, SourceSummary, TrackSummary

EMOTIONS = ("happy", "sad")
MEANS, SHARES = {"happy": 0.75, "sad": 0.25}, {"happy": 0.9, "sad": 0.1}
TRACK = TrackSummary("clip.mp4", 1, 0.0, 9.9, 100, 80.0, 9.0, 0.1, MEANS, SHARES)
CLIP = SourceSummary(
    source="clip.mp4", status=READ, reason=None, frames=100, rate=10.0, seconds=10.0, frames_with_face=100, tracks=1,
    mean_score=9.0, share_unclear=0.1, means=MEANS, shares=SHARES, model="ab" * 32, version="1.0.0",
    timeline=[[0.75, 0.25], []], thumbnail="QUJD",
)  # fmt: skip
NOTHING = {"happy": None, "sad": None}
EMPTY = replace(CLIP, status=NO_FACE, frames_with_face=0, tracks=0, mean_score=None, share_unclear=None, means=NOTHING,
                shares=NOTHING, timeline=[[]], thumbnail="")  # fmt: skip


class Tags(HTMLParser):
    """Counts the tags of a page, and checks that what is opened is closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.all = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_shows_each_source():
    page = make_page([(CLIP, [TRACK]), (replace(EMPTY, source="empty.mp4"), [])], EMOTIONS)
    tags = Tags(page).all
    assert [each["id"] for tag, each in tags if tag == "section"] == ["source-1", "source-2"]
    assert [each["href"] for tag, each in tags if tag == "a"] == ["#source-1", "#source-2"]
    assert [each["src"] for tag, each in tags if tag == "img"] == ["data:image/jpeg;base64,QUJD"]
    # In the first of two intervals happy fills the lower three quarters; in the second there was no face.
    assert [each["d"] for tag, each in tags if tag == "path"] == ["M0 100V25H1V100Z", "M0 25V0H1V25Z"]
    assert "2 sources, 200 frames read. Model abababababab, version 1.0.0." in page
    assert "10.0 seconds; a face in 100% of the frames; 1 track; mean score of the detector 9.00" in page
    assert "</span> happy 90%</td>" in page and "<tr><td>happy</td><td>90%</td><td>0.75</td>" in page


def test_of_many_tracks_the_longest_are_listed():
    page = make_page([(CLIP, [replace(TRACK, face=number, frames=number) for number in range(1, 15)])], EMOTIONS)
    assert re.findall(r"<tr><td>(\d+)</td>", page) == [str(number) for number in range(3, 15)]
    assert "2 shorter tracks are left out." in page


def test_names_are_no_html():
    name = "<script>alert(1)</script>&\"'.mp4"
    page = make_page([(replace(CLIP, source=name), [TRACK])], EMOTIONS)
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;" in page
    broken = replace(EMPTY, status=UNREADABLE, reason="<b>.mp4 is not there: check the name.")
    assert "<b>" not in make_page([(broken, [])], EMOTIONS)


def test_the_page_asks_nothing_of_another_address():
    page = make_page([(CLIP, [TRACK])], EMOTIONS)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|<link|<script|@import|url\(", page)


@pytest.mark.parametrize(
    ("changes", "track", "warning"),
    [
        ({"frames_with_face": 20}, {}, "A face was found in 20% of the frames only: what is missing may differ"),
        ({"share_unclear": 0.4}, {}, "In 40% of the faces two emotions are too close to choose."),
        ({"mean_score": 3.9}, {}, "The mean score of the detector is low (3.90): faces are turned or hidden"),
        ({"mean_score": 0.65}, {}, "The mean score of the detector is low (0.65)"),
        ({}, {"frames": 19}, "Only 19 faces in all frames: too few for a mean."),
        ({}, {"mean_width": 30.0}, "Faces are 30 pixels wide on average, fewer than the 48 that the network sees."),
        ({}, {"last": 0.5}, "1 of 1 tracks are shorter than a second: such are often no faces."),
        ({"status": "partly read", "reason": "clip.mp4 is cut off."}, {}, "partly read: clip.mp4 is cut off."),
    ],
)
def test_a_reader_is_warned(changes, track, warning):
    assert find_warnings(CLIP, [TRACK]) == []
    [told] = find_warnings(replace(CLIP, **changes), [replace(TRACK, **track)])
    assert told.startswith(warning)


def test_tracks_of_single_frames_are_no_fault_where_frames_are_far_apart():
    tracks = [replace(TRACK, face=number, first=2.0 * number, last=2.0 * number, frames=1) for number in range(30)]
    assert find_warnings(replace(CLIP, frames=30, frames_with_face=30, seconds=58.04), tracks) == []
    [warning] = find_warnings(replace(CLIP, frames=1451, frames_with_face=1451, seconds=58.04), tracks)
    assert warning.startswith("30 of 30 tracks are shorter than a second")


def test_a_source_without_faces_has_one_warning():
    assert find_warnings(EMPTY, []) == ["No face was found."]
    assert find_warnings(replace(EMPTY, status=UNREADABLE, reason="it is damaged"), []) == ["unreadable: it is damaged"]


def test_names_that_are_no_text_are_written(tmp_path):
    write_report(tmp_path / "page.html", [(replace(CLIP, source="caf\udce9.mp4"), [TRACK])], EMOTIONS)
    assert "caf" in (tmp_path / "page.html").read_text(encoding="utf-8")
