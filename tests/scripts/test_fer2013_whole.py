"""dataset_prepare.py on the complete FER-2013, where it is at hand."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from conftest import command, read_csv

from emotion_recognition.labels import FER2013_CODES

pytestmark = pytest.mark.slow

# Rows per emotion in the order of FER2013_CODES, as the data set was released.
FER2013_ROWS = {
    "train": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "validation": (467, 56, 496, 895, 653, 415, 607),
    "test": (491, 55, 528, 879, 594, 416, 626),
}


# Asks the system for the memory of one process; a fork of the tests' own process would count their memory.
MEASURE = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("kilobytes", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


@pytest.fixture(scope="module")
def fer2013(shared, tmp_path_factory):
    """The real data set, prepared: (folder, what the script printed)."""
    folder = tmp_path_factory.mktemp("fer2013")
    preparing = command("dataset_prepare.py", shared / "fer2013" / "fer2013.csv.xz")
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, *preparing], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return folder / "data", result.stdout


def test_fer2013_is_complete(fer2013):
    folder, output = fer2013
    assert "This is the complete, original FER-2013 of 35,887 rows." in output
    assert "0 rows left out" in output and "35,000 rows read" in output
    for split, expected in FER2013_ROWS.items():
        assert tuple(len(list((folder / split / emotion).iterdir())) for emotion in FER2013_CODES) == expected
    assert re.search(r"^ +all +28,709 +3,589 +3,589$", output, re.M)


def test_fer2013_copies(fer2013):
    folder, _ = fer2013
    groups = {}
    for row in read_csv(folder / "copies.csv"):
        groups.setdefault(row["group"], []).append(row["split"])
        assert (folder / row["split"] / row["emotion"] / row["name"]).is_file()
    copied = Counter()
    for splits in groups.values():
        assert len(set(splits)) > 1
        for split in ("validation", "test"):
            copied[split, "train"] += splits.count(split) * ("train" in splits)
        copied["test", "validation"] += splits.count("test") * ("validation" in splits)
    assert copied == {("validation", "train"): 280, ("test", "train"): 288, ("test", "validation"): 44}


def test_fer2013_needs_little_memory(fer2013):
    _, output = fer2013
    assert int(re.search(r"kilobytes (\d+)", output)[1]) < 300_000
