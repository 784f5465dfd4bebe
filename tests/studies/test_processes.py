"""Several processes: what dies is told of, and nothing is waited for when the run ends."""

import contextlib
import multiprocessing
import os

import pytest
from conftest import make_video

from emotion_recognition.errors import UserError
from emotion_recognition.studies.processes import read_in_processes
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.video.sources import find_sources


@contextlib.contextmanager
def die():
    """End a process as a lack of memory does."""
    os._exit(9)
    yield


@pytest.mark.slow
def test_a_process_that_dies(tmp_path):
    sources = find_sources([str(make_video(tmp_path / f"{name}.avi")) for name in "abcd"])
    with pytest.raises(
        UserError, match=r"A process has died .* while it read one of \S+a\.avi, \S+b\.avi: .* --continue"
    ):
        list(read_in_processes(sources, 2, ReadingSettings(), [], die))


@pytest.mark.slow
def test_who_stops_waits_for_nothing(tmp_path):
    sources = find_sources([str(make_video(tmp_path / f"{name}.avi")) for name in "abcd"])
    reading = read_in_processes(sources, 2, ReadingSettings(), [], contextlib.nullcontext)
    source, read = next(reading)
    assert (source.name, read.summary.status, read.lines) == (sources[0].name, "no face", {})
    reading.close()
    assert not [child for child in multiprocessing.active_children() if child.is_alive()]
