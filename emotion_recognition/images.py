"""Picture files of every usual kind -> arrays; the one grayscale conversion and the one size of faces."""

import codecs
import struct
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from emotion_recognition.errors import UserError

FACE_SIZE = 48
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".pgm", ".ppm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "WEBP", "TIFF")

# How phones save photos. What stands in bytes 8 to 12 of such a file tells the two apart.
HEIC_SUFFIXES, HEIC_BRANDS = (".heic", ".heif"), (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
AVIF_SUFFIXES, AVIF_BRANDS = (".avif",), (b"avif", b"avis")

# The largest photos of phones. Reading one takes 400 MB; where a decoder holds more copies, as many pixels as fit.
LARGEST_PICTURE, LARGEST_COSTLY_PICTURE = 8192 * 6144, 20_000_000

# What Pillow's decoders raise when a file is damaged. Not among them: MemoryError, which says nothing of the file.
DAMAGE = (
    *(OSError, SyntaxError, ValueError, TypeError, AttributeError, AssertionError, RuntimeError, EOFError),
    *(LookupError, ArithmeticError, struct.error, zlib.error),
)

# Gray pictures of whole numbers and of fractions, as Pillow calls them: I, I;16 and the like, F.
DEEP_MODES = ("I", "F")

# Rows of a picture that are converted at once.
STRIP = 256


def read_picture(path: str | Path) -> np.ndarray:
    """Read a picture file as uint8 (height, width, 3), blue-green-red, upright as its EXIF data say.

    Transparent pictures are laid on white; of 16 bits the upper 8 are kept; fractions up to 1 (float TIFF) become 0 to
    255; of an animation the first picture.
    Raises UserError when the file is missing, no picture, damaged, cut off or too large.
    """
    check_readable(path)
    try:
        with Image.open(path, formats=readable_formats()) as picture:
            if picture.width * picture.height > most_pixels(picture):
                raise UserError(f"{path} has {picture.width} x {picture.height} pixels: scale it down first.")
            picture.load()
            # In place, because a copy of a large photo would take as much memory again.
            ImageOps.exif_transpose(picture, in_place=True)
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} has far too many pixels: scale it down first.") from error
    except Image.UnidentifiedImageError as error:
        raise UserError(f"{path} is {why_not_a_picture(path)}.") from error
    except DAMAGE as error:
        # The system numbers its errors, such as a drive that fails or too many open files; decoders do not.
        if isinstance(error, OSError) and (error.errno or "out of memory" in str(error)):
            raise
        raise UserError(f"{path} is damaged or cut off ({error}): copy or save it again.") from error
    return to_blue_green_red(picture)


def check_readable(path: str | Path) -> None:
    """Refuse a file that is not there, or that this person may not read."""
    try:
        if Path(path).is_dir():
            raise UserError(f"{path} is a folder: name the pictures in it, or move them out of it.")
        if not Path(path).is_file():
            raise UserError(f"{path} is not there: check the name.")
        with Path(path).open("rb"):
            pass
    except PermissionError as error:
        raise UserError(f"{path} may not be read: change its permissions.") from error


@cache
def can_read_heic() -> bool:
    """Return whether pillow-heif is installed; Pillow can then open HEIC files."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def readable_formats() -> list[str]:
    """Return Pillow's names of the formats that can be read on this machine."""
    # Without this, Pillow would load the readers of all its formats.
    Image.preinit()
    avif = ["AVIF"] if find_spec("PIL._avif") else []
    heif = ["HEIF"] if can_read_heic() else []
    return [*FORMATS, *avif, *heif]


def readable_suffixes() -> tuple[str, ...]:
    """Return the endings of the picture files that can be read on this machine, in lower case."""
    formats = readable_formats()
    return SUFFIXES + (AVIF_SUFFIXES if "AVIF" in formats else ()) + (HEIC_SUFFIXES if "HEIF" in formats else ())


def why_not_a_picture(path: str | Path) -> str:
    """Say in a few words what a file is that is not read as a picture, and the way out, as in `FILE is ...`.

    OSError where the file cannot be read.
    """
    with Path(path).open("rb") as file:
        start = file.read(1000)
    brand = start[8:12] if start[4:8] == b"ftyp" else b""
    if brand in HEIC_BRANDS and not can_read_heic():
        return "a HEIC photo: install its reader with `pip install pillow-heif`, or save it as JPEG"
    if brand in AVIF_BRANDS and "AVIF" not in readable_formats():
        return "an AVIF picture: install its reader with `pip install --upgrade pillow`, or save it as JPEG"
    if start.startswith(b"%PDF"):
        return "no picture of a known kind but a PDF: save its pages as PNG or JPEG"
    try:
        with Image.open(path, formats=readable_formats()) as picture:
            return f"a picture ({picture.format}) by another name: rename it, with an ending such as .png or .jpg"
    except (Image.DecompressionBombError, *DAMAGE):
        kind = "but a text" if is_text(start) else "or damaged"
        return f"no picture of a known kind {kind}: if it should be one, save it again as PNG or JPEG"


def is_text(start: bytes) -> bool:
    """Return whether the first bytes of a file are text in UTF-8; at their end a character may be cut."""
    try:
        return bool(start) and "\0" not in codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False


def most_pixels(picture: Image.Image) -> int:
    """Return how many pixels a picture of this kind of file may have."""
    is_costly = picture.format in ("WEBP", "TIFF") or "progressive" in picture.info
    return LARGEST_COSTLY_PICTURE if is_costly else LARGEST_PICTURE


def to_blue_green_red(picture: Image.Image) -> np.ndarray:
    """Turn a Pillow picture of any mode into uint8 (height, width, 3), blue-green-red."""
    scale = deep_scale(picture) if picture.mode.startswith(DEEP_MODES) else 1.0
    converted = np.empty((picture.height, picture.width, 3), np.uint8)
    # In strips, because every step of the way would hold a large picture once more.
    for top in range(0, picture.height, STRIP):
        bottom = min(top + STRIP, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        converted[top:bottom] = strip_to_blue_green_red(strip, scale)
    return converted


def deep_scale(picture: Image.Image) -> float:
    """Return by what the values of a gray picture of more than 8 bits are multiplied to become 0 to 255."""
    values = np.asarray(picture)
    # Fractions may be infinite or no number.
    highest = np.max(values, where=np.isfinite(values), initial=0)
    if highest > 255:
        return 1 / 256 if highest < 65536 else 255 / highest
    # Programs that save fractions mean 0 to 1, and where they have scaled a picture, a little beyond.
    return 255.0 if picture.mode == "F" and highest < 2 else 1.0


def strip_to_blue_green_red(picture: Image.Image, scale: float) -> np.ndarray:
    """Turn a part of a Pillow picture into uint8 (height, width, 3), blue-green-red; see `deep_scale`."""
    if picture.mode.startswith(DEEP_MODES):
        gray = np.nan_to_num(np.asarray(picture) * scale).clip(0, 255)
        # Fractions are rounded, but of 16 bits the upper 8 are kept.
        gray = gray.round() if picture.mode == "F" else gray
        return cv2.cvtColor(gray.astype(np.uint8), cv2.COLOR_GRAY2BGR)
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    if picture.mode == "L":
        return cv2.cvtColor(np.asarray(picture), cv2.COLOR_GRAY2BGR)
    return cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)


def to_gray(picture: np.ndarray) -> np.ndarray:
    """Turn blue-green-red (height, width, 3) into gray (height, width), uint8; equal channels keep their value.

    What is gray already is returned as it is.
    """
    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def to_face(gray: np.ndarray) -> np.ndarray:
    """Scale a gray picture to (48, 48); one of that size is returned bit for bit."""
    if gray.shape == (FACE_SIZE, FACE_SIZE):
        return gray
    # Averaging whole areas is right for shrinking; for enlarging it would leave blocks.
    shrinks = min(gray.shape) > FACE_SIZE
    return cv2.resize(gray, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def read_face(path: str | Path) -> np.ndarray:
    """Read a picture file of one face as uint8 (48, 48), gray."""
    return to_face(to_gray(read_picture(path)))
