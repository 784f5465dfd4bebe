"""Data sets that are released as picture files: small trees in their authors' layouts, and the real CK+ faces."""

import csv
from collections import Counter

import cv2
import matplotlib
import numpy as np
import pytest

from emotion_recognition import folders, picture_sets, splits
from emotion_recognition.errors import UserError

PORTRAIT = f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg"


def write(path, level=0, size=(48, 48)):
    """Write a plain picture of one gray level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full(size, level, np.uint8))


def listing(listed) -> list[tuple]:
    return [(each.path.name, each.emotion, each.person) for each in listed]


def written_names(folder) -> set:
    return {path.name for path in folder.rglob("*.png")}


def test_persons_never_fall_into_two_splits():
    persons = [f"S{number:03}" for number in range(53)]
    tests = set()
    for fold in range(1, 11):
        split = splits.by_group(persons * 3, seed=4, folds=10, fold=fold)
        counts = Counter(split.values())
        assert set(split) == set(persons) and counts["test"] in (5, 6)
        assert counts["validation"] == 5 and counts["train"] == 53 - 5 - counts["test"]
        chosen = {person for person, name in split.items() if name == "test"}
        assert not chosen & tests
        tests |= chosen
    # Every person is tested on in exactly one fold.
    assert tests == set(persons)
    assert splits.by_group(persons, seed=4) == splits.by_group(list(reversed(persons)), seed=4)
    assert splits.by_group(persons, seed=4) != splits.by_group(persons, seed=5)


def test_few_groups_have_a_fold_each():
    characters = ["aia", "bonnie", "jules", "malcolm", "mery", "ray"]
    assert sorted(splits.by_group(characters).values()) == ["test", "train", "train", "train", "train", "validation"]
    with pytest.raises(UserError, match="6 persons are too few"):
        splits.by_group(characters, folds=10, fold=7)
    with pytest.raises(UserError, match="2 persons are too few"):
        splits.by_group(["a", "b"])


def test_photos_are_split_within_each_emotion():
    split = splits.by_emotion(["happy"] * 40 + ["sad"] * 4 + ["angry"] * 2)
    assert Counter(split[:40]) == {"train": 32, "validation": 4, "test": 4}
    assert Counter(split[40:44]) == {"train": 2, "validation": 1, "test": 1}
    assert split[44:] == ["train", "train"]


@pytest.fixture
def ckplus(tmp_path):
    """CK+ in its original layout: one sequence of 5 frames with a label, one without, one with a label of 6 frames."""
    for person, sequence, frames in (("S005", "001", 5), ("S005", "002", 4), ("S010", "004", 6)):
        for frame in range(1, frames + 1):
            write(tmp_path / f"cohn-kanade-images/{person}/{sequence}/{person}_{sequence}_{frame:08}.png")
    for name, code in (("S005/001/S005_001_00000005", 3), ("S010/004/S010_004_00000006", 7)):
        path = tmp_path / "Emotion" / f"{name}_emotion.txt"
        path.parent.mkdir(parents=True)
        path.write_text(f"   {code}.0000000e+00\n")
    (tmp_path / "Emotion/S005/002").mkdir()
    return tmp_path


def test_ckplus_gives_the_last_three_frames_of_labelled_sequences(ckplus):
    expected = [(f"S005_001_0000000{frame}.png", "disgusted", "S005") for frame in (3, 4, 5)]
    expected += [(f"S010_004_0000000{frame}.png", "surprised", "S010") for frame in (4, 5, 6)]
    assert picture_sets.recognise(ckplus) == "ckplus"
    assert listing(picture_sets.list_ckplus(ckplus)) == expected
    neutral = listing(picture_sets.list_ckplus(ckplus, with_neutral=True))
    assert set(neutral) - set(expected) == {
        ("S005_001_00000001.png", "neutral", "S005"),
        ("S010_004_00000001.png", "neutral", "S010"),
    }


def test_a_label_of_ckplus_that_is_none_is_named(ckplus):
    path = ckplus / "Emotion/S010/004/S010_004_00000006_emotion.txt"
    path.write_text("nine")
    with pytest.raises(UserError, match="S010_004_00000006_emotion"):
        picture_sets.list_ckplus(ckplus)


def test_ckplus_faces_are_cut_out(ckplus, run_script, tmp_path):
    portrait = cv2.imread(PORTRAIT)
    for path in ckplus.glob("cohn-kanade-images/S010/004/*.png"):
        cv2.imwrite(str(path), portrait)
    result = run_script("dataset_prepare.py", ckplus, "--output", "faces", "--only-test")
    assert result.returncode == 0, result.stderr
    assert written_names(tmp_path / "faces") == {f"S010_004_0000000{frame}_png.png" for frame in (4, 5, 6)}
    with (tmp_path / "faces/rejected.csv").open(newline="") as file:
        rejected = list(csv.DictReader(file))
    assert len(rejected) == 3 and {row["reason"] for row in rejected} == {"no face found"}
    assert rejected[0]["picture"].endswith("S005_001_00000003.png")


def test_jaffe_names_say_person_and_emotion(tmp_path):
    for name in ("KA.AN1.39.tiff", "KA.HA2.30.tiff", "YM.SU3.60.tiff", "YM.NE1.49.tiff"):
        write(tmp_path / name)
    write(tmp_path / "README.png")
    assert picture_sets.recognise(tmp_path) == "jaffe"
    assert listing(picture_sets.list_jaffe(tmp_path)) == [
        ("KA.AN1.39.tiff", "angry", "KA"),
        ("KA.HA2.30.tiff", "happy", "KA"),
        ("YM.NE1.49.tiff", "neutral", "YM"),
        ("YM.SU3.60.tiff", "surprised", "YM"),
    ]


def test_ferg_is_split_by_character(run_script, tmp_path):
    for level, character in enumerate(("aia", "bonnie", "jules", "ray")):
        for emotion in ("anger", "joy", "sadness"):
            write(tmp_path / f"FERG/{character}/{character}_{emotion}/{character}_{emotion}_1.png", level, (256, 256))
    assert picture_sets.recognise(tmp_path / "FERG") == "ferg"
    result = run_script("dataset_prepare.py", "FERG")
    assert result.returncode == 0, result.stderr
    characters = {
        split: {path.name.split("_")[0] for path in (tmp_path / "data" / split).rglob("*.png")}
        for split in ("train", "validation", "test")
    }
    assert [len(characters[split]) for split in ("train", "validation", "test")] == [2, 1, 1]
    assert set.union(*characters.values()) == {"aia", "bonnie", "jules", "ray"}
    assert {path.name for path in (tmp_path / "data/test").iterdir()} == {"angry", "happy", "sad"}


def test_photos_without_or_with_several_faces_are_listed(run_script, tmp_path):
    portrait = cv2.imread(PORTRAIT)
    for number in range(3):
        for word in ("Happiness", "SAD"):
            (tmp_path / "photos" / word).mkdir(parents=True, exist_ok=True)
            # No two alike, as of a person's own photos.
            cv2.imwrite(str(tmp_path / f"photos/{word}/{number}.jpg"), cv2.convertScaleAbs(portrait, beta=3 * number))
    cv2.imwrite(str(tmp_path / "photos/SAD/two.png"), np.hstack([portrait, portrait]))
    write(tmp_path / "photos/SAD/none.png", 128, (300, 300))
    (tmp_path / "photos/SAD/broken.png").write_bytes(b"nothing")
    result = run_script("dataset_prepare.py", "photos", "--dataset", "photos")
    assert result.returncode == 0, result.stderr
    with (tmp_path / "data/rejected.csv").open(newline="") as file:
        reasons = {row["picture"].replace("\\", "/").rpartition("/")[2]: row["reason"] for row in csv.DictReader(file)}
    assert set(reasons) == {"two.png", "none.png", "broken.png"}
    assert reasons["two.png"] == "2 faces found instead of one" and reasons["none.png"] == "no face found"
    assert "no picture of a known kind" in reasons["broken.png"]
    train = folders.read_split(tmp_path / "data", "train")
    assert train.emotions == ("happy", "sad") and train.pictures.shape[1:] == (48, 48, 1)
    # The face fills the crop: it is not the whole photo.
    face = cv2.cvtColor(portrait[105:327, 155:377], cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA)
    assert min(np.abs(picture[..., 0].astype(int) - expected).mean() for picture in train.pictures) < 8


def test_whole_pictures_need_no_face(run_script, tmp_path):
    for word in ("happy", "sad"):
        for number in range(3):
            write(tmp_path / f"crops/{word}/{number}.png", 40 * number, (60, 60))
    assert run_script("dataset_prepare.py", "crops", "--whole", "always").returncode == 0
    assert len(written_names(tmp_path / "data")) == 3


def test_the_faces_of_ckplus_by_person_by_picture_and_all_for_testing(run_script, shared, tmp_path):
    source = shared / "ckplus48"
    for name, flags in (("person", ["--fold", "3"]), ("picture", ["--split-pictures"]), ("test", ["--only-test"])):
        result = run_script("dataset_prepare.py", source, "--output", name, *flags)
        assert result.returncode == 0, result.stderr
        assert f"is read as ckplus48, split by {name}." in result.stdout
        assert len(list((tmp_path / name).rglob("*.png"))) == 981
    persons, pictures = (
        [{path.name[:4] for path in (tmp_path / name / split).rglob("*.png")} for split in ("train", "test")]
        for name in ("person", "picture")
    )
    assert not persons[0] & persons[1] and len(persons[1]) in (11, 12)
    assert pictures[0] & pictures[1]
    assert not (tmp_path / "test/train").exists()


@pytest.mark.slow
def test_a_model_is_judged_by_the_emotions_it_knows(run_script, shared):
    assert run_script("dataset_prepare.py", shared / "ckplus48", "--only-test").returncode == 0
    result = run_script("evaluate.py")
    assert result.returncode == 0, result.stderr
    assert "54 pictures of emotions that the model does not know are left out." in result.stdout
    assert "927" in result.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nowhere", "--dataset", "ckplus"], ["nowhere", "is no folder"]),
        (["empty"], ["empty", "no folders of emotions"]),
        (["empty", "--dataset", "jaffe"], ["empty", "no pictures in the form of jaffe"]),
        (["empty", "--folds", "3", "--fold", "4"], ["no fold 4 of 3"]),
        (["fer2013.csv", "--votes"], ["--labels"]),
        (["fer2013.csv", "--labels", "nowhere.csv"], ["nowhere.csv", "fer2013new.csv"]),
        (["fer2013.csv", "--pack", "x.npz", "--splits", "train,exam"], ["--splits"]),
    ],
)
def test_mistakes_end_in_one_sentence(run_script, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    result = run_script("dataset_prepare.py", *arguments)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert not (tmp_path / "data").exists()
