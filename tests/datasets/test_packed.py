"""The data folder as one file: the same pictures, the same training; and every way in which it can be damaged."""

import csv
import io
import shutil
import struct
import zipfile
import zlib

import numpy as np
import pytest
from conftest import assert_one_sentence, start_script

from emotion_recognition.datasets import folders, packed
from emotion_recognition.errors import UserError
from emotion_recognition.training import data as training_data

TRAINING = ("--mode", "train", "--epochs", "2", "--batch-size", "16", "--seed", "3")


@pytest.fixture(scope="module")
def pack(small_data, tmp_path_factory):
    """The packed form of the small data folder."""
    folder = tmp_path_factory.mktemp("packed")
    result = start_script("dataset_prepare.py", small_data, "--pack", "faces.npz", folder=folder)
    assert result.returncode == 0, result.stderr
    return folder / "faces.npz"


def test_mosaics_hold_faces_bit_for_bit():
    faces = np.random.default_rng(0).integers(0, 256, (packed.ACROSS + 3, 48, 48), dtype=np.uint8)
    mosaic = packed.make_mosaic(faces)
    assert mosaic.shape == (2 * 48, 64 * 48)
    assert np.array_equal(mosaic[:48, 48:96], faces[1]) and np.array_equal(mosaic[48:, :48], faces[64])
    assert np.array_equal(packed.split_mosaic(packed.decode(packed.as_bytes(packed.encode(mosaic))))[:67], faces)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_split_is_the_same_from_both(pack, small_data, split):
    one, other = folders.read_split(small_data, split), folders.read_split(pack, split)
    assert other.emotions == one.emotions and other.names.tolist() == one.names.tolist()
    assert other.pictures.dtype == np.uint8 and other.fingerprint == one.fingerprint


def test_a_split_may_have_more_faces_than_a_mosaic(tmp_path):
    generator = np.random.default_rng(1)
    number = packed.ACROSS**2 + 5
    # The second letter stands for a byte that is no UTF-8.
    names = np.array([f"happy/ä\udce9{index:05}.png" for index in range(number)])
    pictures = generator.integers(0, 256, (number, 48, 48, 1), dtype=np.uint8)
    faces = folders.Pictures(pictures, np.zeros(number, int), names, ("happy",))
    packed.write(tmp_path / "many.npz", {"train": faces}, {})
    read = folders.read_split(tmp_path / "many.npz", "train")
    assert read.fingerprint == faces.fingerprint and read.names.tolist() == names.tolist()
    assert folders.read_split(tmp_path / "many.npz", "test") is None
    assert folders.read_copies(tmp_path / "many.npz") is None


def test_the_list_of_copies_goes_with_the_pictures(small_data, tmp_path):
    copy = shutil.copytree(small_data, tmp_path / "data")
    with (copy / "copies.csv").open("a", newline="") as file:
        csv.writer(file).writerows([(0, "train", "happy", "fer0000003.png"), (0, "test", "happy", "other.png")])
    folders.pack(copy, tmp_path / "faces.npz")
    assert folders.read_copies(tmp_path / "faces.npz") == folders.read_copies(copy)
    train, _ = training_data.read(tmp_path / "faces.npz")
    assert len(train) == 83 and "happy/fer0000003.png" not in train.names


def test_flags_without_use_for_a_prepared_folder(run_script, small_data):
    result = run_script("dataset_prepare.py", small_data, "--pack", "faces.npz", "--seed", "5")
    assert_one_sentence(result, "is prepared already, which leaves no use for --seed")


@pytest.mark.slow
def test_a_training_is_the_same_from_both(pack, small_data, tmp_path):
    histories = []
    for name, data in (("folder", small_data), ("packed", pack)):
        result = start_script("emotions.py", *TRAINING, "--data", data, "--output", f"{name}.h5", folder=tmp_path)
        assert result.returncode == 0, result.stderr
        with (tmp_path / f"{name}_history.csv").open(newline="") as file:
            rows = [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]
        histories.append(rows)
    assert histories[0] == histories[1] and len(histories[0]) == 2
    results = [
        start_script("evaluate.py", "--model", "packed.h5", "--data", data, folder=tmp_path)
        for data in (small_data, pack)
    ]
    assert results[0].returncode == 0 and results[0].stdout == results[1].stdout


def test_packs_a_csv_file_at_once_and_only_the_splits_asked_for(small_csv, small_data, tmp_path):
    arguments = ("dataset_prepare.py", small_csv, "--pack", "faces.npz", "--splits", "train,validation")
    result = start_script(*arguments, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "84 for train, 84 for validation" in result.stdout and "for test" not in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npz"]
    train = folders.read_split(tmp_path / "faces.npz", "train")
    assert train.fingerprint == folders.read_split(small_data, "train").fingerprint
    assert folders.read_split(tmp_path / "faces.npz", "test") is None
    again = start_script(*arguments, folder=tmp_path)
    assert_one_sentence(again, "faces.npz", "exists already", "another --pack", "--force")


def test_the_name_of_a_packed_file_ends_in_npz(small_data, run_script):
    assert_one_sentence(run_script("dataset_prepare.py", small_data, "--pack", "faces.zip"), "faces.zip", ".npz")


def test_a_folder_of_test_pictures_alone_is_packed_too(small_data, run_script, tmp_path):
    shutil.copytree(small_data / "test", tmp_path / "data/test")
    shutil.copy(small_data / "copies.csv", tmp_path / "data")
    result = run_script("dataset_prepare.py", "data", "--pack", "faces.npz")
    assert result.returncode == 0 and "84 for test" in result.stdout, result.stderr
    # Nobody knows whether a model was trained on copies of them.
    for data in (tmp_path / "data", tmp_path / "faces.npz"):
        assert folders.read_trained_names(data, "test") is None
    folders.pack(small_data, tmp_path / "whole.npz")
    for data in (small_data, tmp_path / "whole.npz"):
        assert folders.read_trained_names(data, "test") == []


def arrays_of(path) -> dict:
    with np.load(path) as archive:
        return dict(archive)


def remove_a_face(arrays):
    arrays["train_mosaic_0"] = packed.as_bytes(packed.encode(np.zeros((48, 64 * 48), np.uint8)))


def make_it_no_png(arrays):
    arrays["train_mosaic_0"] = arrays["train_mosaic_0"][100:]


def cut_a_png(arrays):
    arrays["train_mosaic_0"] = arrays["train_mosaic_0"][:-3000]


def make_it_narrow(arrays):
    arrays["train_mosaic_0"] = packed.as_bytes(packed.encode(np.zeros((96, 96), np.uint8)))


def name_an_unknown_emotion(arrays):
    arrays["train_names"][0] = b"bored/1.png"


def make_names_numbers(arrays):
    arrays["train_names"] = np.arange(84)


def make_names_objects(arrays):
    arrays["train_names"] = np.array([print, len], dtype=object)


HARMS = (
    remove_a_face,
    make_it_no_png,
    cut_a_png,
    make_it_narrow,
    name_an_unknown_emotion,
    make_names_numbers,
    make_names_objects,
)


@pytest.mark.parametrize("harm", HARMS)
def test_damaged_contents_end_in_one_sentence(pack, tmp_path, harm):
    arrays = arrays_of(pack)
    harm(arrays)
    np.savez_compressed(tmp_path / "damaged.npz", allow_pickle=True, **arrays)
    with pytest.raises(UserError, match=r"damaged\.npz is damaged, or no file of .* make it again"):
        folders.read_split(tmp_path / "damaged.npz", "train")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_file_that_is_cut_off_is_refused(pack, tmp_path, share):
    contents = pack.read_bytes()
    (tmp_path / "cut.npz").write_bytes(contents[: int(share * len(contents))])
    with pytest.raises(UserError, match=r"cut\.npz is no folder and no file of"):
        folders.read_split(tmp_path / "cut.npz", "train")


def npy(kind, shape, contents=b"") -> bytes:
    """Return a .npy file whose header announces this kind and shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue() + contents


def png_header(width, height) -> bytes:
    """Return a mosaic as .npy that announces a picture of this size."""
    contents = bytearray(packed.encode(np.zeros((48, 48), np.uint8)))
    contents[16:24] = struct.pack(">II", width, height)
    contents[29:33] = struct.pack(">I", zlib.crc32(contents[12:29]))
    return npy("|u1", (len(contents),), contents)


NAMES = npy("|S11", (2,), b"happy/a.png" * 2)


@pytest.mark.parametrize(
    "members",
    [
        {"train_names": npy("|S20", (packed.LARGEST_ARRAY // 20,), bytes(packed.LARGEST_ARRAY))},
        {"train_names": npy("|S20", (10**12,))},
        {"train_names": npy("|S0", (10**9,))},
        {"train_names": npy("|S1", (packed.MOST_FACES + 1,), bytes(packed.MOST_FACES + 1))},
        {"train_names": npy("|S11", (), b"happy/a.png")},
        {"train_names": npy("|S11", (0,))},
        {"train_names": NAMES},
        {"train_names": NAMES, "train_mosaic_0": png_header(30_000, 30_000)},
        {"train_names": NAMES, "train_mosaic_0": png_header(64 * 48, 10**6)},
        {"train_names": NAMES, "train_mosaic_0": png_header(64 * 48, 65 * 48)},
    ],
)
def test_what_announces_too_much_is_not_read(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in members.items():
            archive.writestr(f"{name}.npy", contents)
    with pytest.raises(UserError, match=r"bomb\.npz is damaged, or no file of .* make it again"):
        folders.read_split(tmp_path / "bomb.npz", "train")


def test_more_faces_than_will_be_read_are_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_FACES", 2)
    faces = folders.Pictures(np.zeros((3, 48, 48, 1), np.uint8), np.zeros(3, int), np.array(["happy/1.png"] * 3), ())
    with pytest.raises(UserError, match="3 faces are too many"):
        packed.write(tmp_path / "many.npz", {"train": faces}, {})
    assert not list(tmp_path.iterdir())


def test_a_data_file_that_is_none_is_refused(run_script, tmp_path):
    (tmp_path / "data.npz").write_text("nothing")
    result = run_script("emotions.py", "--mode", "train", "--data", "data.npz", "--dry-run")
    assert_one_sentence(result, "data.npz", "--pack")
