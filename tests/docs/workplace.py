"""A folder with everything that README and docs name in their commands: small, and made from drawn faces."""

import shutil
import tarfile
from pathlib import Path

import cv2
import numpy as np
from conftest import PORTRAIT, REPOSITORY, read_csv, write_video
from pretrained_files import write_pretrained

from emotion_recognition.datasets import folders

NOTO = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
VOTES = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
# The column of VOTES that speaks for each code of FER-2013.
COLUMN_OF_CODE = (6, 7, 8, 3, 5, 4, 2)
PERSONS = 12


def make(folder: Path, small_csv: Path, small_data: Path) -> Path:
    """Fill `folder` and return it."""
    for name in ("model.h5", "model.tflite", "haarcascade_frontalface_default.xml"):
        if (REPOSITORY / name).exists():
            shutil.copy(REPOSITORY / name, folder)
    for name in ("little_vgg", "seed1", "seed2", "seed4", "seed5"):
        shutil.copy(REPOSITORY / "model.h5", folder / f"{name}.h5")
    if NOTO.exists():
        shutil.copy(NOTO, folder)
    make_media(folder)
    shutil.copytree(small_data, folder / "data")
    make_tables(folder, small_csv)
    folders.pack(folder / "data", folder / "fer2013.npz", ("train", "validation", "test"))
    faces = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted((folder / "data/train").rglob("*.png"))]
    make_picture_sets(folder, faces)
    (folder / "models").mkdir()
    write_pretrained(folder / "models")
    make_foreign_model(folder / "theirs.h5")
    return folder


def make_media(folder: Path):
    """Write the pictures and videos."""
    portrait = cv2.imread(str(PORTRAIT))
    pictures = ["photo.jpg", "sticker.png", "holidays/beach.jpg", "holidays/day 2/hotel.png"]
    photos = [f"my_photos/{emotion}/{number}.jpg" for emotion in ("happy", "sad") for number in range(4)]
    for number, name in enumerate(pictures + photos):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # No two are the same picture.
        cv2.imwrite(str(path), cv2.convertScaleAbs(portrait, alpha=1, beta=number))
    (folder / "holidays/plan.txt").write_text("no picture")
    for name in ("clip.mp4", "p01/session.mp4", "p02/session.mp4", "study/anna.mp4", "study/ben.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_video(folder / name, [portrait] * 5, code="mp4v")


def make_tables(folder: Path, small_csv: Path):
    """Write FER-2013 in several forms, the votes of FER+ and the table of a study."""
    shutil.copy(small_csv, folder / "fer2013.csv")
    with tarfile.open(folder / "fer2013.tar.gz", "w:gz") as archive:
        archive.add(small_csv, "fer2013/fer2013.csv")
    with (folder / "fer2013new.csv").open("w", newline="") as votes:
        votes.write(VOTES + "\n")
        for row in read_csv(small_csv):
            numbers = [0] * 10
            numbers[COLUMN_OF_CODE[int(row["emotion"])] - 2] = 10
            votes.write(",".join([row["Usage"], "", *map(str, numbers)]) + "\n")
    (folder / "study.csv").write_text("source,face,happy\np01/session.mp4,1,0.5\np02/session.mp4,1,0.25\n")
    tracks = [f"{group}/p{number}.mp4,1,0,9,0.{number}" for group in ("before", "after") for number in range(3)]
    (folder / "summary_tracks.csv").write_text("\n".join(["source,face,first,last,mean_happy", *tracks, ""]))


def make_picture_sets(folder: Path, faces: list[np.ndarray]):
    """Write CK+ in both forms, JAFFE and FERG-DB, in the layouts of their authors."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    names = []
    for person in range(PERSONS):
        sequence = f"S{person:03}/001/S{person:03}_001_0000000"
        names += [f"CK+/cohn-kanade-images/{sequence}{frame}.png" for frame in range(1, 5)]
        label = folder / f"CK+/Emotion/{sequence}4_emotion.txt"
        label.parent.mkdir(parents=True)
        label.write_text(f"   {1 + person % 7}.0000000e+00\n")
        names += [f"CK+48/{emotion}/S{person:03}_004_00000017.png" for emotion in ("anger", "happy")]
        names += [f"jaffe/{letters[person]}A.{code}1.{person}.tiff" for code in ("AN", "HA", "SA")]
    for character in ("aia", "bonnie", "jules", "malcolm", "mery", "ray"):
        names += [f"FERG_DB_256/{character}/{character}_{emotion}/1.png" for emotion in ("anger", "joy", "sadness")]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        varied = cv2.convertScaleAbs(faces[number % len(faces)], alpha=1, beta=number // len(faces))
        cv2.imwrite(str(folder / name), varied)


def make_foreign_model(path: Path):
    """Write a model as other projects do: nothing in the file says how it is to be read."""
    import keras

    layers = [keras.Input((48, 48, 1)), keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential([*layers, keras.layers.Dense(7, activation="softmax")]).save(path)
