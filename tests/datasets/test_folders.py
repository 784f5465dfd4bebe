"""Folders of pictures -> arrays, and every way in which a folder can be wrong."""

import shutil

import cv2
import numpy as np
import pytest

from emotion_recognition.datasets import drawings, folders
from emotion_recognition.errors import UserError
from emotion_recognition.labels import FER2013_CODES
from emotion_recognition.training import data as training_data

SEVEN = ("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")


@pytest.fixture
def data(small_data, tmp_path):
    """A copy of the small data folder that a test may change."""
    return shutil.copytree(small_data, tmp_path / "data")


def make_pictures(folder, **numbers):
    """Make a folder of plain pictures for each emotion, each with a gray level of its own."""
    for place, (emotion, number) in enumerate(numbers.items()):
        (folder / emotion).mkdir(parents=True)
        for index in range(number):
            cv2.imwrite(str(folder / emotion / f"{index}.png"), np.full((48, 48), 60 * place + index, np.uint8))


def test_a_split_is_read_bit_for_bit(small_data, small_rows):
    validation = folders.read_split(small_data, "validation")
    assert validation.emotions == SEVEN
    assert validation.pictures.dtype == np.uint8 and validation.pictures.shape == (84, 48, 48, 1)
    assert np.bincount(validation.labels).tolist() == [12] * 7 and len(validation) == 84
    for picture, label, name in zip(validation.pictures, validation.labels, validation.names, strict=True):
        code, expected, usage = small_rows[int(name[-11:-4])]
        assert usage == "PublicTest"
        assert SEVEN[label] == FER2013_CODES[code] == name.split("/")[0]
        assert np.array_equal(picture[..., 0], expected)


def test_labels_follow_the_given_order(small_data):
    order = (*reversed(SEVEN), "contempt")
    test = folders.read_split(small_data, "test", order)
    assert test.emotions == order
    assert all(name.startswith(order[label]) for label, name in zip(test.labels, test.names, strict=True))


def test_any_spelling_and_kind_of_picture(tmp_path):
    make_pictures(tmp_path / "Training", Happiness=1, ANGRY=1, sadness=1, contempt=1)
    photo = np.zeros((200, 150, 3), np.uint8)
    photo[..., 2] = 255
    cv2.imwrite(str(tmp_path / "Training" / "sadness" / "photo.JPG"), photo)
    (tmp_path / "Training" / "sadness" / "Thumbs.db").write_text("no picture")
    (tmp_path / "Training" / "sadness" / ".hidden.png").write_text("no picture")
    (tmp_path / "Training" / ".git").mkdir()
    (tmp_path / "Training" / "__MACOSX").mkdir()
    (tmp_path / "Training" / "notes.txt").write_text("no folder")
    train = folders.read_split(tmp_path, "train")
    assert train.emotions == ("angry", "contempt", "happy", "sad")
    assert train.labels.tolist() == [0, 1, 2, 3, 3]
    assert train.names.tolist() == ["angry/0.png", "contempt/0.png", "happy/0.png", "sad/0.png", "sad/photo.JPG"]
    assert train.pictures[:4, 0, 0, 0].tolist() == [60, 180, 0, 120]
    # Pure red is dark gray.
    assert np.abs(train.pictures[4].astype(int) - 76).max() <= 1


@pytest.mark.parametrize("spelling", ["validation", "val", "Valid"])
def test_spellings_of_the_splits(spelling, data):
    (data / "validation").rename(data / spelling)
    assert len(folders.read_split(data, "validation")) == 84


def test_two_spellings_of_one_split_are_refused(data):
    shutil.copytree(data / "validation", data / "val")
    with pytest.raises(UserError, match=r"val and validation are one split: merge"):
        folders.read_split(data, "validation")


def test_a_missing_split_is_no_error(data):
    shutil.rmtree(data / "test")
    assert folders.read_split(data, "test") is None


def test_select_and_fingerprint(small_data):
    train = folders.read_split(small_data, "train")
    chosen = train.select(train.labels == 3)
    assert len(chosen) == 12 and set(chosen.labels) == {3} and all(name.startswith("happy/") for name in chosen.names)
    assert train.fingerprint == folders.read_split(small_data, "train").fingerprint
    changed = train.select(np.arange(84))
    changed.labels[0] = 1
    assert changed.fingerprint != train.fingerprint
    changed.labels[0] = 0
    changed.pictures[5, 7, 9] ^= 1
    assert changed.fingerprint != train.fingerprint


def write_copies(data):
    # A picture in test may bear the name of another one in train.
    (data / "copies.csv").write_text(
        "group,split,emotion,name\n"
        "0,train,angry,fer0000000.png\n0,validation,sad,fer0000011.png\n"
        "1,validation,happy,fer0000010.png\n1,test,happy,fer0000003.png\n"
        "2,train,disgusted,fer0000001.png\n2,test,disgusted,fer0000015.png\n"
    )


def test_copies_are_left_out_of_training_alone(data, capsys):
    write_copies(data)
    train, validation = training_data.read(data)
    assert len(train) == 82 and len(validation) == 84
    assert not {"angry/fer0000000.png", "disgusted/fer0000001.png"} & set(train.names)
    assert "2 training pictures left out" in capsys.readouterr().out
    assert len(training_data.read(data, keep_duplicates=True)[0]) == 84


def test_a_tenth_of_each_emotion_is_held_out_where_validation_is_missing(tmp_path, capsys):
    make_pictures(tmp_path / "train", angry=40, happy=12, sad=3)
    train, validation = training_data.read(tmp_path)
    assert np.bincount(validation.labels).tolist() == [4, 1, 1]
    assert np.bincount(train.labels).tolist() == [36, 11, 2]
    assert not set(train.names) & set(validation.names)
    assert "6 pictures of train are held out" in capsys.readouterr().out
    assert training_data.read(tmp_path)[1].names.tolist() == validation.names.tolist()


def test_drawn_faces_are_never_held_out(tmp_path):
    make_pictures(tmp_path / "train", angry=20, happy=20)
    drawn = {f"angry/drawn_angry_{number:05d}.png" for number in range(200)}
    picture = next((tmp_path / "train" / "angry").iterdir()).read_bytes()
    for name in drawn:
        (tmp_path / "train" / name).write_bytes(picture)
    train, validation = training_data.read(tmp_path, keep_duplicates=True)
    assert np.bincount(validation.labels).tolist() == [2, 2]
    assert drawn <= set(train.names)
    # Pictures of one's own may begin with the same word.
    assert not any(map(drawings.DRAWN_NAME.fullmatch, ("angry/drawn_cat0.png", "angry/drawn_sad_00001.png")))


def test_copies_are_left_out_although_no_list_tells_of_them(tmp_path, capsys):
    """Of every picture in train there are two: what is held out must not be trained on."""
    make_pictures(tmp_path / "train", angry=20, sad=20)
    for path in list((tmp_path / "train").rglob("*.png")):
        shutil.copy(path, path.with_stem(f"{path.stem}_again"))
    train, validation = training_data.read(tmp_path)
    assert len(validation) == 8 and len(train) == 80 - 8 - 8
    assert not training_data.is_copy(train, validation).any()
    assert "8 training pictures left out" in capsys.readouterr().out
    assert len(training_data.read(tmp_path, keep_duplicates=True)[0]) == 72


def test_an_emotion_with_one_picture_stays_in_training(tmp_path):
    make_pictures(tmp_path / "train", angry=20, happy=1)
    train, validation = training_data.read(tmp_path)
    assert np.bincount(train.labels).tolist() == [18, 1] and np.bincount(validation.labels).tolist() == [2]


def lose(data, *names):
    for name in names:
        shutil.rmtree(data / name)


def cut_off(picture):
    picture.write_bytes(picture.read_bytes()[:700])


def copy_all(data):
    names = [f"{path.parent.name},{path.name}" for path in (data / "train").rglob("*.png")]
    (data / "copies.csv").write_text("group,split,emotion,name\n" + "".join(f"0,train,{name}\n" for name in names))


@pytest.mark.parametrize(
    "spoil, words",
    [
        (shutil.rmtree, ["data is no folder", "dataset_prepare.py"]),
        (lambda data: lose(data, "train"), ["data holds no folder `train`", "dataset_prepare.py"]),
        (lambda data: (lose(data, "train"), (data / "train").write_text("")), ["data holds no folder `train`"]),
        (lambda data: (lose(data, "train"), (data / "train").mkdir()), ["train holds no folders of emotions"]),
        (
            lambda data: lose(data, *(f"train/{emotion}" for emotion in SEVEN if emotion != "happy")),
            ["only the emotion happy", "at least two"],
        ),
        (
            lambda data: (data / "train/hungry").mkdir(),
            ["train/hungry", "'hungry' is not an emotion", "rename or remove"],
        ),
        (lambda data: (data / "train/contempt").mkdir(), ["train/contempt holds no pictures", "fill or remove"]),
        (
            lambda data: shutil.copytree(data / "train/happy", data / "train/happiness"),
            ["happy", "happiness", "are one emotion", "merge"],
        ),
        (
            lambda data: lose(data, "train/sad"),
            ["data holds pictures of sad in validation", "is not among angry, disgusted", "remove"],
        ),
        (lambda data: cut_off(data / "train/happy/fer0000003.png"), ["fer0000003.png", "damaged or cut off"]),
        (lambda data: (data / "copies.csv").write_text("from,to\na,b\n"), ["copies.csv", "dataset_prepare.py"]),
        (
            lambda data: (data / "copies.csv").write_text("group,split,emotion,name\n0,train," + "x" * 200_000),
            ["copies.csv", "rename or remove"],
        ),
        (copy_all, ["copies", "--keep-duplicates"]),
    ],
)
def test_every_fault_of_a_folder_is_named(spoil, words, data):
    spoil(data)
    with pytest.raises(UserError) as error:
        training_data.read(data)
    assert [word for word in words if word not in str(error.value)] == []


def test_a_list_of_copies_that_a_spreadsheet_has_saved(data):
    text = (data / "copies.csv").read_text() + "0,train,angry,fer0000000.png\n"
    (data / "copies.csv").write_text(text, encoding="utf-8-sig")
    assert len(training_data.read(data)[0]) == 83


def test_one_picture_of_each_emotion_is_not_enough(tmp_path):
    make_pictures(tmp_path / "train", happy=1, sad=1)
    with pytest.raises(UserError, match="one picture of each emotion"):
        training_data.read(tmp_path)
