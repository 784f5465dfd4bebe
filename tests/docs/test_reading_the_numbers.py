"""The programs on the page about numbers count each recording once, however long it is."""

import re

import pytest
from conftest import REPOSITORY

pandas = pytest.importorskip("pandas", reason="the extra `tables` is not installed")

PAGE = (REPOSITORY / "docs" / "reading-the-numbers.md").read_text()
GROUPS, ROWS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def run(program) -> dict:
    """Return the names of a program after it has run."""
    names: dict = {}
    exec(compile(program, "program", "exec"), names)
    return names


def test_two_groups_are_compared_by_their_recordings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    # p1 has two tracks, and one that is too short to count; the other recordings have one each.
    rows = [("before/p1.mp4", 1, 9, 0.2), ("before/p1.mp4", 2, 9, 0.4), ("before/p1.mp4", 3, 0.5, 1.0)]
    rows += [("before/p2.mp4", 1, 9, 0.1), ("after/p1.mp4", 1, 9, 0.7), ("after/p2.mp4", 1, 9, 0.9)]
    table = pandas.DataFrame(rows, columns=["source", "face", "last", "mean_happy"]).assign(first=0)
    table.to_csv("summary_tracks.csv", index=False)
    names = run(GROUPS)
    assert names["before"].to_dict() == pytest.approx({"before/p1.mp4": 0.3, "before/p2.mp4": 0.1})
    # The extreme differences that two recordings of each group allow: 0.7 - 0.3 and 0.9 - 0.1.
    assert (names["low"], names["high"]) == pytest.approx((0.4, 0.8))
    assert "2 and 2 recordings, happy 0.20 and 0.80\ndifference +0.60" in capsys.readouterr().out


def test_a_long_track_counts_no_more_than_a_short_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [("a.mp4", 1, 0.9)] * 98 + [("a.mp4", 2, 0.1)] * 2
    pandas.DataFrame(rows, columns=["source", "face", "happy"]).to_csv("study.csv", index=False)
    names = run(ROWS)
    assert names["tracks"].groupby("source").mean()["a.mp4"] == pytest.approx(0.5)
    assert "0.5" in capsys.readouterr().out
