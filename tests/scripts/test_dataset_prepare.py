"""dataset_prepare.py, run as people run it: what it reads from tables and archives, whole and damaged, and writes."""

import gzip
import io
import lzma
import re
import tarfile
import zipfile

import cv2
import numpy as np
import pytest
from conftest import assert_one_sentence, files_in, make_rows, read_csv, write_csv

from emotion_recognition.labels import FER2013_CODES

SPLITS = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
PLAIN = np.zeros((48, 48), np.uint8)


def rejected(folder) -> dict[int, str]:
    return {int(row["row"]): row["reason"] for row in read_csv(folder / "rejected.csv")}


def pixels(picture) -> str:
    return " ".join(map(str, picture.ravel()))


def test_every_picture_is_the_row_of_its_name_bit_for_bit(small_data, small_rows):
    for number, (code, picture, usage) in enumerate(small_rows):
        path = small_data / SPLITS[usage] / FER2013_CODES[code] / f"fer{number:07d}.png"
        written = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert written.dtype == np.uint8 and written.shape == (48, 48)
        assert np.array_equal(written, picture)
    assert len(list(small_data.rglob("*.png"))) == len(small_rows)
    assert sorted(entry.name for entry in small_data.iterdir()) == [
        "copies.csv",
        "rejected.csv",
        "test",
        "train",
        "validation",
        "written.csv",
    ]
    assert read_csv(small_data / "copies.csv") == [] and rejected(small_data) == {}


def test_says_what_was_written(succeed, small_csv, tmp_path):
    result = succeed("dataset_prepare.py", small_csv, "--output", "faces")
    assert result.stderr == ""
    assert re.search(r"^ +train +validation +test$", result.stdout, re.M)
    assert re.search(r"^ +sad +12 +12 +12$", result.stdout, re.M)
    assert re.search(r"^ +all +84 +84 +84$", result.stdout, re.M)
    assert "fer2013.csv is read as fer2013, split as it was released." in result.stdout
    assert "0 rows left out." in result.stdout and "listed in faces/rejected.csv" in result.stdout
    assert "This is not the complete, original FER-2013" in result.stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["faces"]


def test_drawn_faces_are_for_training_alone(call_script, succeed, small_csv, tmp_path):
    result = succeed("dataset_prepare.py", small_csv, "--output", "faces", "--drawn", "5")
    assert re.search(r"^ +sad +17 +12 +12$", result.stdout, re.M)
    assert "Of those for training, 5 of each emotion are drawn." in result.stdout
    assert len(list((tmp_path / "faces").glob("train/*/drawn_*.png"))) == 35
    assert not (tmp_path / "faces/votes.csv").exists()

    result = call_script("dataset_prepare.py", small_csv, "--drawn", "5", "--only-test")
    assert result.returncode == 2 and "--only-test or --drawn" in result.stderr


def test_drawn_faces_do_not_stand_for_a_data_set(call_script, tmp_path):
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n0,1 2 3,Training\n")
    assert_one_sentence(call_script("dataset_prepare.py", "--drawn", "5"), "None of the 1 rows holds a face")
    assert not (tmp_path / "data").exists()


def test_a_folder_in_the_place_of_the_table_in_it(call_script, small_csv, tmp_path):
    (tmp_path / "fer2013").mkdir()
    (tmp_path / "fer2013" / "fer2013.csv").write_bytes(small_csv.read_bytes())
    assert_one_sentence(call_script("dataset_prepare.py", "fer2013"), "is a folder: name the table in it, fer2013/fer")


def compress(small_csv, folder, kind):
    """Write the CSV file in an archive of this kind, beside what archives in circulation also hold."""
    path, content = folder / f"fer2013.csv{kind}", small_csv.read_bytes()
    if kind == ".gz":
        path.write_bytes(gzip.compress(content))
    elif kind == ".xz":
        path.write_bytes(lzma.compress(content, preset=0))
    elif kind == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("challenge/test.csv", "pixels\n1 2 3\n")
            archive.writestr("challenge/train.csv", "emotion,pixels\n")
            archive.writestr("challenge/fer2013.csv", content)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, data in (("fer2013/README", b"read me"), ("fer2013/fer2013.csv", content)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", [".gz", ".xz", ".zip", ".tar.gz"])
def test_compressed_files_give_the_same_folder(kind, succeed, small_csv, small_data, tmp_path):
    succeed("dataset_prepare.py", compress(small_csv, tmp_path, kind))
    assert files_in(tmp_path / "data") == files_in(small_data)


@pytest.mark.parametrize("kind", [".gz", ".xz", ".zip", ".tar.gz"])
def test_archives_that_are_cut_off(kind, call_script, small_csv, tmp_path):
    path = compress(small_csv, tmp_path, kind)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    result = call_script("dataset_prepare.py", path)
    assert_one_sentence(result, path, "cut off", "download it again")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_layout_of_icml_face_data(succeed, small_rows, small_data, tmp_path):
    lines = [f"{code},{usage},{pixels(picture)}\n" for code, picture, usage in small_rows]
    (tmp_path / "icml_face_data.csv").write_text("emotion, Usage, pixels\n" + "".join(lines))
    succeed("dataset_prepare.py", "icml_face_data.csv")
    assert files_in(tmp_path / "data") == files_in(small_data)


def test_layout_of_train_csv(succeed, small_rows, tmp_path):
    lines = [f'{code},"{pixels(picture)}"\r\n' for code, picture, _ in small_rows]
    (tmp_path / "train.csv").write_bytes(("emotion,pixels\r\n" + "".join(lines)).encode())
    succeed("dataset_prepare.py", "train.csv")
    assert len(list((tmp_path / "data" / "train").rglob("*.png"))) == len(small_rows)
    assert not (tmp_path / "data" / "validation").exists() and not (tmp_path / "data" / "test").exists()
    written = cv2.imread(str(tmp_path / "data" / "train" / "surprised" / "fer0000005.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(written, small_rows[5][1])


def test_blanks_quotes_and_small_letters_change_nothing(succeed, tmp_path):
    rows = [("0", "Training"), (" 2", " Training "), ('"4"', "PUBLICTEST"), ("6", "privatetest")]
    lines = [f"{code},{pixels(PLAIN + number)},{usage}\n" for number, (code, usage) in enumerate(rows)]
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(lines))
    succeed("dataset_prepare.py")
    written = {path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.png")}
    places = ("train/angry", "train/fearful", "validation/sad", "test/neutral")
    assert written == {f"{place}/fer{number:07d}.png" for number, place in enumerate(places)}


def test_bad_rows_are_listed_and_the_others_kept(succeed, tmp_path):
    good = pixels(PLAIN)
    bad = {
        f"3,{pixels(PLAIN[1:])},Training": "2256 pixels instead of 2304",
        f"3,{good} 7,Training": "2305 pixels instead of 2304",
        "3,,Training": "0 pixels instead of 2304",
        f"3,{good[:-1]}256,Training": "pixel 256 is no number from 0 to 255",
        f"3,{good[:-1]}-1,Training": "pixel -1 is no number from 0 to 255",
        f"3,{good[:-1]}99999999999999999999999,Training": "is no number from 0 to 255",
        f"3,{good[:-1]}x,Training": "pixel x is no number from 0 to 255",
        f"3,{good[:-1]}1.5,Training": "pixel 1.5 is no number from 0 to 255",
        f"3,{good[:-3]}\t7,Training": "is no number from 0 to 255",
        f"7,{good},Training": "unknown emotion code 7",
        f"-1,{good},Training": "unknown emotion code -1",
        f"happy,{good},Training": "unknown emotion code happy",
        f",{good},Training": "unknown emotion code",
        f"\u0663,{good},Training": "unknown emotion code",
        f"3,{good[:-1]}\u0663,Training": "is no number from 0 to 255",
        f"3,{good},Testing": "unknown usage Testing",
        f"3,{good},": "unknown usage",
        f"3,{good}": "2 columns instead of 3",
        f"3,{good},Training,more": "4 columns instead of 3",
        "\0\0\0": "1 columns instead of 3",
        f"3,{'1 ' * 100_000},Training": "the line is far too long",
        f'3,"{good},Training': "a quotation mark is not closed",
        # The last line, cut off in the middle of its pixels.
        f"3,{good[:1000]}": "2 columns instead of 3",
    }
    lines = [line for number, row in enumerate(bad) for line in (row, f"{number % 7},{good},PublicTest")]
    # Nothing follows the line that is cut off.
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines[:-1]]))
    result = succeed("dataset_prepare.py")
    assert f"{len(bad)} rows left out" in result.stdout
    reasons = rejected(tmp_path / "data")
    assert list(reasons) == list(range(0, 2 * len(bad), 2))
    for reason, expected in zip(reasons.values(), bad.values(), strict=True):
        assert expected in reason
    names = sorted(path.name for path in (tmp_path / "data").rglob("*.png"))
    assert names == [f"fer{number:07d}.png" for number in range(1, 2 * len(bad) - 2, 2)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"name,age\nAda,36\n",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"0" * 300_000,
        "emotion,pixels".encode("utf-16"),
    ],
    ids=["empty", "newline", "another table", "picture", "one long line", "UTF-16"],
)
def test_refuses_what_is_no_such_data_set(content, call_script, tmp_path):
    (tmp_path / "table.csv").write_bytes(content)
    assert_one_sentence(
        call_script("dataset_prepare.py", "table.csv"), "table.csv is not FER-2013", "emotion and pixels"
    )
    assert not (tmp_path / "data").exists()


def test_refuses_a_missing_file_and_an_archive_without_a_table(call_script, tmp_path):
    assert_one_sentence(call_script("dataset_prepare.py"), "fer2013.csv is not there", "download FER-2013")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    assert_one_sentence(call_script("dataset_prepare.py", "photos.zip"), "photos.zip holds no fer2013.csv")


def test_copies_across_splits(succeed, tmp_path):
    rows = make_rows(1)
    twin, triplet, own = rows[0][1], rows[1][1], rows[2][1]
    rows += [(3, twin, "PublicTest"), (1, triplet, "PrivateTest"), (1, triplet, "Training"), (2, own, "Training")]
    write_csv(tmp_path / "fer2013.csv", rows)
    succeed("dataset_prepare.py")
    copies = [tuple(row.values()) for row in read_csv(tmp_path / "data" / "copies.csv")]
    assert copies == [
        ("0", "train", "angry", "fer0000000.png"),
        ("0", "validation", "happy", "fer0000021.png"),
        ("1", "train", "disgusted", "fer0000001.png"),
        ("1", "test", "disgusted", "fer0000022.png"),
        ("1", "train", "disgusted", "fer0000023.png"),
    ]


@pytest.mark.parametrize("kind", ["csv", "zip", "xz"])
def test_a_line_without_end_is_one_row(kind, call_script, tmp_path):
    table = b"emotion,pixels,Usage\n" + b"1" * 1_000_000
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "long.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fer2013.csv", table)
    else:
        (tmp_path / f"long.{kind}").write_bytes(lzma.compress(table) if kind == "xz" else table)
    assert_one_sentence(call_script("dataset_prepare.py", f"long.{kind}"), "None of the 1 rows holds a face")
