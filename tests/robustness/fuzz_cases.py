"""Files to try the readers with. Kind, number and seed alone decide what a file holds: every case can be repeated."""

import atexit
import bz2
import gzip
import io
import lzma
import random
import shutil
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import h5py
import keras
import numpy as np
from conftest import PORTRAIT, REPOSITORY, SHARED, make_rows, write_video
from mutations import mutate, mutate_json
from PIL import Image

from emotion_recognition.datasets import folders, packed
from emotion_recognition.labels import EMOTIONS, FER2013_CODES
from emotion_recognition.models import model_file


def as_zip(content) -> bytes:
    """Return an archive of zip that holds a table."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", content)
    return file.getvalue()


def as_tar(content) -> bytes:
    """Return an archive of tar that holds a table."""
    file, member = io.BytesIO(), tarfile.TarInfo("fer2013/fer2013.csv")
    member.size = len(content)
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


FORMS = {".csv": bytes, ".csv.gz": gzip.compress, ".csv.xz": lzma.compress, ".csv.bz2": bz2.compress}
FORMS |= {".zip": as_zip, ".tar.gz": as_tar}


def make_case(kind, number, seed, folder) -> Path:
    """Write the case of a kind with this number into a folder and return its path."""
    generator = random.Random(f"{kind} {number} {seed}")
    return MAKERS[kind](generator, Path(folder))


def make_table(generator, folder) -> Path:
    """Write a changed table, or one in a changed archive."""
    table = change_text(tables(), generator) if generator.random() < 0.5 else generator.choice(tables())
    ending = generator.choice(list(FORMS))
    return write(folder / f"case{ending}", mutate(FORMS[ending](table), tables(), generator))


def change_text(originals, generator) -> bytes:
    """Return a table in which some fields are others."""
    lines = generator.choice(originals).split(b"\n")
    for _ in range(generator.randint(1, 5)):
        row = generator.randrange(len(lines))
        fields = lines[row].split(b",")
        strange = (b"", b'"', b"-1", b"1e3", b"9" * 400, b"\xff\xfe", b"\0", b"3", b"Training", fields[0] * 3)
        fields[generator.randrange(len(fields))] = generator.choice(strange)
        lines[row] = b",".join(fields)
    return b"\n".join(lines)


def make_picture(generator, folder) -> Path:
    """Write a changed picture, under the name of any kind."""
    name, content = generator.choice(pictures())
    ending = name if generator.random() < 0.8 else generator.choice(pictures())[0]
    return write(folder / f"case{ending}", mutate(content, [content for _, content in pictures()], generator))


def make_video(generator, folder) -> Path:
    """Write a changed video."""
    name, content = generator.choice(videos())
    return write(folder / f"case{name}", mutate(content, [content for _, content in videos()], generator))


def make_model(generator, folder) -> Path:
    """Write a model file that is changed byte by byte, or in what it says of its layers."""
    path = shutil.copy(generator.choice(models()), folder / "case.h5")
    if generator.random() < 0.5:
        return write(path, mutate(path.read_bytes(), [path.read_bytes()], generator))
    with h5py.File(path, "r+") as file:
        attribute = generator.choice(("model_config", "model_config", "emotions", "training"))
        file.attrs[attribute] = mutate_json(file.attrs[attribute], generator)
    return path


def make_lite_model(generator, folder) -> Path:
    """Write a .tflite file that is changed byte by byte: what is attached to it, or the network."""
    original = (REPOSITORY / "model.tflite").read_bytes()
    return write(folder / "case.tflite", mutate(original, [original], generator))


def make_archived_model(generator, folder) -> Path:
    """Write an archive of Keras 3 that is changed byte by byte, or in what it says of its layers."""

    def change(name, content):
        if name == "config.json":
            return mutate_json(content.decode(), generator).encode()
        return mutate(content, [archived_model()], generator) if generator.random() < 0.3 else content

    return change_archive(folder / "case.keras", archived_model(), change, generator)


def make_packed(generator, folder) -> Path:
    """Write a packed data set that is changed as a whole, or in one of its members."""

    def change(name, content):
        return mutate(content, tables(), generator) if generator.random() < 0.4 else content

    return change_archive(folder / "case.npz", packed_data(), change, generator)


def change_archive(path, original, change, generator) -> Path:
    """Write an archive that is changed byte by byte, or its members as `change` says."""
    if generator.random() < 0.5:
        return write(path, mutate(original, tables(), generator))
    with zipfile.ZipFile(io.BytesIO(original)) as archive, zipfile.ZipFile(path, "w") as changed:
        for name in archive.namelist():
            changed.writestr(name, change(name, archive.read(name)))
    return path


MAKERS = {
    "table": make_table,
    "packed": make_packed,
    "picture": make_picture,
    "video": make_video,
    "model": make_model,
    "archived model": make_archived_model,
    "lite model": make_lite_model,
}


def write(path, content) -> Path:
    """Write bytes and return the path."""
    path.write_bytes(content)
    return path


@cache
def scratch() -> Path:
    """Return a folder for the originals, which goes when the tests end."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    return Path(folder)


@cache
def tables() -> list[bytes]:
    """Return a small table in each layout in circulation."""
    lines = [(code, usage, " ".join(map(str, picture.ravel()))) for code, picture, usage in make_rows(1)]
    return [
        b"emotion,pixels,Usage\n" + "".join(f"{code},{pixels},{usage}\n" for code, usage, pixels in lines).encode(),
        b"emotion, Usage, pixels\n" + "".join(f"{code},{usage},{pixels}\n" for code, usage, pixels in lines).encode(),
        b"emotion,pixels\r\n" + "".join(f'{code},"{pixels}"\r\n' for code, _, pixels in lines).encode(),
    ]


@cache
def pictures() -> list[tuple[str, bytes]]:
    """Return (ending, content) of a small photo in every kind of file."""
    photo = Image.open(PORTRAIT).resize((96, 113))
    exif = Image.Exif()
    exif[0x0112] = 6
    gray = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    alpha, palette = photo.convert("RGBA"), photo.convert("P")
    animated = {"save_all": True, "append_images": [photo.rotate(90)]}
    written = [
        (photo, ".png", {}), (photo.convert("L"), ".png", {}), (photo.convert("1"), ".png", {}), (gray, ".png", {}),
        (alpha, ".png", {}), (palette, ".png", {"transparency": 3}), (photo, ".png", animated),
        (photo, ".jpg", {"exif": exif}), (photo.convert("L"), ".jpg", {}), (photo.convert("CMYK"), ".jpg", {}),
        (photo, ".jpg", {"progressive": True}), (photo, ".bmp", {}), (palette, ".bmp", {}), (photo, ".webp", {}),
        (alpha, ".webp", {"lossless": True}), (photo, ".webp", animated),
        (photo, ".tif", {}), (photo, ".tif", {"compression": "tiff_lzw"}), (gray, ".tif", {}),
        (photo, ".tif", {"compression": "tiff_deflate"}), (photo, ".tif", {"compression": "jpeg"}),
        (photo.convert("F"), ".tif", {}), (photo.convert("1"), ".tif", {"compression": "group4"}),
        (photo, ".gif", animated), (photo.convert("L"), ".pgm", {}), (photo, ".ppm", {}),
    ]  # fmt: skip
    found = [(".jpg", PORTRAIT.read_bytes()), (".pgm", b"P2 2 2 255 0 1 2 3"), (".ppm", b"P3 1 1 9 1 2 3")]
    for picture, ending, options in written:
        file = io.BytesIO()
        picture.save(file, Image.registered_extensions()[ending], **options)
        found.append((ending, file.getvalue()))
    return found


@cache
def videos() -> list[tuple[str, bytes]]:
    """Return (ending, content) of short videos, and of the real clip where it is."""
    folder = scratch()
    found = []
    for ending, code in ((".mp4", "mp4v"), (".avi", "MJPG"), (".avi", "XVID"), (".mkv", "mp4v")):
        frames = [np.full((64, 96, 3), 20 * number, np.uint8) for number in range(12)]
        found.append((ending, write_video(folder / f"{code}{ending}", frames, 10.0, code).read_bytes()))
    clip = SHARED / "media" / "clip.mp4"
    return [*found, (".mp4", clip.read_bytes())] if clip.is_file() else found


@cache
def models() -> list[Path]:
    """Return a small model file (most often, for it is read quickly) and the committed one."""
    small = scratch() / "small.h5"
    model_file.save(small, small_network(), FER2013_CODES, {"network": "small", "seed": 0})
    return [small, small, small, REPOSITORY / "model.h5"]


@cache
def archived_model() -> bytes:
    """Return a small model as Keras 3 archives it."""
    path = scratch() / "small.keras"
    small_network().save(path)
    return path.read_bytes()


def small_network() -> keras.Model:
    """Return a network with most kinds of layers that emotion models have, and few weights."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="elu", padding="same"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(4),
            layers.SeparableConv2D(4, 3),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(7, activation="softmax"),
        ]
    )


@cache
def packed_data() -> bytes:
    """Return a small data set as one packed file."""
    faces, copies = np.stack([picture for _, picture, _ in make_rows(1)])[..., np.newaxis], "group,split,emotion,name\n"
    names = np.array([f"{EMOTIONS[number % 8]}/fer{number:07d}.png" for number in range(len(faces))])
    split = folders.Pictures(faces, np.arange(len(faces)) % 8, names, EMOTIONS)
    path = scratch() / "packed.npz"
    packed.write(path, {"train": split, "validation": split}, {"copies.csv": copies})
    return path.read_bytes()
