"""Damaged and hostile files: a result or one sentence, never a crash, a hang, a foreign write, or much memory.

The short form is part of all tests; `make fuzz` runs the long one. A failure names its case; the same seed makes it
again, and its file is kept.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from conftest import PORTRAIT, sentences, start_script
from fuzz_cases import make_case
from hypothesis import strategies
from PIL import Image

from emotion_recognition.datasets import fer2013
from emotion_recognition.datasets.samples import Sample
from emotion_recognition.labels import FER2013_CODES

# For each kind, the cases of the short form and of the long one.
CASES = {
    "table": (90, 2000),
    "archive": (60, 1500),
    "packed": (50, 1000),
    "picture": (120, 2500),
    "video": (40, 800),
    "model": (25, 500),
    "archived model": (15, 300),
    "lite model": (60, 2000),
}
ROWS = (100, 1500)
# Through dataset_prepare.py, as sources of one test.py, and as its --model.
SCRIPTS = {"table": (8, 30), "archive": (6, 20), "picture": (20, 60), "video": (4, 20), "model": (2, 12)}

MOST_MEGABYTES = 400
# A process that has read so many files is replaced: what a backend keeps of each would add up.
MOST_CASES_OF_A_WORKER = 100

counted = {"cases": 0, "refused": 0, "megabytes": 0.0, "started": time.monotonic()}


class Worker:
    """The process that reads, started anew when it has died."""

    def __init__(self, folder):
        self._folder, self._process, self._answered = folder, None, 0

    def read(self, kind, path, output) -> dict:
        """Return what the worker says of a file."""
        if self._process is None or self._answered == MOST_CASES_OF_A_WORKER:
            self.close()
            self._start()
        self._process.stdin.write(f"{kind}\t{path}\t{output}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        self._answered += 1
        if line:
            return json.loads(line)
        status = self._process.wait()
        self.close()
        return {"outcome": "failure", "words": f"died with {status}\n{self._log.read_text()[-3000:]}", "megabytes": 0}

    def _start(self):
        self._log, self._answered = self._folder / "worker.log", 0
        worker = [sys.executable, str(Path(__file__).with_name("fuzz_worker.py"))]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                worker, cwd=self._folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def close(self):
        """End the process."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None


@pytest.fixture
def worker(tmp_path):
    """A process that reads files."""
    process = Worker(tmp_path)
    yield process
    process.close()


def count(found):
    """Add one case to the summary."""
    counted["cases"] += 1
    counted["refused"] += found["outcome"] == "refused"
    counted["megabytes"] = max(counted["megabytes"], found.get("megabytes", 0.0))


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_changed_files(kind, worker, tmp_path, is_long, seed):
    failures = []
    for number in range(CASES[kind][is_long]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = make_case(kind, number, seed, folder)
        content = path.read_bytes()
        found = worker.read(kind, path, folder / "results" / "data")
        count(found)
        if fault := find_fault(found, path, content):
            failures.append(f"{kind} {number}, seed {seed}, {path}: {fault}")
            worker.close()
        else:
            shutil.rmtree(folder)
    assert not failures, f"{len(failures)} of them:\n" + "\n".join(failures[:20])


def find_fault(found, path, content) -> str:
    """Return what is wrong with what came of a file of this content; empty where nothing is."""
    if found["outcome"] == "failure" or found["megabytes"] > MOST_MEGABYTES:
        return str(found)
    if found["outcome"] == "refused" and not is_sentence(found["words"]):
        return f"this is no sentence that names the file: {found['words']}"
    results = path.parent / "results"
    names = {entry.name for folder in (path.parent, results) if folder.exists() for entry in folder.iterdir()}
    if not names <= {path.name, "results", "data"} or path.read_bytes() != content:
        return f"files were written or changed: {names}"
    return ""


def is_sentence(words) -> bool:
    """Return whether a refusal names the file (where the readers are not the only ones to know it) and has an end."""
    return ("case." in words and words.endswith(".")) or words.startswith("None of the ")


# What fields of a table may hold; hypothesis combines them.
CODES = strategies.sampled_from(["0", "3", "6", "7", "-1", " 2", '"4"', "", "happy", "3.0", "٣"])
PIXELS = strategies.builds(
    lambda values, others: " ".join([*map(str, values), *others]),
    strategies.lists(strategies.integers(0, 255), min_size=8, max_size=8).map(lambda values: values * 288),
    strategies.sampled_from([[], [], [], ["7"], [""], ["256"], ["-1"], ["x"], ["1.5"], ["٣"]]),
)
USAGES = strategies.sampled_from(["Training", "PublicTest", "privatetest", " Training ", "", "Test", "\0"])


def expected_sample(number, code, pixels, usage):
    """Return the sample in a row, read in the slow and plain way; None where there is none."""
    split = {"training": "train", "publictest": "validation", "privatetest": "test"}.get(usage.strip().lower())
    code, values = code.strip(' "'), pixels.split()
    is_picture = len(values) == 2304 and all(value.isascii() and value.isdigit() for value in values)
    if code not in list("0123456") or split is None or not is_picture or max(map(int, values)) > 255:
        return None
    picture = np.array(list(map(int, values)), np.uint8).reshape(48, 48)
    return picture, FER2013_CODES[int(code)], split, f"fer{number:07d}.png"


@pytest.mark.slow
def test_rows_are_read_exactly_or_rejected(tmp_path, is_long, seed):
    path = tmp_path / "fer2013.csv"

    @hypothesis.settings(max_examples=ROWS[is_long], deadline=None, database=None)
    @hypothesis.seed(seed)
    @hypothesis.given(strategies.lists(strategies.tuples(CODES, PIXELS, USAGES), min_size=1, max_size=4))
    def check(rows):
        lines = [f"{code},{pixels},{usage}\n" for code, pixels, usage in rows]
        path.write_text("emotion,pixels,Usage\n" + "".join(lines), encoding="utf-8", newline="")
        read = list(fer2013.Fer2013(path))
        assert len(read) == len(rows)
        for number, (item, row) in enumerate(zip(read, rows, strict=True)):
            expected = expected_sample(number, *row)
            assert isinstance(item, Sample) == (expected is not None), (row[0], row[1][-20:], row[2], item)
            if expected:
                assert np.array_equal(item.picture, expected[0])
                assert (item.emotion, item.split, item.name) == expected[1:]
        count({"outcome": "result"})

    check()


def check_script(result, folder, expected):
    """Check that a script ended well or with sentences, and wrote nothing beside its input and output."""
    lines = [line for line in sentences(result) if "does not say how it is read" not in line]
    assert result.returncode in (0, 1, 2), (result.returncode, result.stderr)
    assert "Traceback" not in result.stderr and (result.returncode != 0) == bool(lines), result.stderr
    assert all(is_sentence(line) for line in lines), lines
    assert {entry.name for entry in folder.iterdir()} <= expected
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["table", "archive"])
def test_changed_files_through_dataset_prepare(kind, tmp_path, is_long, seed):
    for number in range(SCRIPTS[kind][is_long]):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = make_case(kind, f"script {number}", seed, folder)
        result = start_script("dataset_prepare.py", path.name, folder=folder, timeout=120)
        lines = check_script(result, folder, {path.name, "data"})
        assert len(lines) <= 1 and (folder / "data").exists() == (result.returncode == 0), lines
        count({"outcome": "refused" if lines else "result"})


@pytest.mark.slow
def test_changed_pictures_and_videos_through_the_recogniser(tmp_path, is_long, seed):
    (tmp_path / "sources").mkdir()
    for kind in ("picture", "video"):
        for number in range(SCRIPTS[kind][is_long]):
            path = make_case(kind, f"script {number}", seed, tmp_path)
            path.rename(tmp_path / "sources" / f"{kind}_{number}_case{path.suffix}")
            count({"outcome": "result"})
    names = {path.name for path in (tmp_path / "sources").iterdir()}
    result = start_script(
        "test.py", "sources", "--no-window", "--output", "output", folder=tmp_path, timeout=1200, errors="replace"
    )
    check_script(result, tmp_path, {"sources", "output"})
    assert {path.name for path in (tmp_path / "sources").iterdir()} == names
    refused = {name for name in names if f"{name} " in result.stderr}
    read = {name for name in names if f"{name}: " in result.stdout}
    assert read and refused and read | refused == names


@pytest.mark.slow
def test_changed_models_through_the_recogniser(tmp_path, is_long, seed):
    Image.open(PORTRAIT).save(tmp_path / "portrait.png")
    for number in range(SCRIPTS["model"][is_long]):
        path = make_case("model", f"script {number}", seed, tmp_path)
        result = start_script("test.py", "portrait.png", "--no-window", "--model", path.name, folder=tmp_path)
        lines = check_script(result, tmp_path, {"portrait.png", path.name})
        assert len(lines) <= 1
        count({"outcome": "refused" if lines else "result"})


@pytest.mark.slow
def test_so_many_cases_were_tried(is_long, capsys):
    expected = sum(numbers[is_long] for numbers in (*CASES.values(), ROWS, *SCRIPTS.values()))
    assert expected >= (10_000 if is_long else 500)
    if counted["cases"] < expected:
        pytest.skip("not all tests of this file were run")
    with capsys.disabled():
        minutes = (time.monotonic() - counted["started"]) / 60
        print(
            f"\nFuzzed: {counted['cases']:,} cases, {counted['refused']:,} refused in one sentence, the others read;"
            f" at most {counted['megabytes']:.0f} MB above the start; {minutes:.0f} minutes."
        )
