"""The plan of the house: which room may use which, how long its parts may be, and what importing them leaves alone."""

import ast
import graphlib
import re
import subprocess
import sys

import pytest
from conftest import REPOSITORY

PACKAGE = REPOSITORY / "emotion_recognition"
SCRIPTS = sorted(REPOSITORY.glob("*.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))

# Modules that are no part of a room; all may use them, and they use nothing of ours but what is named here.
COMMON = {
    "labels": set(),
    "errors": set(),
    "images": {"errors"},
    "files": {"errors", "partial_files"},
    "places": set(),
    "partial_files": {"errors"},
}
# What each room may use beside itself and the common modules. The public names come from where __init__ says.
ROOMS = {
    "datasets": {"faces"},
    "faces": set(),
    "models": set(),
    "training": {"datasets", "models", "evaluation"},
    "evaluation": {"datasets", "models"},
    "explanation": {"datasets", "faces", "models", "recogniser", "evaluation"},
    "recogniser": {"faces", "models"},
    "video": {"faces", "models", "recogniser"},
    "studies": {"faces", "models", "recogniser", "video"},
    "archive": {"recogniser", "studies", "video"},
    "cli": set(),
}


def imports_of(path) -> set[str]:
    """Return the dotted names of all modules, and names in them, that a Python file imports anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path) -> str:
    """Return the room that a module of the package lies in, or its own name."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def rooms_used_by(path) -> set[str]:
    """Return the rooms and common modules that a module uses beside its own room."""
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("emotion_recognition.")}
    # What the package itself names, such as its version, is no room.
    return ours - {room_of(path), "__version__", "__main__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_between_rooms_point_one_way(path):
    room = room_of(path)
    if room == "__init__":
        return
    allowed = COMMON[room] if room in COMMON else ROOMS[room] | set(COMMON)
    assert rooms_used_by(path) <= allowed


def test_no_arrows_go_round():
    # CycleError names the rooms of a ring, however long it is.
    graphlib.TopologicalSorter(ROOMS).prepare()


@pytest.mark.parametrize(
    ("paths", "most"), [(MODULES, 200), (SCRIPTS, 150), (sorted((REPOSITORY / "benchmarks").glob("*.py")), 200)]
)
def test_modules_and_scripts_are_short(paths, most):
    lengths = {str(path.relative_to(REPOSITORY)): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > most} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_package_leaves_the_process_alone(path):
    """Scripts may set up their own process, in `cli.program`; in a program of somebody else's, that would be rude."""
    text = path.read_text(encoding="utf-8")
    changes = r"os\.(dup2?|putenv|environ\[.*\] *=|environ\.(setdefault|update|pop))\b|signal\.signal|rcParams"
    assert room_of(path) == "cli" or not re.search(changes, text)


def run_python(code) -> str:
    """Run Python code in a fresh process in the folder of the project; return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_the_package_changes_and_loads_nothing():
    code = """
import os, sys
before = dict(os.environ)
import emotion_recognition
print(dict(os.environ) == before, [name for name in ("cv2", "keras", "numpy", "PIL") if name in sys.modules])"""
    assert run_python(code) == "True []"


def test_importing_the_scripts_of_the_networks_loads_nothing():
    code = """
import sys
import classification_attentional, classification_little_vgg, classification_pretrained, emotions
print([name for name in ("cv2", "PIL", "keras") if name in sys.modules])"""
    assert run_python(code) == "[]"
