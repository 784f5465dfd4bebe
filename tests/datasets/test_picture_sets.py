"""Data sets that are released as picture files: small trees in their authors' layouts, and the real CK+ faces."""

import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, assert_one_sentence, read_csv

from emotion_recognition import images
from emotion_recognition.datasets import folders, kinds, splits
from emotion_recognition.datasets.samples import Sample
from emotion_recognition.errors import UserError


def write(path, level=0, size=(48, 48)):
    """Write a plain picture of one gray level."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, np.full(size, level, np.uint8))[1].tobytes())


def open_set(source, **options):
    """Open a data set of pictures as one that is for testing; every picture is a face."""
    return kinds.open_dataset(source, kinds.recognise(source), detector=whole_box, only_test=True, **options)


def whole_box(gray) -> list[tuple]:
    return [(0, 0, *gray.shape[::-1])]


def listing(pictures) -> list[tuple]:
    return [(each.path.name, each.emotion, each.person) for each in pictures.listed]


def written_names(folder) -> set:
    return {path.name for path in folder.rglob("*.png")}


def rejected(folder, data="data") -> dict[str, str]:
    """Return the reason for each picture that was left out."""
    return {Path(row["picture"]).name: row["reason"] for row in read_csv(folder / data / "rejected.csv")}


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


@pytest.mark.parametrize(
    ("number", "folds", "fold", "words"),
    [
        (20, 1, 1, "--folds takes 2 or more"),
        (20, 3, 4, "no fold 4 of 3"),
        (6, 10, 7, "6 persons are too few .with --split-pictures"),
        (2, 10, 1, "2 persons are too few"),
        (3, 2, 1, "3 persons are too few"),
    ],
)
def test_folds_that_there_are_not_are_refused(number, folds, fold, words):
    with pytest.raises(UserError, match=words):
        splits.by_group(range(number), folds=folds, fold=fold)


def test_photos_are_dealt_in_tens_beginning_with_train():
    assert [splits.of_number(number) for number in range(4)] == ["train", "validation", "test", "train"]
    assert Counter(map(splits.of_number, range(40))) == {"train": 32, "validation": 4, "test": 4}


def test_photos_are_dealt_in_an_order_that_the_seed_decides(tmp_path):
    for number in range(9):
        write(tmp_path / f"happy/{number}.png")
    first, same, other = (listing(open_set(tmp_path, seed=seed)) for seed in (0, 0, 1))
    assert first == same != other and sorted(first) == sorted(other)


@pytest.fixture
def ckplus(tmp_path):
    """CK+ in its original layout: one sequence of 3 frames with a label, one without, one with a label of 6 frames."""
    for person, sequence, frames in (("S005", "001", 3), ("S005", "002", 4), ("S010", "004", 6)):
        for frame in range(1, frames + 1):
            write(tmp_path / f"cohn-kanade-images/{person}/{sequence}/{person}_{sequence}_{frame:08}.png")
    for name, code in (("S005/001/S005_001_00000003", 3), ("S010/004/S010_004_00000006", 7)):
        path = tmp_path / "Emotion" / f"{name}_emotion.txt"
        path.parent.mkdir(parents=True)
        path.write_text(f"   {code}.0000000e+00\n")
    (tmp_path / "Emotion/S005/002").mkdir()
    # A Mac writes such a file beside each that it copies to a foreign disk.
    path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")
    return tmp_path


def test_ckplus_gives_the_last_three_frames_of_labelled_sequences(ckplus):
    expected = [(f"S005_001_0000000{frame}.png", "disgusted", "S005") for frame in (1, 2, 3)]
    expected += [(f"S010_004_0000000{frame}.png", "surprised", "S010") for frame in (4, 5, 6)]
    assert kinds.recognise(ckplus) == "ckplus"
    assert listing(open_set(ckplus)) == expected
    neutral = listing(open_set(ckplus, neutral=True))
    # No frame has two emotions.
    assert set(neutral) - set(expected) == {("S010_004_00000001.png", "neutral", "S010")}


@pytest.mark.parametrize("contents", ["nine", "0.0", "8", "-1", "3.5", "nan", "inf", ""])
def test_a_label_of_ckplus_that_is_none_is_named(ckplus, contents):
    path = ckplus / "Emotion/S010/004/S010_004_00000006_emotion.txt"
    path.write_text(contents)
    with pytest.raises(UserError, match=r"S010_004_00000006_emotion\.txt holds no code from 1 to 7"):
        open_set(ckplus)


def test_a_labelled_sequence_of_ckplus_without_frames_is_named(ckplus):
    shutil.rmtree(ckplus / "cohn-kanade-images/S010")
    with pytest.raises(UserError, match=r"S010.004 is not there, but S010_004_00000006_emotion\.txt"):
        open_set(ckplus)


def test_ckplus_faces_are_cut_out(ckplus, succeed, tmp_path):
    portrait = cv2.imread(str(PORTRAIT))
    for path in ckplus.glob("cohn-kanade-images/S010/004/*.png"):
        cv2.imwrite(str(path), portrait)
    succeed("dataset_prepare.py", ckplus, "--output", "faces", "--only-test")
    assert written_names(tmp_path / "faces") == {f"S010_004_0000000{frame}_png.png" for frame in (4, 5, 6)}
    assert rejected(tmp_path, "faces") == {f"S005_001_0000000{frame}.png": "no face found" for frame in (1, 2, 3)}


def test_other_files_beside_the_faces_of_ckplus_show_nobody(tmp_path):
    write(tmp_path / "anger/S010_004_00000017.png")
    (tmp_path / "anger/Thumbs.db").write_text("no picture")
    assert listing(open_set(tmp_path)) == [("S010_004_00000017.png", "angry", "S010"), ("Thumbs.db", None, None)]


def test_jaffe_names_say_person_and_emotion(tmp_path):
    for name in ("KA.AN1.39.tiff", "KA.HA2.30.tiff", "YM.SU3.60.tiff", "YM.NE1.49.tiff"):
        write(tmp_path / name)
    write(tmp_path / "odd.png")
    assert kinds.recognise(tmp_path) == "jaffe"
    assert listing(open_set(tmp_path)) == [
        ("KA.AN1.39.tiff", "angry", "KA"),
        ("KA.HA2.30.tiff", "happy", "KA"),
        ("YM.NE1.49.tiff", "neutral", "YM"),
        ("YM.SU3.60.tiff", "surprised", "YM"),
        ("odd.png", None, None),
    ]


def test_of_several_faces_the_largest_is_cut_out(tmp_path):
    picture, boxes = np.zeros((60, 100), np.uint8), [(0, 0, 30, 30), (50, 5, 40, 40), (10, 35, 20, 20)]
    picture[5:45, 50:90] = 200
    cv2.imwrite(str(tmp_path / "KA.AN1.39.tiff"), picture)
    [sample] = kinds.open_dataset(tmp_path, "jaffe", detector=lambda gray: boxes, only_test=True)
    assert (sample.picture == 200).all()


def test_pictures_whose_names_tell_nothing_are_listed(succeed, tmp_path):
    for number, person in enumerate(("KA", "KL", "YM")):
        write(tmp_path / f"jaffe/{person}.HA1.{number}.tiff", 40 * number)
    write(tmp_path / "jaffe/odd.png")
    result = succeed("dataset_prepare.py", "jaffe", "--whole", "always")
    assert "jaffe is read as jaffe, split by person: 1 for train, 1 for validation, 1 for test." in result.stdout
    assert "1 picture left out." in result.stdout
    assert rejected(tmp_path) == {"odd.png": "its name does not tell the person and the emotion"}
    assert written_names(tmp_path / "data") == {"KA.HA1.0_tiff.png", "KL.HA1.1_tiff.png", "YM.HA1.2_tiff.png"}


def test_ferg_is_split_by_character(succeed, tmp_path):
    for level, character in enumerate(("aia", "bonnie", "jules", "ray")):
        for emotion in ("anger", "joy", "sadness"):
            write(tmp_path / f"FERG/{character}/{character}_{emotion}/{character}_{emotion}_1.png", level, (256, 256))
    assert kinds.recognise(tmp_path / "FERG") == "ferg"
    succeed("dataset_prepare.py", "FERG")
    characters = {
        split: {path.name.split("_")[0] for path in (tmp_path / "data" / split).rglob("*.png")}
        for split in ("train", "validation", "test")
    }
    assert [len(characters[split]) for split in ("train", "validation", "test")] == [2, 1, 1]
    assert set.union(*characters.values()) == {"aia", "bonnie", "jules", "ray"}
    assert {path.name for path in (tmp_path / "data/test").iterdir()} == {"angry", "happy", "sad"}


def test_folders_within_those_of_emotions_make_no_ferg(tmp_path):
    write(tmp_path / "happy/1.png")
    write(tmp_path / "happy/happy_holidays/2.png")
    assert kinds.recognise(tmp_path) == "photos"


def test_photos_without_or_with_several_faces_are_listed(succeed, tmp_path):
    portrait = cv2.imread(str(PORTRAIT))
    for number in range(3):
        for word in ("Happiness", "SAD"):
            (tmp_path / "photos" / word).mkdir(parents=True, exist_ok=True)
            # No two alike, as of a person's own photos.
            cv2.imwrite(str(tmp_path / f"photos/{word}/{number}.jpg"), cv2.convertScaleAbs(portrait, beta=3 * number))
    cv2.imwrite(str(tmp_path / "photos/SAD/two.png"), np.hstack([portrait, portrait]))
    write(tmp_path / "photos/SAD/none.png", 128, (300, 300))
    for name in ("broken.png", "phone.heic", ".hidden.png"):
        (tmp_path / "photos/SAD" / name).write_bytes(b"nothing")
    (tmp_path / "photos/SAD/2024").mkdir()
    result = succeed("dataset_prepare.py", "photos", "--dataset", "photos")
    assert "split by picture." in result.stdout and "5 pictures left out" in result.stdout
    reasons = rejected(tmp_path)
    assert set(reasons) == {"two.png", "none.png", "broken.png", "phone.heic", "2024"}
    assert "is a folder: name the pictures in it, or move them out" in reasons["2024"]
    assert reasons["two.png"] == "2 faces found instead of one" and reasons["none.png"] == "no face found"
    assert all("no picture of a known kind but a text" in reasons[name] for name in ("broken.png", "phone.heic"))
    train = folders.read_split(tmp_path / "data", "train")
    assert train.emotions == ("happy", "sad") and train.pictures.shape[1:] == (48, 48, 1)
    # The face fills the crop: it is not the whole photo.
    face = cv2.cvtColor(portrait[105:327, 155:377], cv2.COLOR_BGR2GRAY)
    expected = cv2.resize(face, (48, 48), interpolation=cv2.INTER_AREA)
    assert min(np.abs(picture[..., 0].astype(int) - expected).mean() for picture in train.pictures) < 8


def test_names_that_are_no_utf_8(succeed, tmp_path):
    """As old archives leave them."""
    for number in range(3):
        for word in ("happy", "sad"):
            write(tmp_path / "photos" / word / f"caf\udce9_{number}.png", 50 * number + len(word))
    (tmp_path / "photos/sad/br\udce9ken.png").write_bytes(b"nothing")
    succeed("dataset_prepare.py", "photos", "--dataset", "photos", "--whole", "always")
    assert len(list((tmp_path / "data").rglob("caf\udce9*.png"))) == 6
    assert b"br\xe9ken.png" in (tmp_path / "data/rejected.csv").read_bytes()
    succeed("dataset_prepare.py", "data", "--pack", "faces.npz")
    names = folders.read_split(tmp_path / "faces.npz", "train").names.tolist()
    assert names == folders.read_split(tmp_path / "data", "train").names.tolist()


def test_every_emotion_of_which_faces_are_found_is_trained(tmp_path):
    """Ten photos of each, of which one to four are white: there a face is found."""
    for faces, emotion in enumerate(("angry", "happy", "neutral", "sad"), start=1):
        for number in range(10):
            write(tmp_path / f"{emotion}/{number}.png", 255 * (number < faces))
    dataset = kinds.open_dataset(tmp_path, "photos", detector=lambda gray: whole_box(gray) if gray.all() else [])
    samples = [item for item in dataset if isinstance(item, Sample)]
    numbers = Counter((sample.split, sample.emotion) for sample in samples)
    assert numbers == {
        **{("train", "angry"): 1, ("train", "happy"): 1, ("train", "neutral"): 1, ("train", "sad"): 2},
        **{("validation", emotion): 1 for emotion in ("happy", "neutral", "sad")},
        **{("test", emotion): 1 for emotion in ("neutral", "sad")},
    }


def test_pictures_without_a_face_may_be_taken_whole(succeed, tmp_path):
    write(tmp_path / "stickers/happy/drawn.png", 77, (300, 300))
    (tmp_path / "stickers/sad").mkdir()
    cv2.imwrite(str(tmp_path / "stickers/sad/photo.png"), cv2.imread(str(PORTRAIT)))
    succeed("dataset_prepare.py", "stickers", "--whole", "auto")
    train = folders.read_split(tmp_path / "data", "train")
    assert train.names.tolist() == ["happy/drawn_png.png", "sad/photo_png.png"]
    assert (train.pictures[0] == 77).all()
    whole = images.read_face(PORTRAIT)
    assert np.abs(train.pictures[1, ..., 0].astype(int) - whole).mean() > 20


def test_no_two_pictures_get_one_name(succeed, tmp_path):
    names = ("a.png", "a.bmp", "a.b.png", "a_b.png", "a_png.png")
    for level, name in enumerate(names):
        write(tmp_path / "crops/happy" / name, 40 * level)
    succeed("dataset_prepare.py", "crops", "--whole", "always", "--dataset", "photos")
    assert len(written_names(tmp_path / "data")) == len(names)


@pytest.mark.slow
def test_the_faces_of_ckplus_by_person_by_picture_and_all_for_testing(succeed, shared, tmp_path):
    source = shared / "ckplus48"
    ways = {
        "person": (["--fold", "3"], "split by person: 95 for train, 11 for validation, 12 for test."),
        "picture": (["--split-pictures"], "split by picture, which flatters: persons are in several splits."),
        "test": (["--only-test"], "all for testing."),
    }
    for name, (flags, words) in ways.items():
        result = succeed("dataset_prepare.py", source, "--output", name, *flags)
        assert f"is read as ckplus48, {words}" in result.stdout
        assert len(list((tmp_path / name).rglob("*.png"))) == 981
    persons, pictures = (
        [{path.name[:4] for path in (tmp_path / name / split).rglob("*.png")} for split in ("train", "test")]
        for name in ("person", "picture")
    )
    assert not persons[0] & persons[1] and len(persons[1]) in (11, 12)
    assert pictures[0] & pictures[1]
    assert not (tmp_path / "test/train").exists()


@pytest.mark.slow
def test_a_model_is_judged_by_the_emotions_it_knows(succeed, shared):
    succeed("dataset_prepare.py", shared / "ckplus48", "--only-test")
    result = succeed("evaluate.py")
    assert "Left out, since the model does not know their emotions: 54 pictures." in result.stdout
    assert "927" in result.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nowhere", "--dataset", "ckplus"], ["nowhere", "is no folder"]),
        (["empty"], ["empty", "no folders of emotions"]),
        (["empty", "--dataset", "jaffe"], ["empty", "no pictures in the form of this data set"]),
        (["fer2013.csv", "--votes"], ["--labels"]),
        (["fer2013.csv", "--labels", "nowhere.csv"], ["nowhere.csv", "fer2013new.csv"]),
        (["fer2013.csv", "--pack", "x.npz", "--splits", "train,exam"], ["--splits"]),
        (["fer2013.csv", "--splits", "train"], ["--pack"]),
        (["fer2013.csv", "--split-pictures"], ["is read as fer2013", "no use for --split-pictures"]),
        (["fer2013.csv", "--whole", "auto"], ["no use for --whole"]),
        (["photos", "--fold", "2"], ["photos is read as photos", "no use for --fold"]),
        (["photos", "--fold", "2", "--only-test"], ["--only-test", "leave out --fold"]),
        (["prepared"], ["prepared is prepared already", "--data", "--pack"]),
    ],
)
def test_mistakes_end_in_one_sentence(call_script, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "photos/happy/1.png")
    write(tmp_path / "prepared/test/happy/1.png")
    assert_one_sentence(call_script("dataset_prepare.py", *arguments), *words)
    assert not (tmp_path / "data").exists()
