"""Files that are written whole or not at all."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotion_recognition import files, partial_files
from emotion_recognition.errors import UserError


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "model.h5"
    with files.written_whole(path) as temporary:
        assert temporary.parent == path.parent and temporary.suffix == ".h5"
        temporary.write_text("first half")
        assert not path.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("error", "told"),
    [(OSError(28, "No space"), r"No space.*model\.h5"), (OSError("no group"), "no group"), (KeyboardInterrupt(), None)],
)
def test_a_failed_write_keeps_the_old_file_and_tells_why(error, told, tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("old")
    with pytest.raises(type(error), match=told), files.written_whole(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_outputs_are_claimed_before_the_work(tmp_path):
    path = tmp_path / "deep" / "folder" / "model.h5"
    files.claim_output(path)
    assert path.parent.is_dir() and list(path.parent.iterdir()) == []


def test_existing_outputs_are_refused(tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("old")
    with pytest.raises(UserError, match=r"model\.h5 exists already: name another --output, or replace it with --force"):
        files.claim_output(path)
    files.claim_output(path, force=True)
    assert path.read_text() == "old"


def test_a_folder_is_no_output_and_a_file_no_folder(tmp_path):
    with pytest.raises(UserError, match="is a folder: name a file"):
        files.claim_output(tmp_path, force=True)
    (tmp_path / "data").write_text("mine")
    with pytest.raises(UserError, match="data is a file: name another --output"):
        files.claim_folder(tmp_path / "data", force=True)


@pytest.mark.parametrize("place", ["file/model.h5", "file/folder/model.h5"])
def test_places_where_nothing_can_be_written(place, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match=r"No file can be written in .*file.*: name another --output"):
        files.claim_output(tmp_path / place)


@pytest.mark.parametrize("claim", [files.claim_output, files.claim_folder])
def test_names_that_leave_no_room_for_the_temporary_one(claim, tmp_path):
    with pytest.raises(UserError, match=r"No file can be written in .* \(.*too long\): name another --output"):
        claim(tmp_path / ("x" * 240 + ".csv"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_when_it_is_whole_and_is_replaced_by_force(tmp_path):
    folder = tmp_path / "data"
    for content in ("first", "second"):
        with files.folder_written_whole(folder) as temporary:
            (temporary / content).write_text(content)
            assert not (folder / content).exists()
        assert sorted(path.name for path in folder.iterdir()) == [content, "written.csv"]
        with pytest.raises(UserError, match="data exists already: name another --output, or replace it with --force"):
            files.claim_folder(folder)
        files.claim_folder(folder, force=True)
    assert list(tmp_path.iterdir()) == [folder]


@pytest.fixture
def old_folder(tmp_path):
    """A folder that was written; after the test it is there as it was, and alone."""
    folder = tmp_path / "data"
    with files.folder_written_whole(folder) as temporary:
        (temporary / "old").write_text("old")
    yield folder
    assert sorted(path.name for path in folder.iterdir()) == ["old", "written.csv"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failed_folder_keeps_the_old_one(error, old_folder):
    with pytest.raises(error), files.folder_written_whole(old_folder) as temporary:
        (temporary / "half").write_text("half")
        raise error


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(old_folder, monkeypatch):
    rename = Path.rename

    def fail(path, target):
        if path.suffix == ".partial" and not path.stem.endswith(".old"):
            raise OSError("it is in use")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="it is in use"), files.folder_written_whole(old_folder):
        pass


@pytest.fixture
def killed():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def rest(path, process, machine=None, kind=""):
    """Return the name under which a run with this number left something beside `path`."""
    machine = machine or partial_files.this_machine()
    return path.parent / f"{path.stem}.{machine}-{process}-0123abcd{kind}.partial{path.suffix}"


def test_a_run_killed_between_the_two_renames_loses_nothing(old_folder, killed):
    old_folder.rename(rest(old_folder, killed, kind=".old"))
    partial_files.remove_rests.cache_clear()
    with pytest.raises(OSError), files.folder_written_whole(old_folder):
        raise OSError


def test_what_killed_runs_left_is_removed_and_what_others_are_writing_stays(tmp_path, killed):
    path = tmp_path / "model.h5"
    left = [rest(path, killed), rest(tmp_path / "other.png", killed), rest(path, 7, machine="000000")]
    # The first process of a machine is another person's, except for who may do all.
    others = [rest(path, os.getpid()), rest(path, 1), tmp_path / "my.partial.h5"]
    others.append(rest(tmp_path / "video.mp4", 7, machine="000001"))
    for each in left + others:
        each.write_text("half")
    # Not touched for two days.
    os.utime(left[2], (0, left[2].stat().st_mtime - 2 * partial_files.DAY))
    (rest(tmp_path / "data", killed) / "train").mkdir(parents=True)
    with files.written_whole(path) as temporary:
        temporary.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_a_folder_that_may_be_written_but_not_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    monkeypatch.setattr(Path, "iterdir", lambda folder: os.scandir(tmp_path / "none"))
    files.claim_output(tmp_path / "a.txt")
    with files.written_whole(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_two_that_write_at_once_do_not_meet(tmp_path):
    path = tmp_path / "model.h5"
    with files.written_whole(path) as first, files.written_whole(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_one_place_is_claimed_by_many_at_one_moment(tmp_path):
    def claim(number):
        for _ in range(50):
            files.claim_output(tmp_path / f"model_{number}.h5")

    with ThreadPoolExecutor(4) as executor:
        # What is raised in a thread is raised here.
        list(executor.map(claim, range(4)))
    assert list(tmp_path.iterdir()) == []


def write_folder(folder):
    """Write a folder as a script does, of two files."""
    with files.folder_written_whole(folder) as temporary:
        (temporary / "train").mkdir()
        (temporary / "train/1.png").write_text("a picture")
        (temporary / "copies.csv").write_text("a table")


def add_a_picture(folder):
    (folder / "train/me.png").write_text("the only copy")


def put_a_link(folder):
    (folder / "train/1.png").rename(folder.parent / "1.png")
    (folder / "train/1.png").symlink_to(folder.parent / "1.png")


CHANGES = {
    "train/me.png was not written by this script": add_a_picture,
    "train/1.png .*, or has been changed since": lambda folder: (folder / "train/1.png").write_text("retouched"),
    "train/holidays was not written": lambda folder: (folder / "train/holidays").mkdir(),
    "train/1.png was not written": put_a_link,
    "written.csv is missing": lambda folder: (folder / "written.csv").unlink(),
    "was not written": lambda folder: (folder / "written.csv").write_text("a,b\n"),
}


@pytest.mark.parametrize("words", CHANGES)
@pytest.mark.parametrize("force", [False, True])
def test_what_a_person_has_put_into_a_folder_is_named_and_kept(words, force, tmp_path):
    write_folder(tmp_path / "data")
    CHANGES[words](tmp_path / "data")
    before = sorted((tmp_path / "data").rglob("*"))
    with pytest.raises(UserError, match=f"{words}.*: move it away, or name another --output"):
        files.claim_folder(tmp_path / "data", force)
    with pytest.raises(UserError, match=words):
        write_folder(tmp_path / "data")
    assert sorted((tmp_path / "data").rglob("*")) == before


def test_what_a_person_adds_while_the_folder_is_written_is_kept(tmp_path):
    write_folder(tmp_path / "data")
    with pytest.raises(UserError, match=r"me\.png"), files.folder_written_whole(tmp_path / "data") as temporary:
        (temporary / "new").write_text("new")
        add_a_picture(tmp_path / "data")
    assert (tmp_path / "data/train/me.png").read_text() == "the only copy"
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_names_that_are_no_utf_8_are_known_again(tmp_path):
    with files.folder_written_whole(tmp_path / "data") as temporary:
        (temporary / 'caf\udce9, "1".png').write_text("a picture")
    assert files.find_foreign(tmp_path / "data") is None


def test_old_files_are_kept_under_a_dated_name(tmp_path):
    path = tmp_path / "model.h5"
    assert files.keep_aside(path) is None
    names = set()
    for content in ("first", "second"):
        path.write_text(content)
        aside = files.keep_aside(path)
        assert aside.read_text() == content and path.read_text() == content
        assert aside.name.startswith("model_20") and aside.suffix == ".h5"
        names.add(aside.name)
    assert len(names) == 2


def test_pictures_are_written_as_their_name_says(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    files.write_picture(tmp_path / "new" / "picture.png", picture)
    assert np.array_equal(cv2.imread(str(tmp_path / "new" / "picture.png")), picture)
    files.write_picture(tmp_path / "picture.jpg", picture)
    assert (tmp_path / "picture.jpg").read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("name", "width", "words"),
    [
        ("picture.xyz", 4, r"pictures can be written as \.png"),
        ("gray.pgm", 64, r"64 x 4 pixels.*\.png"),
        ("wide.webp", 17_000, r"17000 x 4 pixels.*\.png"),
    ],
)
def test_pictures_that_a_kind_of_file_cannot_hold(name, width, words, tmp_path):
    with pytest.raises(UserError, match=f"{name}: .*{words}"):
        files.write_picture(tmp_path / name, np.zeros((4, width, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
