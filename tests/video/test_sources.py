"""Where frames come from: found under names of their own, read to their end, with the times that they have."""

import errno
import math
import os
import re
import socket
from pathlib import Path

import pytest
from conftest import make_picture, make_video

from emotion_recognition.errors import UserError
from emotion_recognition.video import capture, sources
from emotion_recognition.video.capture import Video, frame_time
from emotion_recognition.video.recorder import name_targets
from emotion_recognition.video.sources import find_sources


def names(found) -> list[str]:
    """Return the names of sources, written as on Linux."""
    return [source.name.replace(os.sep, "/") for source in found]


def refuse(*arguments):
    """Stand in for a system that lets nobody look."""
    raise PermissionError(errno.EACCES, "Permission denied")


def levels(frames) -> list[int]:
    """Return the gray levels of frames, in steps of 40."""
    return [round(float(frame.picture.mean()) / 40) for frame in frames]


def test_the_camera_is_the_source_when_nothing_is_named():
    [camera] = find_sources([], camera=2)
    assert camera.address == 2 and camera.is_live and camera.is_video and camera.path is None


def test_a_source_has_the_name_that_a_person_gave_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("p01/session.MTS", "p02/session.MTS", "photos/a/b.JPG"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    found = find_sources(["p01/session.MTS", "p02/session.MTS", "photos/", "./photos", "p01/session.MTS"])
    assert names(found) == [
        "p01/session.MTS", "p02/session.MTS", "photos/a/b.JPG", "./photos/a/b.JPG", "p01/session.MTS (2)",
    ]  # fmt: skip
    assert [source.is_video for source in found] == [True, True, False, False, True]
    assert found[2].path == found[3].path.relative_to(".")


def test_a_folder_gives_no_folders_and_no_results_of_an_earlier_run(tmp_path, caplog):
    caplog.set_level("INFO")
    make_picture(tmp_path / "a.png")
    make_picture(tmp_path / "results" / "a.png")
    make_picture(tmp_path / "folder.jpg" / "b.png")
    (tmp_path / "results" / "notes.txt").write_text("mine")
    found = find_sources([str(tmp_path)], output=tmp_path / "results")
    assert [source.place.as_posix() for source in found] == ["a.png", "folder.jpg/b.png"]
    assert caplog.text == ""
    # Who names a folder inside the output wants it to be read.
    for folder in (tmp_path / "results", tmp_path / "folder.jpg"):
        assert len(find_sources([str(folder)], output=folder)) == 1
        assert len(find_sources([str(folder)], output=tmp_path)) == 1


def test_what_cannot_be_read_is_named_and_the_others_are_done(tmp_path):
    good, empty = make_picture(tmp_path / "good.png"), tmp_path / "empty"
    empty.mkdir()
    found = find_sources([str(tmp_path / name) for name in ("none.png", "none.mp4", "nothing", "empty", "good.png")])
    reasons = [r"none\.png is not there", r"none\.mp4 is not there", "nothing is not there", "empty holds no pictures"]
    for source, reason in zip(found, reasons, strict=False):
        with pytest.raises(UserError, match=reason):
            list(source)
    [frame] = found[-1]
    assert found[-1].path == good and frame.picture.shape == (48, 64, 3) and (frame.number, frame.seconds) == (0, 0.0)


def test_what_is_skipped_in_a_folder_is_named_with_the_way_out(tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO")
    make_picture(tmp_path / "a.png")
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(20))
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "strange\x1b.txt").write_text("a text")
    # What systems put beside photos: macOS on memory cards, and many a file manager.
    (tmp_path / "._a.png").write_bytes(b"\0\5\26\7")
    make_picture(tmp_path / ".thumbnails" / "a.png")
    monkeypatch.setattr("emotion_recognition.images.can_read_heic", lambda: False)
    assert names(find_sources([str(tmp_path)])) == [f"{tmp_path.as_posix()}/a.png"]
    lines = caplog.messages
    assert [line.partition(" is skipped: ")[0].rpartition(os.sep)[2] for line in lines] == [
        "photo.heic", "scan.pdf", "strange .txt",
    ]  # fmt: skip
    assert "pip install pillow-heif" in lines[0] and "save its pages as PNG" in lines[1] and "a text" in lines[2]


def test_a_single_name_and_an_empty_one_read_no_whole_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = make_picture(tmp_path / "a.png")
    assert names(find_sources(str(path))) == [path.as_posix()]
    [empty] = find_sources([""], output="out")
    with pytest.raises(UserError, match="An empty name names nothing"):
        list(empty)
    assert name_targets(tmp_path, [empty]) == {}


def test_what_may_not_be_looked_at_is_named_and_the_others_are_found(tmp_path, monkeypatch):
    for name in ("a/1.png", "b/2.png", "c/3.png"):
        make_picture(tmp_path / name)
    closed, scan = str(tmp_path / "b"), os.scandir

    def scandir(path):
        if os.fspath(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", closed)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_sources([str(tmp_path), "x" * 300 + ".png"])
    assert [source.place.as_posix()[:7] for source in found] == ["a/1.png", "c/3.png", "b", "xxxxxxx"]
    with pytest.raises(UserError, match=r"b cannot be read \(Permission denied\)"):
        list(found[2])
    with pytest.raises(OSError, match="too long"):
        list(found[3])


def test_a_video_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    [video] = find_sources([str(make_video(tmp_path / "clip.avi"))])
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match=r"clip\.avi may not be read: change its permissions"):
        list(video)


def test_of_many_skipped_files_the_rest_is_counted(tmp_path, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr(sources, "MOST_SKIPPED_NAMED", 2)
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("a text")
    find_sources([str(tmp_path)])
    assert re.findall(r"(\d\.txt|\d more files)", caplog.text) == ["0.txt", "1.txt", "3 more files"]


@pytest.mark.parametrize("part", [{"every": 1.0}, {"start": 1.0}, {"end": 1.0}])
def test_no_part_can_be_chosen_of_a_stream(part):
    [stream] = find_sources(["rtsp://192.0.2.1/stream"])
    with pytest.raises(UserError, match="has no beginning and no end"):
        stream.choose(**part)


def test_what_is_for_cameras_alone_is_refused_beside_files():
    with pytest.raises(UserError, match="--resolution is what a camera is asked for"):
        find_sources(["rtsp://192.0.2.1/stream"], resolution=(1280, 720))
    with pytest.raises(UserError, match="--camera is read where no file"):
        find_sources(["clip.mp4"], camera=0)


@pytest.mark.parametrize("rate", [10, 1000])
def test_a_video_gives_all_its_frames(tmp_path, rate):
    [video] = find_sources([str(make_video(tmp_path / "clip.avi", rate=rate))])
    frames = list(video)
    assert levels(frames) == [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.seconds for frame in frames] == pytest.approx([number / rate for number in range(5)])
    assert video.frame_rate == pytest.approx(rate) and video.seconds == pytest.approx(5 / rate)
    # Who wants a part is not told that the rest is missing.
    video.choose(end=2.5 / rate)
    assert levels(video) == [0, 1, 2]


def test_the_times_of_a_video_of_varying_rate_are_its_own(tmp_path):
    path, times = make_video(tmp_path / "clip.mkv"), [0, 100, 900, 1000, 3000]
    content, told = bytearray(path.read_bytes()), []
    # A frame of a Matroska file begins with A3, its length, the number of the track and two bytes with its time.
    for block in re.finditer(rb"\xa3[\x10-\x8f].{1,2}?\x81(..)\x80", bytes(content), re.DOTALL):
        told.append(int.from_bytes(block[1], "big"))
        content[block.start(1) : block.end(1)] = times[len(told) - 1].to_bytes(2, "big")
    assert told == [0, 100, 200, 300, 400]
    path.write_bytes(content)
    [video] = find_sources([str(path)])
    assert [frame.seconds for frame in video] == pytest.approx([0, 0.1, 0.9, 1.0, 3.0])
    # After a gap, no frames are read to make up for it.
    video.choose(every=0.3)
    assert [frame.number for frame in video] == [0, 2, 4]


def test_times_that_a_file_rounds_make_no_frame_miss_its_moment(tmp_path):
    # Matroska says 0.133 seconds of the frame that is due at 2/15.
    [video] = find_sources([str(make_video(tmp_path / "clip.mkv", rate=30))])
    video.choose(every=1 / 15)
    assert [frame.number for frame in video] == [0, 2, 4]


@pytest.mark.parametrize(
    ("told", "times"),
    [
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),
        ([math.nan, math.inf, -1, 5], [0, 0.1, 0.2, 5]),
        ([-5, 1, 0.5, 3], [0, 1, 1.1, 3]),
    ],
)
def test_times_that_do_not_grow_are_none(told, times):
    previous, taken = None, []
    for value in told:
        previous = frame_time(value, previous, frame_rate=10)
        taken.append(previous)
    assert taken == pytest.approx(times)


@pytest.mark.parametrize("content", [b"", b"no video", b"\x00\x00\x00\x18ftypmp42" + bytes(100)])
def test_a_video_without_frames_is_named(tmp_path, content):
    (tmp_path / "bad.mp4").write_bytes(content)
    [video] = find_sources([str(tmp_path / "bad.mp4")])
    with pytest.raises(UserError, match=r"bad\.mp4 holds no frames"):
        list(video)


def test_a_video_that_breaks_off_is_read_to_there_and_named(tmp_path):
    path = make_video(tmp_path / "clip.avi", levels=range(0, 200, 5))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    number, [video] = 0, find_sources([str(path)])
    with pytest.raises(UserError, match=r"clip\.avi gave \d+ of its 40 frames: it is damaged"):
        for _ in video:
            number += 1
    assert 5 < number < 30


def test_a_name_that_is_not_utf_8_is_refused_before_opencv_ends_the_process():
    name = os.fsdecode(b"a\xff.avi")
    with pytest.raises(UserError, match="rename it"):
        list(Video(name, name, is_live=False))


def test_what_lies_at_an_address_and_has_an_end_is_no_camera(tmp_path):
    video = Video(make_video(tmp_path / "clip.avi").as_uri(), "clip", is_live=True)
    assert levels(video) == [0, 1, 2, 3, 4]
    assert not video.is_live


def test_a_stream_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(capture, "STREAM_PATIENCE_MILLISECONDS", 500)
    with socket.create_server(("127.0.0.1", 0)) as server:
        [stream] = find_sources([f"http://127.0.0.1:{server.getsockname()[1]}/stream"])
        with pytest.raises(UserError, match="does not answer"):
            list(stream)
