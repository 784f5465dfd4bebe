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

from emotion_recognition.datasets import fer2013
from emotion_recognition.datasets.samples import Sample
from emotion_recognition.labels import FER2013_CODES
from emotion_recognition.models.lite import file_digest

# For each kind, the cases of the short form and of the long one.
CASES = {
    "table": (90, 3500),
    "packed": (50, 1000),
    "picture": (120, 2500),
    "video": (40, 800),
    "model": (25, 500),
    "archived model": (15, 300),
    "lite model": (60, 2000),
}
ROWS = (100, 1500)
# Through dataset_prepare.py, as sources of one test.py, and as its --model.
SCRIPTS = {"table": (12, 50), "picture": (20, 60), "video": (4, 20), "model": (2, 12)}

MOST_MEGABYTES = 400
WORKER = Path(__file__).with_name("fuzz_worker.py")
# A process reads so many files and ends: what a backend keeps of each would add up.
AT_ONCE = 50

counted = {"cases": 0, "refused": 0, "megabytes": 0.0, "started": time.monotonic()}


def read_all(lines, folder):
    """Yield what a process says of each line of `fuzz_worker.py`; after one that it died of, another goes on."""
    while lines:
        with (folder / "worker.log").open("w") as log:
            options = {"input": "".join(lines), "stdout": subprocess.PIPE, "stderr": log, "text": True}
            result = subprocess.run([sys.executable, WORKER], cwd=folder, check=False, **options)
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        if len(answers) < len(lines):
            words = f"died with {result.returncode}\n{(folder / 'worker.log').read_text()[-3000:]}"
            answers.append({"outcome": "failure", "words": words, "megabytes": 0})
        yield from answers
        lines = lines[len(answers) :]


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_changed_files(kind, tmp_path, is_long, seed):
    failures = []
    for start in range(0, CASES[kind][is_long], AT_ONCE):
        numbers, paths = range(start, min(start + AT_ONCE, CASES[kind][is_long])), []
        for number in numbers:
            (tmp_path / str(number)).mkdir()
            paths.append(make_case(kind, number, seed, tmp_path / str(number)))
        contents = [file_digest(path) for path in paths]
        lines = [f"{kind}\t{path}\t{path.parent}/results/data\n" for path in paths]
        for number, path, content, found in zip(numbers, paths, contents, read_all(lines, tmp_path), strict=True):
            counted["refused"] += found["outcome"] == "refused"
            counted["megabytes"] = max(counted["megabytes"], found["megabytes"])
            if fault := find_fault(found, path, content):
                failures.append(f"{kind} {number}, seed {seed}, {path}: {fault}")
            else:
                shutil.rmtree(path.parent)
        counted["cases"] += len(numbers)
    assert not failures, f"{len(failures)} of them:\n" + "\n".join(failures[:20])


def find_fault(found, path, content) -> str:
    """Return what is wrong with what came of a file of this digest; empty where nothing is."""
    if found["outcome"] == "failure" or found["megabytes"] > MOST_MEGABYTES:
        return str(found)
    if found["outcome"] == "refused" and not is_sentence(found["words"]):
        return f"this is no sentence that names the file: {found['words']}"
    results = path.parent / "results"
    names = {entry.name for folder in (path.parent, results) if folder.exists() for entry in folder.iterdir()}
    if not names <= {path.name, "results", "data"} or file_digest(path) != content:
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
        counted["cases"] += 1

    check()


@pytest.mark.slow
@pytest.mark.parametrize("kind", SCRIPTS)
def test_changed_files_through_the_scripts(kind, tmp_path, is_long, seed):
    (tmp_path / "cases").mkdir()
    for number in range(SCRIPTS[kind][is_long]):
        path = make_case(kind, f"script {number}", seed, tmp_path)
        path.rename(tmp_path / "cases" / f"{number}_{path.name}")
    names = sorted(path.name for path in (tmp_path / "cases").iterdir())
    lines = {
        "table": [("dataset_prepare.py", f"cases/{name}") for name in names],
        "model": [("test.py", PORTRAIT, "--no-window", "--model", f"cases/{name}") for name in names],
    }.get(kind, [("test.py", "cases", "--no-window", "--output", "data")])
    for line in lines:
        result = start_script(*line, folder=tmp_path, timeout=1200, errors="replace")
        told = [sentence for sentence in sentences(result) if "does not say how it is read" not in sentence]
        assert result.returncode in (0, 1, 2) and "Traceback" not in result.stderr, result.stderr
        assert (result.returncode != 0) == bool(told) and all(map(is_sentence, told)), result.stderr
        assert len(told) <= (1 if len(lines) > 1 else len(names))
        # The folder of samples is there when it is whole, and nothing else is written.
        assert {entry.name for entry in tmp_path.iterdir()} <= (
            {"cases", "data"} if result.returncode < 2 else {"cases"}
        )
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
    assert sorted(path.name for path in (tmp_path / "cases").iterdir()) == names
    counted["cases"] += len(names)


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
