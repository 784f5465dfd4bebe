"""How far many sources are: a line now and then without a terminal, a bar on one."""

import io
import logging

import pytest

from emotion_recognition.studies import progress
from emotion_recognition.studies.progress import Progress
from emotion_recognition.video.capture import Frame, Source


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def sources(tmp_path):
    """Three sources, of which the last is twice as large as the others."""
    made = []
    for name, size in (("a", 100), ("b", 100), ("c", 200)):
        (tmp_path / name).write_bytes(bytes(size))
        made.append(Source(name))
        made[-1].path, made[-1].seconds = tmp_path / name, 10.0
    return made


def test_a_line_a_minute_tells_the_time_that_is_left(sources, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with Progress(sources) as shown:
        for seconds, source in ((1030, 0), (1070, 1)):
            now[0] = seconds
            shown.end(sources[source])
        # Half of the bytes took 70 seconds. The next line comes in the middle of the last source.
        for now[0], seconds in ((1100, 4.0), (1131, 5.0)):
            shown.see(sources[2], Frame(None, 0, seconds))
    assert caplog.messages == [
        "2 of 3 sources are read, about 01:10 left.", "2 of 3 sources are read, about 00:43 left."
    ]  # fmt: skip


def test_a_bar_on_a_terminal_stands_below_what_is_printed(sources, monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    with Progress(sources) as shown:
        shown.end(sources[0])
        shown.say("a: one face")
        shown.warn("b is damaged.\x1b[2J")
    assert capsys.readouterr().out == "a: one face\n"
    text = terminal.getvalue()
    assert "0 of 3 sources are read   0%|" in text and "left" in text and "b is damaged. [2J\n" in text


def test_one_source_and_a_window_have_no_progress(sources, monkeypatch, caplog):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    for options in ({"sources": sources[:1]}, {"sources": sources, "is_wanted": False}):
        with Progress(**options) as shown:
            shown.end(sources[0])
    assert caplog.messages == []
