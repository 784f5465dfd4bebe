"""Picture files of every usual kind, and files that only look like pictures."""

import errno
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from emotion_recognition import images
from emotion_recognition.errors import UserError
from emotion_recognition.images import read_picture, to_face, to_gray

RED = (0, 0, 255)
BLACK = (0, 0, 0)
WHITE = (255, 255, 255)


@pytest.fixture
def photo() -> np.ndarray:
    """A smooth coloured picture, higher than a strip in which pictures are converted, uint8 (300, 96, 3)."""
    row, column = np.mgrid[:300, :96]
    return np.stack([row * 3 // 4, column * 2, 255 - row // 2 - column], axis=2).astype(np.uint8)


def test_gray_levels_survive_the_way_through_colours():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_gray(np.dstack([levels] * 3)), levels)


def as_picture(pixels, **options) -> Image.Image:
    return Image.fromarray(np.array(pixels, np.uint8), **options)


def as_fractions(*levels) -> Image.Image:
    return Image.fromarray(np.array([levels], np.float32))


# What is written, and what is read of it, blue-green-red: transparent pixels lie on white.
PIXELS = {
    "red.png": (as_picture([[(255, 0, 0)]]), [RED]),
    "sticker.png": (as_picture([[(255, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 128)]]), [RED, WHITE, (127, 127, 127)]),
    "gray.png": (as_picture([[(40, 255), (40, 0)]], mode="LA"), [(40, 40, 40), WHITE]),
    # Of 16 bits, the upper eight are kept.
    "deep.png": (np.array([[0, 255, 256, 65535]], np.uint16), [(0, 0, 0), (0, 0, 0), (1, 1, 1), WHITE]),
    "coloured.png": (
        np.array([[(0x1234, 0x80FF, 0xFFFF), (0, 0xFF, 0x100)]], np.uint16),
        [(0x12, 0x80, 0xFF), (0, 0, 1)],
    ),
    # Fractions, as scikit-image writes them.
    "unit.tif": (as_fractions(0.2, 1.1, np.nan, np.inf), [(51, 51, 51), WHITE, BLACK, WHITE]),
    "byte.tif": (as_fractions(-3, 99.6, 255), [BLACK, (100, 100, 100), WHITE]),
    "longer.tif": (Image.fromarray(np.array([[0, 50_000, 250_000]], np.int32)), [BLACK, (51, 51, 51), WHITE]),
    "long.tif": (as_fractions(0, 0x1280, 65535), [BLACK, (18, 18, 18), WHITE]),
}


@pytest.mark.parametrize("name", PIXELS)
def test_pixels_of_every_depth(name, tmp_path):
    written, pixels = PIXELS[name]
    if isinstance(written, Image.Image):
        written.save(tmp_path / name)
    else:
        cv2.imwrite(str(tmp_path / name), written)
    picture = read_picture(tmp_path / name)
    assert picture.dtype == np.uint8 and picture.tolist() == [list(map(list, pixels))]


@pytest.mark.parametrize(("orientation", "stored"), [(2, np.fliplr), (6, np.rot90)], ids=["mirrored", "turned"])
def test_a_photo_is_upright_as_its_exif_data_say(orientation, stored, tmp_path):
    upright = np.zeros((6, 10), np.uint8)
    upright[0, 0], upright[0, 9] = 200, 100
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored(upright).copy()).save(tmp_path / "phone.png", exif=exif)
    assert np.array_equal(to_gray(read_picture(tmp_path / "phone.png")), upright)


@pytest.mark.parametrize("ending", ["png", "gif"])
def test_transparent_colour_of_a_palette(ending, tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putdata([0, 1])
    picture.save(tmp_path / f"palette.{ending}", transparency=1)
    assert read_picture(tmp_path / f"palette.{ending}").tolist() == [[list(RED), list(WHITE)]]


@pytest.mark.parametrize(
    ("mode", "ending"), [("1", "tif"), ("CMYK", "tif"), ("L", "jpg"), ("RGB", "jpg"), ("CMYK", "jpg")]
)
def test_modes(mode, ending, tmp_path):
    picture = Image.new("RGB", (32, 32), "white")
    picture.paste("black", (0, 0, 32, 16))
    picture.convert(mode).save(tmp_path / f"picture.{ending}")
    gray = to_gray(read_picture(tmp_path / f"picture.{ending}"))
    assert gray.shape == (32, 32)
    assert gray[:16].max() <= 8 and gray[16:].min() >= 247


@pytest.mark.parametrize("ending", ["bmp", "ppm", "webp"])
def test_other_kinds(ending, tmp_path, photo):
    Image.fromarray(photo[..., ::-1].copy()).save(tmp_path / f"photo.{ending}", lossless=True)
    assert np.array_equal(read_picture(tmp_path / f"photo.{ending}"), photo)


def test_first_picture_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert (read_picture(tmp_path / "moving.gif") == RED).all()


@pytest.mark.parametrize("kept", [0.99, 0.5, 0.1])
@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "gif", "tif", "bmp"])
def test_pictures_that_are_cut_off(kept, ending, tmp_path, photo):
    path = tmp_path / f"photo.{ending}"
    noise = np.random.default_rng(0).integers(0, 40, photo.shape).astype(np.uint8)
    Image.fromarray(photo // 2 + noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(UserError, match=rf"photo\.{ending} is (damaged or cut off|no picture)"):
        read_picture(path)


@pytest.mark.parametrize("name, words", [("nothing.png", "is not there"), (".", "is a folder")])
def test_names_of_no_file(name, words, tmp_path):
    with pytest.raises(UserError, match=words):
        read_picture(tmp_path / name)


def test_faces_are_scaled_to_one_size():
    halves = np.zeros((96, 96), np.uint8)
    halves[:, 48:] = 200
    shrunk = to_face(halves)
    assert shrunk.shape == (48, 48)
    assert np.array_equal(shrunk, halves[::2, ::2])
    enlarged = to_face(np.array([[0, 240]], np.uint8))
    assert enlarged.shape == (48, 48)
    # Enlarging gives a smooth rise, not two blocks.
    assert enlarged[0, 0] == 0 and enlarged[0, -1] == 240 and 100 < enlarged[0, 23] < 120


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EMFILE, "Too many open files"),
        # What Pillow raises where a decoder asks for memory in vain.
        OSError("out of memory error when reading image file"),
    ],
)
def test_a_failure_that_says_nothing_of_the_file_is_not_called_damage(error, tmp_path, monkeypatch):
    Image.new("RGB", (4, 3), "red").save(tmp_path / "sound.png")

    def fail(picture):
        raise error

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(type(error)) as raised:
        read_picture(tmp_path / "sound.png")
    assert raised.value is error


@pytest.fixture
def without_heic(monkeypatch):
    """As on a machine where pillow-heif is not installed."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    images.can_read_heic.cache_clear()
    yield
    images.can_read_heic.cache_clear()


def test_pillow_heif_is_used_where_it_is_installed(without_heic, monkeypatch):
    assert ".heic" not in images.readable_suffixes()
    images.can_read_heic.cache_clear()
    registered = []
    heif = SimpleNamespace(register_heif_opener=lambda: registered.append("opener"))
    monkeypatch.setitem(sys.modules, "pillow_heif", heif)
    assert ".heic" in images.readable_suffixes() and "HEIF" in images.readable_formats()
    assert registered == ["opener"]


def test_a_real_heic_photo(tmp_path, photo):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(Image.fromarray(photo[..., ::-1].copy())).save(tmp_path / "photo.heic")
    assert np.abs(read_picture(tmp_path / "photo.heic").astype(int) - photo).mean() < 8


@pytest.mark.skipif("AVIF" not in images.readable_formats(), reason="this release of Pillow reads no AVIF")
def test_an_avif_picture(tmp_path, photo):
    Image.fromarray(photo[..., ::-1].copy()).save(tmp_path / "photo.avif")
    assert ".avif" in images.readable_suffixes()
    assert np.abs(read_picture(tmp_path / "photo.avif").astype(int) - photo).mean() < 8


@pytest.mark.parametrize(
    "content, words",
    [
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(100), "a HEIC photo: .*`pip install pillow-heif`"),
        (b"%PDF-1.7 ", "no picture of a known kind but a PDF: save its pages as PNG"),
        ("Wie schön\n\tist es hier".encode(), "no picture of a known kind but a text"),
        (b"\0\1\2\3", "no picture of a known kind or damaged"),
        (b"", "no picture of a known kind or damaged"),
    ],
)
def test_the_reason_why_a_file_is_no_picture(content, words, without_heic, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UserError, match=rf"photo\.jpg is {words}"):
        read_picture(tmp_path / "photo.jpg")


def test_a_picture_by_another_name(tmp_path):
    Image.new("RGB", (4, 3), "red").save(tmp_path / "photo.dat", "JPEG")
    assert images.why_not_a_picture(tmp_path / "photo.dat").startswith("a picture (JPEG) by another name")
