"""FER+: the votes of ten people beside FER-2013, joined by row."""

import numpy as np
import pytest
from conftest import assert_one_sentence, read_csv, write_csv

from emotion_recognition.datasets import ferplus, folders
from emotion_recognition.labels import EMOTIONS

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
COLUMNS = HEADER.split(",")[2:]

# Of each row: FER-2013's code and usage, and the votes that are not zero.
ROWS = [
    (0, "Training", {"anger": 6, "sadness": 4}),
    (0, "Training", {"contempt": 7, "neutral": 3}),
    (3, "Training", {"happiness": 5, "neutral": 4, "unknown": 1}),
    (4, "Training", {"unknown": 6, "sadness": 4}),
    (4, "Training", {"NF": 10}),
    (6, "PublicTest", {"neutral": 8, "sadness": 2}),
    (3, "PrivateTest", {"happiness": 10}),
    (7, "Training", {"happiness": 10}),
]


@pytest.fixture
def tables(tmp_path):
    """FER-2013's and FER+'s tables of the rows above, as files; the picture of row n has the gray level 10 n."""
    source = write_csv(
        tmp_path / "fer2013.csv",
        [(code, np.full((48, 48), 10 * row, np.uint8), usage) for row, (code, usage, _) in enumerate(ROWS)],
    )
    lines = [f"{usage},,{','.join(str(votes.get(column, 0)) for column in COLUMNS)}" for _, usage, votes in ROWS]
    (tmp_path / "fer2013new.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return source, tmp_path / "fer2013new.csv"


def test_most_votes_decide_and_the_others_are_left_out(tables, succeed, tmp_path):
    result = succeed("dataset_prepare.py", tables[0], "--labels", tables[1])
    assert "4 rows left out." in result.stdout
    assert "       1: most people saw no face" in result.stdout
    names = {str(path.relative_to(tmp_path / "data").as_posix()) for path in (tmp_path / "data").rglob("*.png")}
    assert names == {
        "train/angry/fer0000000.png",
        "train/contempt/fer0000001.png",
        "validation/neutral/fer0000005.png",
        "test/happy/fer0000006.png",
    }
    assert [(row["row"], row["reason"]) for row in read_csv(tmp_path / "data/rejected.csv")] == [
        ("2", "no emotion has more than half of the votes"),
        ("3", "most people could not tell the emotion"),
        ("4", "most people saw no face"),
        ("7", "unknown emotion code 7"),
    ]
    assert not (tmp_path / "data/votes.csv").exists()


def test_votes_are_kept_beside_the_pictures_and_read_as_targets(tables, succeed, tmp_path):
    succeed("dataset_prepare.py", tables[0], "--labels", tables[1], "--votes", "--drawn", "1")
    assert len(list((tmp_path / "data").rglob("*.png"))) == len(ROWS) - 1 + 7
    table = read_csv(tmp_path / "data/votes.csv")
    assert list(table[0]) == ["split", "emotion", "name", *EMOTIONS]
    assert table[1]["name"] == "fer0000001.png" and table[1]["contempt"] == "7" and table[1]["emotion"] == "angry"
    train = folders.read_split(tmp_path / "data", "train")
    votes = dict(zip(train.names, folders.read_votes(tmp_path / "data", train).tolist(), strict=True))
    # Contempt is not among these emotions, and nobody has voted on what is drawn.
    assert votes["angry/fer0000000.png"] == [{"angry": 6, "sad": 4}.get(emotion, 0) for emotion in train.emotions]
    assert votes["angry/fer0000001.png"] == [{"neutral": 3}.get(emotion, 0) for emotion in train.emotions]
    assert votes["sad/drawn_sad_00000.png"] == [0] * 7
    # The packed file holds the same.
    folders.pack(tmp_path / "data", tmp_path / "data.npz")
    packed = folders.read_split(tmp_path / "data.npz", "train")
    assert dict(zip(packed.names, folders.read_votes(tmp_path / "data.npz", packed).tolist(), strict=True)) == votes


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda text: text.replace("PublicTest", "PrivateTest"), ["usage", "row 5"]),
        (lambda text: text + text.splitlines()[-1] + "\n", ["differ in length"]),
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), ["differ in length"]),
        (lambda text: text.replace("contempt", "pride"), ["is not FER+'s", "contempt"]),
        (lambda text: text.replace("10", "ten"), ["is not FER+'s"]),
    ],
)
def test_votes_that_do_not_belong_to_the_pictures_are_refused(tables, call_script, tmp_path, spoil, words):
    tables[1].write_text(spoil(tables[1].read_text()))
    result = call_script("dataset_prepare.py", tables[0], "--labels", tables[1])
    assert_one_sentence(result, "fer2013new.csv", *words)
    assert not (tmp_path / "data").exists()


def test_the_real_votes_belong_to_the_real_rows(shared):
    rows = ferplus.read_table(shared / "ferplus/fer2013new.csv")
    assert len(rows) == 35887
    usage, votes = rows[0]
    assert usage == "Training" and list(votes.values()) == [4, 0, 0, 1, 3, 2, 0, 0, 0, 0]
