"""Picture files of every usual kind -> arrays; the one grayscale conversion and the one size of faces."""

import warnings
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from emotion_recognition.cli.program import quiet_libraries
from emotion_recognition.errors import UserError

FACE_SIZE = 48
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".pgm", ".ppm")
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")

# The largest photos of phones. Reading one takes 400 MB; where a decoder holds more copies, as many pixels as fit.
LARGEST_PICTURE, LARGEST_COSTLY_PICTURE = 8192 * 6144, 20_000_000

# Rows of a picture that are converted at once.
STRIP = 256


def read_picture(path) -> np.ndarray:
    """Read a picture file as uint8 (height, width, 3), blue-green-red, upright as its EXIF data say.

    Transparent pictures are laid on white; of 16 bits the upper 8 are kept; of an animation the first picture.
    Raises UserError when the file is missing, no picture, damaged, cut off or too large.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not there: check the name.")
    try:
        # Pillow's warnings about odd files would stand between our sentences.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > most_pixels(picture):
                raise UserError(f"{path} has {picture.width} x {picture.height} pixels: scale it down first.")
            # The library that decodes TIFF files reports on standard error what our sentences say.
            with quiet_libraries() if picture.format == "TIFF" else nullcontext():
                picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return to_blue_green_red(picture)
    except UserError:
        raise
    except Image.DecompressionBombError as error:
        raise UserError(f"{path} has far too many pixels: scale it down first.") from error
    except PermissionError as error:
        raise UserError(f"{path} may not be read: change its permissions.") from error
    except Image.UnidentifiedImageError as error:
        raise UserError(f"{path} is no picture of a known kind: save it as PNG or JPEG.") from error
    # A damaged file can make a decoder raise almost anything; all of it means the same to a person.
    except Exception as error:
        raise UserError(f"{path} is damaged or cut off ({error}): copy or save it again.") from error


def most_pixels(picture: Image.Image) -> int:
    """Return how many pixels a picture of this kind of file may have."""
    is_costly = picture.format in ("WEBP", "TIFF") or "progressive" in picture.info
    return LARGEST_COSTLY_PICTURE if is_costly else LARGEST_PICTURE


def to_blue_green_red(picture: Image.Image) -> np.ndarray:
    """Turn a Pillow picture of any mode into uint8 (height, width, 3), blue-green-red."""
    has_16_bits = picture.mode.startswith("I") and np.asarray(picture).max() > 255
    converted = np.empty((picture.height, picture.width, 3), np.uint8)
    # In strips, because every step of the way would hold a large picture once more.
    for top in range(0, picture.height, STRIP):
        bottom = min(top + STRIP, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        converted[top:bottom] = strip_to_blue_green_red(strip, has_16_bits)
    return converted


def strip_to_blue_green_red(picture: Image.Image, has_16_bits) -> np.ndarray:
    """Turn a part of a Pillow picture into uint8 (height, width, 3), blue-green-red."""
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        gray = values >> 8 if has_16_bits else values
        return cv2.cvtColor(gray.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    if picture.mode == "L":
        return cv2.cvtColor(np.asarray(picture), cv2.COLOR_GRAY2BGR)
    return cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)


def to_gray(picture: np.ndarray) -> np.ndarray:
    """Turn blue-green-red (height, width, 3) into gray (height, width), uint8; equal channels keep their value."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def to_face(gray: np.ndarray) -> np.ndarray:
    """Scale a gray picture to (48, 48); one of that size is returned bit for bit."""
    if gray.shape == (FACE_SIZE, FACE_SIZE):
        return gray
    # Averaging whole areas is right for shrinking; for enlarging it would leave blocks.
    shrinks = min(gray.shape) > FACE_SIZE
    return cv2.resize(gray, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def read_face(path) -> np.ndarray:
    """Read a picture file of one face as uint8 (48, 48), gray."""
    return to_face(to_gray(read_picture(path)))
