"""Every command and every program in README and docs runs as it stands there."""

import itertools
import json
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import cv2
import pytest
import workplace
from conftest import NETWORKS, REPOSITORY

PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]

# Why a command is not run here: the first pattern that is found in it.
NOT_RUN = {
    r"^make ": "the Makefile runs it, in an environment of its own",
    r"web/build\.py": "needs the packages of npm; tests/web builds the page",
    r"^(python -m venv|sudo|\S*pip install|git clone|docker|export)": "changes the machine, not the project",
    r"^python -m hatchling": "test_package.py builds the package, elsewhere",
    r"^KERAS_BACKEND=": "needs another backend of Keras",
    r"(first|second|averaged)\.h5|^git show|data_drawn|mixed-precision": "the history, as earlier commits had it",
    r"^(npm|tar) ": "fetches a package, and unpacks it",
    r"test\.py( --(camera|resolution|min-face|smooth|heat|output|model)\b.*)?$|--mode display$": "needs a camera",
    r"\w+://": "needs a stream",
    r"archive\.py|^ray |^sbatch": "needs Ray, or a cluster; tests/scripts/test_archive.py runs it",
    r"^python (-m )?benchmarks": "measures for minutes; the benchmarks have tests of their own",
}
# What makes a command short; the flags that it stands with are all kept.
SHORTER = {
    r"classification_\w+\.py|--mode train": ["--epochs", "1"],
    r"explain\.py --data": ["--pictures", "2"],
    r"explain\.py --check": ["--pictures", "3"],
}
OUTPUT_FLAGS = (
    "--output", "--csv", "--jsonl", "--table", "--summary", "--report", "--timeline", "--pack", "--save-as"
)  # fmt: skip


def fenced(language: str) -> dict[str, str]:
    """Return the fenced blocks of a language in all pages: the text, and on which page it stands first."""
    blocks = {}
    for page in PAGES:
        for block in re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
            blocks.setdefault(block, page.name)
    return blocks


def commands() -> dict[str, str]:
    """Return every command, without its comment, and on which page it stands first."""
    found = {}
    for block, page in fenced("bash").items():
        for line in block.replace("\\\n", " ").splitlines():
            if command := re.sub(r"(^|\s+)#.*", "", " ".join(line.split())):
                found.setdefault(command, page)
    notebook = json.loads((REPOSITORY / "docs/colab.ipynb").read_text())
    for line in "\n".join("".join(cell["source"]) for cell in notebook["cells"]).splitlines():
        if line.startswith("!python "):
            # The portrait, and the folder of Google Drive, are there in Colab alone.
            here = line[1:].replace("{portrait}", "photo.jpg").replace("/content/drive/MyDrive/", "")
            found.setdefault(here, "colab.ipynb")
    return found


def reason_not_to_run(command: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, command)), None)


RUN = {command: page for command, page in commands().items() if not reason_not_to_run(command)}


def test_every_reason_is_needed():
    present = " ".join(filter(None, map(reason_not_to_run, commands())))
    assert [reason for reason in NOT_RUN.values() if reason not in present] == []


def test_commands_run_python_scripts_that_are_there():
    scripts = {shlex.split(command)[1] for command in RUN}
    assert {"test.py", "explain.py", "evaluate.py", "dataset_prepare.py", "emotions.py"} <= scripts
    assert [name for name in scripts if not (REPOSITORY / name).is_file()] == []


@pytest.fixture(scope="session")
def everything(tmp_path_factory, small_csv, small_data) -> Path:
    """The folder of all files that commands name; nothing is written there."""
    return workplace.make(tmp_path_factory.mktemp("workplace"), small_csv, small_data)


@pytest.fixture
def in_folder(tmp_path, everything, monkeypatch):
    """Return a function that goes into a new folder, which has the files of these names."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.chdir(tmp_path)

    def link(names) -> Path:
        for name in {Path(name).parts[0] for name in names if name and not name.startswith("-")}:
            if (everything / name).exists() and not (tmp_path / name).exists():
                (tmp_path / name).symlink_to(everything / name)
        return tmp_path

    return link


def read_and_written(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of a command that name what it reads, and those that name what it writes."""
    written = [name for flag, name in itertools.pairwise(words) if flag in OUTPUT_FLAGS and name != "-"]
    read = [word for word in words[2:] if word not in written]
    if words[1].startswith(("classification", "emotions", "evaluate")) or "--check" in words:
        read += ["data"] * ("--data" not in words)
    return read, written


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN, ids=lambda command: f"{RUN[command]}: {command}")
def test_a_command_runs_as_it_stands(command, in_folder, monkeypatch, request):
    words = shlex.split(command)
    read, written = read_and_written(words)
    if "NotoColorEmoji.ttf" in words and not workplace.NOTO.exists():
        pytest.skip("Noto Color Emoji is not installed")
    if ".parquet" in command:
        pytest.importorskip("pyarrow")
    folder = in_folder(read)
    if "yunet" in words:
        cache = folder / "cache" / "emotion-recognition"
        cache.mkdir(parents=True)
        shutil.copy(request.getfixturevalue("yunet_file"), cache)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent))
    if "--votes" in words and "--labels" not in words:
        # A training learns the votes that a command above it has kept.
        in_folder(["fer2013.csv", "fer2013new.csv"])
        (folder / "data").unlink()
        run(["python", "dataset_prepare.py", "fer2013.csv", "--labels", "fer2013new.csv", "--votes"], monkeypatch)
    shorter = [word for pattern, words in SHORTER.items() if re.search(pattern, command) for word in words]
    run(words + shorter, monkeypatch)
    assert [name for name in written if not (folder / name).exists()] == []


def run(words: list[str], monkeypatch):
    """Run a script in this process, since the start of TensorFlow takes longer than most commands."""
    monkeypatch.setattr(sys, "argv", words[1:])
    main = runpy.run_path(str(REPOSITORY / words[1]))["main"]
    # What is tried is the command, not how a network learns; only --weights needs the real one.
    if "--weights" not in words:
        for names in (main.__globals__, main.__globals__.get("NETWORKS", {})):
            for name in NETWORKS.keys() & names.keys():
                monkeypatch.setitem(names, name, tiny_network)
    assert main() in (None, 0)


def tiny_network(emotions: int):
    """Stand in for the networks of the training scripts."""
    import keras
    from keras import layers

    last = layers.Dense(emotions, activation="softmax", dtype="float32")
    pooled = [layers.Conv2D(2, 3, 4), layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((48, 48, 1)), *pooled, last], name="tiny")


@pytest.mark.slow
@pytest.mark.parametrize("program", fenced("python"), ids=lambda program: fenced("python")[program])
def test_a_program_runs_as_it_stands(program, in_folder, monkeypatch, capsys):
    if "pandas" in program:
        pytest.importorskip("pandas", reason="the extra `tables` is not installed")
    in_folder(["photo.jpg", "study.csv", "summary_tracks.csv", "clip.mp4"])
    # The clip stands for the camera, and nobody looks at the window.
    opened, camera = cv2.VideoCapture, cv2.VideoCapture("clip.mp4")
    monkeypatch.setattr(cv2, "VideoCapture", lambda *source: camera if source == (0,) else opened(*source))
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: None)
    monkeypatch.setattr(cv2, "waitKey", lambda milliseconds: -1)
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_links_of_the_pages_beside_docs_lead_somewhere():
    # Those inside docs/ are followed by `make docs`.
    for page in PAGES[:2]:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        assert links and [link for link in links if not (page.parent / link).exists()] == [], page.name
