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

import pytest
from fuzz_cases import make_case

from emotion_recognition.models.lite import file_digest

# For each kind, the cases of the short form and of the long one.
CASES = {
    "table": (200, 3500),
    "packed": (50, 1000),
    "picture": (120, 2500),
    "video": (40, 800),
    "model": (25, 500),
    "archived model": (15, 300),
    "lite model": (60, 2000),
}

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


@pytest.mark.slow
def test_so_many_cases_were_tried(is_long, capsys):
    expected = sum(numbers[is_long] for numbers in CASES.values())
    assert expected >= (10_000 if is_long else 500)
    if counted["cases"] < expected:
        pytest.skip("not all tests of this file were run")
    with capsys.disabled():
        minutes = (time.monotonic() - counted["started"]) / 60
        print(
            f"\nFuzzed: {counted['cases']:,} cases, {counted['refused']:,} refused in one sentence, the others read;"
            f" at most {counted['megabytes']:.0f} MB above the start; {minutes:.0f} minutes."
        )
