"""The data folder as one file: the same pictures, the same training; and every way in which it can be damaged."""

import csv
import shutil

import numpy as np
import pytest
from conftest import assert_one_sentence

from emotion_recognition.datasets import folders, packed
from emotion_recognition.errors import UserError
from emotion_recognition.training import data as training_data


@pytest.fixture(scope="module")
def pack(small_data, tmp_path_factory):
    """The packed form of the small data folder."""
    path = tmp_path_factory.mktemp("packed") / "faces.npz"
    folders.pack(small_data, path)
    return path


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_split_is_the_same_from_both(pack, small_data, split):
    one, other = folders.read_split(small_data, split), folders.read_split(pack, split)
    assert other.emotions == one.emotions and other.names.tolist() == one.names.tolist()
    assert other.pictures.dtype == np.uint8 and other.fingerprint == one.fingerprint


def test_any_levels_and_any_names_come_back(tmp_path):
    # The second letter stands for a byte that is no UTF-8.
    names = np.array([f"happy/ä\udce9{index}.png" for index in range(70)])
    pictures = np.random.default_rng(1).integers(0, 256, (70, 48, 48, 1), dtype=np.uint8)
    faces = folders.Pictures(pictures, np.zeros(70, int), names, ("happy",))
    packed.write(tmp_path / "noise.npz", {"train": faces}, {})
    read = folders.read_split(tmp_path / "noise.npz", "train")
    assert read.fingerprint == faces.fingerprint and read.names.tolist() == names.tolist()
    assert folders.read_split(tmp_path / "noise.npz", "test") is None
    assert folders.read_copies(tmp_path / "noise.npz") is None


def test_the_list_of_copies_goes_with_the_pictures(small_data, tmp_path):
    copy = shutil.copytree(small_data, tmp_path / "data")
    with (copy / "copies.csv").open("a", newline="") as file:
        csv.writer(file).writerows([(0, "train", "happy", "fer0000003.png"), (0, "test", "happy", "other.png")])
    folders.pack(copy, tmp_path / "faces.npz")
    assert folders.read_copies(tmp_path / "faces.npz") == folders.read_copies(copy)
    train, _ = training_data.read(tmp_path / "faces.npz")
    assert len(train) == 83 and "happy/fer0000003.png" not in train.names


def test_flags_without_use_for_a_prepared_folder(call_script, small_data):
    result = call_script("dataset_prepare.py", small_data, "--pack", "faces.npz", "--seed", "5")
    assert_one_sentence(result, "is prepared already, which leaves no use for --seed")


def test_packs_a_csv_file_at_once_and_only_the_splits_asked_for(small_csv, small_data, call_script, succeed, tmp_path):
    arguments = ("dataset_prepare.py", small_csv, "--pack", "faces.npz", "--splits", "train,validation")
    result = succeed(*arguments)
    assert "84 for train, 84 for validation" in result.stdout and "for test" not in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npz"]
    train = folders.read_split(tmp_path / "faces.npz", "train")
    assert train.fingerprint == folders.read_split(small_data, "train").fingerprint
    assert folders.read_split(tmp_path / "faces.npz", "test") is None
    assert_one_sentence(call_script(*arguments), "faces.npz", "exists already", "another --pack", "--force")


def test_the_name_of_a_packed_file_ends_in_npz(small_data, call_script):
    assert_one_sentence(call_script("dataset_prepare.py", small_data, "--pack", "faces.zip"), "faces.zip", ".npz")


def test_a_folder_of_test_pictures_alone_is_packed_too(small_data, succeed, tmp_path):
    shutil.copytree(small_data / "test", tmp_path / "data/test")
    shutil.copy(small_data / "copies.csv", tmp_path / "data")
    result = succeed("dataset_prepare.py", "data", "--pack", "faces.npz")
    assert "84 for test" in result.stdout
    # Nobody knows whether a model was trained on copies of them.
    for data in (tmp_path / "data", tmp_path / "faces.npz"):
        assert folders.read_trained_names(data, "test") is None
    folders.pack(small_data, tmp_path / "whole.npz")
    for data in (small_data, tmp_path / "whole.npz"):
        assert folders.read_trained_names(data, "test") == []


def unknown_emotion(arrays):
    arrays["train_names"][0] = b"bored/1.png"


HARMS = {
    "a face is missing": lambda arrays: arrays.update(train_faces=arrays["train_faces"][1:]),
    "all faces are missing": lambda arrays: arrays.pop("train_faces"),
    "narrow faces": lambda arrays: arrays.update(train_faces=arrays["train_faces"][:, :, 1:]),
    "faces of 16 bits": lambda arrays: arrays.update(train_faces=arrays["train_faces"].astype(np.uint16)),
    "an unknown emotion": unknown_emotion,
    "names that are numbers": lambda arrays: arrays.update(train_names=np.arange(84)),
    "a single name": lambda arrays: arrays.update(train_names=np.array(b"happy/a.png")),
    "no names": lambda arrays: arrays.update(train_names=np.array([], "S9"), train_faces=arrays["train_faces"][:0]),
}


@pytest.mark.parametrize("harm", HARMS)
def test_damaged_contents_end_in_one_sentence(pack, tmp_path, harm):
    with np.load(pack) as archive:
        arrays = dict(archive)
    HARMS[harm](arrays)
    np.savez_compressed(tmp_path / "damaged.npz", **arrays)
    with pytest.raises(UserError, match=r"damaged\.npz is damaged, or no file of .* make it again"):
        folders.read_split(tmp_path / "damaged.npz", "train")


@pytest.mark.parametrize("share", [0, 0.6, 0.99])
def test_a_file_that_is_cut_off_is_refused(pack, tmp_path, share):
    contents = pack.read_bytes()
    (tmp_path / "cut.npz").write_bytes(contents[: int(share * len(contents))])
    with pytest.raises(UserError, match=r"cut\.npz is no folder and no file of"):
        folders.read_split(tmp_path / "cut.npz", "train")
