"""Giving sources out to workers that may die, with a stand-in for Ray; tests/scripts has the real one."""

import socket
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import make_video

from emotion_recognition.archive import cluster
from emotion_recognition.archive.worker import Problem
from emotion_recognition.errors import UserError
from emotion_recognition.video.capture import Video

CORES = 3


class WorkerCrashed(Exception):
    pass


class TaskError(Exception):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.cause = cause


class Ray(SimpleNamespace):
    """Runs a task when it is waited for; `answer(name, try)` is what comes of it."""

    def __init__(self, answer):
        errors = SimpleNamespace(RayError=WorkerCrashed, RayTaskError=TaskError)
        super().__init__(answer=answer, exceptions=errors, tries=Counter(), most=0)

    def cluster_resources(self):
        return {"CPU": float(CORES)}

    def remote(self, **options):
        assert options == {"num_cpus": 1, "max_retries": 0}
        return lambda function: SimpleNamespace(remote=lambda name, path, tables, is_last: (name, is_last, path))

    def wait(self, tasks, num_returns):
        self.most = max(self.most, len(tasks))
        return tasks[:1], tasks[1:]

    def get(self, task):
        self.tries[task[0]] += 1
        result = self.answer(task[0], self.tries[task[0]])
        assert task[1] == (self.tries[task[0]] == cluster.TRIES)
        # Workers are in another folder.
        assert Path(task[2]).is_absolute()
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def read_with(monkeypatch):
    """Return a function that reads so many sources with these answers: ({name: problem}, the stand-in for Ray)."""

    def read(answer, number=10, folder="nowhere"):
        ray = Ray(answer)
        monkeypatch.setitem(sys.modules, "ray", ray)
        sources = [Video(f"{folder}/{place}.mp4", str(place), is_live=False) for place in range(number)]
        done = [(source.name, problem) for source, problem in cluster.read_all(sources, None)]
        assert sorted(name for name, _ in done) == sorted(source.name for source in sources)
        return dict(done), ray

    return read


def test_sources_are_given_out_a_few_at_a_time(read_with):
    done, ray = read_with(lambda name, number: None, 1000)
    assert ray.tries.total() == 1000 and set(done.values()) == {None}
    assert ray.most == cluster.GIVEN_OUT * CORES


def test_what_a_worker_had_that_died_is_read_by_another(read_with):
    done, ray = read_with(lambda name, number: WorkerCrashed() if name in "37" and number == 1 else None)
    assert set(done.values()) == {None}
    assert ray.tries["3"] == ray.tries["7"] == 2 and ray.tries.total() == 12


def test_a_source_that_fails_is_tried_three_times_and_told_of(read_with):
    bad = {"2": Problem("2 is damaged", "here"), "5": WorkerCrashed()}
    done, ray = read_with(lambda name, number: bad.get(name))
    assert done.pop("2") == bad["2"] and "worker died" in done.pop("5").reason
    assert set(done.values()) == {None}
    assert [ray.tries[name] for name in "25"] == [3, 3]


def test_workers_that_die_one_after_the_other_end_the_run(read_with, monkeypatch):
    with pytest.raises(UserError, match=r"101 workers died.*disk or memory is full.*the same command again"):
        read_with(lambda name, number: WorkerCrashed(), 1000)
    # When others are read meanwhile, or many sources end their workers each time, the run goes on.
    done, _ = read_with(lambda name, number: WorkerCrashed() if int(name) % 50 else None, 1000)
    assert sum(problem is None for problem in done.values()) == 20
    done, _ = read_with(lambda name, number: WorkerCrashed(), 90)
    assert all("worker died" in problem.reason for problem in done.values())
    # A machine of many cores that is lost takes all that it had with it.
    monkeypatch.setitem(globals(), "CORES", 100)
    done, _ = read_with(lambda name, number: WorkerCrashed() if number == 1 and int(name) < 150 else None, 1000)
    assert set(done.values()) == {None}


def test_a_machine_that_sees_no_sources_ends_the_run(read_with, tmp_path):
    make_video(tmp_path / "4.mp4")
    unseen = Problem("4 is not there", "far", is_unseen=True)
    with pytest.raises(UserError, match=r"far does not see .*4\.mp4, which this one has: keep the sources on a disk"):
        read_with(lambda name, number: unseen if name == "4" else None, folder=tmp_path)
    # One that nobody sees is a source that cannot be read.
    (tmp_path / "4.mp4").unlink()
    done, _ = read_with(lambda name, number: unseen if name == "4" else None, folder=tmp_path)
    assert done["4"] == unseen


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (UserError("The machine far cannot write"), "^The machine far cannot write$"),
        (ModuleNotFoundError("No module named 'cv2'"), "each machine needs the same packages"),
    ],
)
def test_a_machine_that_cannot_begin_ends_the_run(read_with, cause, words):
    with pytest.raises(UserError, match=words):
        read_with(lambda name, number: TaskError(cause))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise ConnectionError('nothing found')", r"cannot join .* auto \(nothing found\): .*RAY_AUTH_TOKEN"),
        ("raise RuntimeError('Version mismatch:\\n2.0')", r"\(Version mismatch: 2\.0\): .*Ray \(here 2\.1\)"),
        ("import os; os._exit(1)", r"\(no node of it runs here.*start a node here"),
        ("import time; time.sleep(60)", r"\(no answer\)"),
    ],
)
def test_a_cluster_that_cannot_be_joined(line, words, monkeypatch, tmp_path):
    # The other process finds this module in the place of Ray.
    (tmp_path / "ray.py").write_text(f"def init(*arguments, **options):\n    {line}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(__version__="2.1"))
    monkeypatch.setattr(cluster, "JOIN_PATIENCE", 0.5 if "sleep" in line else 60)
    with pytest.raises(UserError, match=words):
        cluster.start("auto", None)


def test_an_address_where_nobody_answers(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=None))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=f"Nobody answers at {address}"):
        cluster.start(address, None)


def test_ray_that_does_not_start_or_is_not_installed(monkeypatch):
    def init(*arguments, **options):
        raise Exception("timed out")

    for ray, words in ((SimpleNamespace(init=init), r"start here \(timed out\)"), (None, "pip install ray pyarrow")):
        monkeypatch.setitem(sys.modules, "ray", ray)
        with pytest.raises(UserError, match=words):
            cluster.start(None, None)
