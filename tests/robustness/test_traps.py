"""Files that are made to do harm: archives that point elsewhere or unpack to far too much, headers that announce it."""

import gzip
import io
import json
import lzma
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import assert_one_sentence, files_in, write_video
from PIL import Image

from emotion_recognition.cli.program import as_line
from emotion_recognition.images import LARGEST_COSTLY_PICTURE, LARGEST_PICTURE

MOST_MEGABYTES = 400


def read_alone(kind, path) -> dict:
    """Return what a process of its own says of one file, after a look at the memory that it took."""
    worker = [sys.executable, str(Path(__file__).with_name("fuzz_worker.py")), kind, str(path)]
    result = subprocess.run(worker, cwd=path.parent, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(result.stdout)
    assert found["megabytes"] < MOST_MEGABYTES, found
    return found


def assert_refused(kind, path, *words):
    """Check that a file is refused in one sentence that holds all words."""
    found = read_alone(kind, path)
    assert found["outcome"] == "refused", found
    for word in (path.name, *words):
        assert word in found["words"]


def write_zip(path, members):
    """Write (name, content) as an archive of zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def write_tar(path, members):
    """Write (name, content) as an archive of tar; content is bytes, or (type, name of what is linked to)."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                member.type, member.linkname = content
                archive.addfile(member)
    return path


@pytest.mark.parametrize("write, name", [(write_zip, "faces.zip"), (write_tar, "faces.tar.gz")])
def test_members_that_point_elsewhere_are_read_and_never_unpacked(
    write, name, succeed, small_csv, small_data, tmp_path
):
    outside = tmp_path / "outside"
    members = [
        (f"../../{outside.name}/a.txt", b"x"),
        (f"{outside}/b.txt", b"x"),
        ("../fer2013.csv", small_csv.read_bytes()),
    ]
    write(tmp_path / name, members)
    succeed("dataset_prepare.py", name)
    assert files_in(tmp_path / "data") == files_in(small_data)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", name]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_an_archive_are_no_tables(kind, call_script, small_csv, tmp_path):
    write_tar(tmp_path / "faces.tar.gz", [("fer2013.csv", (kind, str(small_csv)))])
    result = call_script("dataset_prepare.py", "faces.tar.gz")
    assert_one_sentence(result, "faces.tar.gz holds no fer2013.csv", "unpack it and name the CSV file")
    assert [entry.name for entry in tmp_path.iterdir()] == ["faces.tar.gz"]


@pytest.mark.parametrize("name", ["train.csv", "fer2013.csv"])
def test_a_link_beside_the_table_changes_nothing(name, succeed, small_csv, small_data, tmp_path):
    members = [("fer2013.csv", small_csv.read_bytes()), (name, (tarfile.SYMTYPE, "/etc/passwd"))]
    write_tar(tmp_path / "faces.tar.gz", members)
    succeed("dataset_prepare.py", "faces.tar.gz")
    assert files_in(tmp_path / "data") == files_in(small_data)


@pytest.mark.slow
@pytest.mark.parametrize(
    "write, name, repeated, times",
    [
        (write_zip, "rows.zip", b"0,1,Training\n", 1_000_100),
        (write_tar, "rows.tar.gz", b"0,1,Training\n", 1_000_100),
        (write_zip, "line.zip", b"0" * 1000, 1_000_100),
        (write_zip, "empty.zip", b"\n", 1_000_100),
    ],
)
def test_a_table_that_unpacks_to_far_too_much(write, name, repeated, times, tmp_path):
    path = write(tmp_path / name, [("fer2013.csv", b"emotion,pixels,Usage\n" + repeated * times)])
    assert path.stat().st_size < len(repeated) * times / 300
    assert_refused("table", path, "is far larger than FER-2013: do not trust it")


def test_an_archive_that_would_take_minutes_to_look_through(tmp_path):
    member = tarfile.TarInfo("zeros.bin")
    member.size = 10**13
    (tmp_path / "faces.tar.gz").write_bytes(gzip.compress(member.tobuf() + bytes(10**6)))
    assert_refused("table", tmp_path / "faces.tar.gz", "it would unpack to 10,000.0 GB): do not trust it")


def test_an_archive_of_very_many_files(tmp_path):
    path = write_tar(tmp_path / "faces.tar.gz", [(f"{number}", b"") for number in range(10_001)])
    assert_refused("table", path, "it holds more than 10,000 files")


@pytest.mark.parametrize("name", ["faces.csv.xz", "faces.tar.xz"])
def test_a_compression_that_wants_gigabytes(name, small_csv, tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0}]
    content = bytearray(lzma.compress(small_csv.read_bytes(), filters=filters))
    # The header of the block: its size in words of four bytes, flags, the filter, how many bytes describe it, and the
    # size of its dictionary, here 3 GB; its last four bytes are its sum.
    start, size = 12, 4 * (content[12] + 1)
    assert content[start + 2 : start + 4] == b"\x21\x01"
    content[start + 4] = 39
    struct.pack_into("<I", content, start + size - 4, zlib.crc32(content[start : start + size - 4]))
    (tmp_path / name).write_bytes(content)
    assert_refused("table", tmp_path / name, "Memory usage limit exceeded")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_headers_of_an_archive_that_would_fill_the_memory(kind, tmp_path):
    member = tarfile.TarInfo("header")
    member.type, member.size = kind, 600_000_000
    (tmp_path / "faces.tar.gz").write_bytes(gzip.compress(member.tobuf() + bytes(10**6)))
    assert_refused("table", tmp_path / "faces.tar.gz", "one of its headers has 600,000,000 bytes): do not trust it")


def write_arrays(path, arrays):
    """Write (name, shape, type, bytes that follow) as an archive of NumPy."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape, kind, content in arrays:
            file = io.BytesIO()
            np.lib.format.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
            archive.writestr(f"{name}.npy", file.getvalue() + content)
    return path


def test_a_packed_file_that_unpacks_to_far_too_much(tmp_path):
    arrays = [("train_names", (1,), "|S11", b"happy/a.png"), ("train_faces", (10**5, 48, 48), "|u1", bytes(10**8))]
    path = write_arrays(tmp_path / "faces.npz", arrays)
    assert path.stat().st_size < 10**6
    assert_refused("packed", path, "it would unpack to 100 MB")


@pytest.mark.parametrize("name, kind", [("train_names", "|S11"), ("train_names", "|S0"), ("train_faces", "|u1")])
def test_a_packed_file_whose_array_is_not_there(name, kind, tmp_path):
    arrays = {"train_names": ((1,), "|S11", b"happy/a.png"), name: ((10**12,), kind, b"")}
    path = write_arrays(tmp_path / "faces.npz", [(each, *array) for each, array in arrays.items()])
    assert_refused("packed", path, "is damaged")


def test_a_packed_file_with_objects_runs_no_code(tmp_path):
    np.savez(tmp_path / "faces.npz", train_names=np.array([{"a": 1}], dtype=object))
    assert_refused("packed", tmp_path / "faces.npz", "allow_pickle=False")


def test_words_out_of_files_are_shown_as_one_plain_line():
    assert as_line("a.h5: \x1b[2Jgone\r\nnext \u202eline\t.") == "a.h5: [2Jgone next line ."
    assert as_line("é 顔.") == "é 顔."
    long = as_line("a" * 5000 + "b" * 5000)
    assert long == "a" * 400 + " ... " + "b" * 400


def png_header(width, height) -> bytes:
    """Return a PNG file of this size whose data are missing."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000)))]
    parts = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def other_size(kind, place, form, width, height, **options) -> bytes:
    """Return a small picture of a kind, whose header says another size at a place (or behind a mark)."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, kind, **options)
    content = bytearray(file.getvalue())
    place = content.index(place) + len(place) if isinstance(place, bytes) else place
    struct.pack_into(form, content, place, width, height)
    return bytes(content)


HUGE = {
    "a.png": png_header(50_000, 50_000),
    "a.bmp": other_size("BMP", 18, "<ii", 50_000, 50_000),
    # Height before width, behind the mark of the frame, its length and its depth.
    "a.jpg": other_size("JPEG", b"\xff\xc0\x00\x11\x08", ">HH", 50_000, 50_000),
    "a.gif": other_size("GIF", 6, "<HH", 50_000, 50_000),
    "a.ppm": b"P6 50000 50000 255\n" + bytes(1000),
    # The largest that its header has room for.
    "a.webp": other_size("WEBP", b"\x9d\x01\x2a", "<HH", 16_383, 16_383),
    # Its first two entries are width and height.
    "a.tif": struct.pack("<2sHIH", b"II", 42, 8, 5)
    + b"".join(
        struct.pack("<HHII", tag, 4, 1, value)
        for tag, value in ((256, 50_000), (257, 50_000), (262, 1), (273, 100), (279, 1000))
    )
    + bytes(1100),
}


@pytest.mark.parametrize("name", HUGE)
def test_pictures_that_announce_billions_of_pixels(name, tmp_path):
    (tmp_path / name).write_bytes(HUGE[name])
    assert_refused("picture", tmp_path / name, "pixels: scale it down first")


TURNED = Image.Exif()
TURNED[0x0112] = 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, most, options",
    [
        ("a.png", LARGEST_PICTURE, {"compress_level": 1}),
        ("a.jpg", LARGEST_PICTURE, {}),
        ("turned.jpg", LARGEST_PICTURE, {"exif": TURNED}),
        ("progressive.jpg", LARGEST_COSTLY_PICTURE, {"progressive": True, "subsampling": 0}),
        ("a.webp", LARGEST_COSTLY_PICTURE, {"method": 0}),
        ("a.tif", LARGEST_COSTLY_PICTURE, {"compression": "tiff_lzw"}),
    ],
)  # fmt: skip
def test_the_largest_pictures_fit_into_the_memory(name, most, options, tmp_path):
    width = 4096
    Image.new("RGB", (width, most // width), "red").save(tmp_path / name, **options)
    assert read_alone("picture", tmp_path / name)["outcome"] == "result"
    Image.new("RGB", (width, most // width + 1), "red").save(tmp_path / name, **options)
    assert_refused("picture", tmp_path / name, "pixels: scale it down first")


@pytest.mark.slow
def test_the_largest_videos_fit_into_the_memory(tmp_path):
    for width in (8192, 8208):
        write_video(tmp_path / f"{width}.avi", [np.zeros((4320, width, 3), np.uint8)] * 2)
    assert read_alone("video", tmp_path / "8192.avi")["outcome"] == "result"
    assert_refused("video", tmp_path / "8208.avi", "has 8208 x 4320 pixels: scale it down first")
