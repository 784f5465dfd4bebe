"""Files that are written whole or not at all."""

import cv2
import numpy as np
import pytest

from emotion_recognition import files
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


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failed_write_keeps_the_old_file(error, tmp_path):
    path = tmp_path / "model.h5"
    path.write_text("old")
    with pytest.raises(error), files.written_whole(path) as temporary:
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


def test_a_folder_is_no_output(tmp_path):
    with pytest.raises(UserError, match="is a folder: name a file"):
        files.claim_output(tmp_path, force=True)


@pytest.mark.parametrize("place", ["file/model.h5", "file/folder/model.h5"])
def test_places_where_nothing_can_be_written(place, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match=r"No file can be written in .*file.*: name another --output"):
        files.claim_output(tmp_path / place)


def test_a_folder_appears_when_it_is_whole(tmp_path):
    folder = tmp_path / "data"
    for content in ("first", "second"):
        with files.folder_written_whole(folder) as temporary:
            (temporary / content).write_text(content)
            assert not (folder / content).exists()
        assert [path.name for path in folder.iterdir()] == [content]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failed_folder_keeps_the_old_one(error, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(error), files.folder_written_whole(folder) as temporary:
        (temporary / "half").write_text("half")
        raise error
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(OSError, match=r"data\.partial"), files.folder_written_whole(folder) as temporary:
        temporary.rmdir()
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_run_killed_between_the_two_renames_loses_nothing(tmp_path):
    folder, old = tmp_path / "data", tmp_path / "data.old.partial"
    old.mkdir()
    (old / "old").write_text("old")
    with pytest.raises(OSError), files.folder_written_whole(folder):
        raise OSError
    assert [path.name for path in folder.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [folder]


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


def test_pictures_of_unknown_kinds_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"picture\.xyz: pictures can be written as \.png"):
        files.write_picture(tmp_path / "picture.xyz", np.zeros((4, 4), np.uint8))
    assert list(tmp_path.iterdir()) == []
