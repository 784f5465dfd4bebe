"""Where frames come from and where they go: found, released, complete, never over something that was there."""

import socket
import subprocess
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import files_in

from emotion_recognition.errors import UserError
from emotion_recognition.files import write_picture
from emotion_recognition.video import camera as live
from emotion_recognition.video import sources
from emotion_recognition.video.recorder import WRITTEN_VIDEO_SUFFIXES, Recorder, VideoFile, name_targets, open_recorder
from emotion_recognition.video.sources import Picture, Video, find_sources
from emotion_recognition.video.table import check_records


def make_picture(path, value=100, size=(64, 48)):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), value, np.uint8))
    return path


def make_video(path, frames=5, size=(64, 48), rate=10.0):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, size)
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), 40 * number % 256, np.uint8))
    writer.release()
    return path


class FakeCapture:
    """A camera with the interface of cv2.VideoCapture that gives so many frames, one in five milliseconds."""

    opened = released = 0

    def __init__(self, *arguments):
        FakeCapture.opened += 1
        # It can be opened once.
        self.left = 3 if FakeCapture.opened == 1 else 0

    def isOpened(self):
        return True

    def get(self, what):
        return 0.0

    def read(self):
        time.sleep(0.005)
        self.left -= 1
        return (True, np.zeros((48, 64, 3), np.uint8)) if self.left >= 0 else (False, None)

    def release(self):
        FakeCapture.released += 1


@pytest.fixture
def camera(monkeypatch):
    """A camera that is unplugged after three frames."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "opened", 0)
    monkeypatch.setattr(FakeCapture, "released", 0)
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.2)
    return Video(0, "Camera 0", is_live=True)


def test_the_camera_is_the_source_when_nothing_is_named():
    [camera] = find_sources([], camera=2)
    assert camera.address == 2 and camera.is_live and camera.is_video


def test_a_folder_gives_its_pictures_and_videos_with_names_inside_it(tmp_path):
    make_picture(tmp_path / "b.png")
    make_picture(tmp_path / "a" / "b.JPG")
    make_video(tmp_path / "c.avi")
    (tmp_path / "notes.txt").write_text("none")
    found = find_sources([str(tmp_path)], 0)
    assert [source.name.replace("\\", "/") for source in found] == ["a/b.JPG", "b.png", "c.avi"]
    assert [source.is_video for source in found] == [False, False, True]


def test_a_folder_gives_no_folders_and_no_results_of_an_earlier_run(tmp_path):
    make_picture(tmp_path / "a.png")
    make_picture(tmp_path / "results" / "a.png")
    make_picture(tmp_path / "folder.jpg" / "b.png")
    found = find_sources([str(tmp_path)], 0, output=tmp_path / "results")
    assert [source.name.replace("\\", "/") for source in found] == ["a.png", "folder.jpg/b.png"]
    # Who names a folder inside the output wants it to be read.
    for folder in (tmp_path / "results", tmp_path / "folder.jpg"):
        assert len(find_sources([str(folder)], 0, output=folder)) == 1
        assert len(find_sources([str(folder)], 0, output=tmp_path)) == 1


@pytest.mark.parametrize("suffix", [".3gp", ".flv", ".MTS", ".m2ts"])
def test_videos_of_other_cameras_are_videos(tmp_path, suffix):
    (tmp_path / f"clip{suffix}").write_bytes(b"")
    [source] = find_sources([str(tmp_path / f"clip{suffix}")], 0)
    assert source.is_video


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.png is not there"):
        find_sources([str(tmp_path / "nothing.png")], 0)
    with pytest.raises(UserError, match="holds no pictures or videos"):
        find_sources([str(tmp_path)], 0)


def test_a_video_gives_all_its_frames(tmp_path):
    video = Video(str(make_video(tmp_path / "clip.avi", frames=5)), "clip.avi", is_live=False)
    means = [round(float(frame.mean()) / 40) for frame in video.frames()]
    assert means == [0, 1, 2, 3, 4]
    assert video.frame_rate == pytest.approx(10)


@pytest.mark.parametrize("content", [b"", b"no video", b"\x00\x00\x00\x18ftypmp42" + bytes(100)])
def test_a_video_without_frames_is_named(tmp_path, content):
    (tmp_path / "bad.mp4").write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.mp4 holds no frames"):
        list(Video(str(tmp_path / "bad.mp4"), "bad.mp4", is_live=False).frames())


def test_a_video_that_breaks_off_is_read_to_there_and_named(tmp_path):
    path = make_video(tmp_path / "clip.avi", frames=40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    number = 0
    with pytest.raises(UserError, match=r"clip\.avi gave \d+ of its 40 frames: it is damaged"):
        for _ in Video(str(path), "clip.avi", is_live=False).frames():
            number += 1
    assert 5 < number < 30


def test_a_camera_that_is_not_there_is_named():
    with pytest.raises(UserError, match="Camera 77 gives no pictures"):
        list(Video(77, "Camera 77", is_live=True).frames())


def test_a_camera_that_is_unplugged_is_opened_again_released_and_named(camera):
    frames, number = camera.frames(), 0
    with pytest.raises(UserError) as raised:
        for frame in frames:
            number += frame is not None
    # Live frames are skipped where the machine is busy: at least the last is seen.
    assert 1 <= number <= 3
    assert f"Camera 0 stopped giving pictures after {number} frames" in str(raised.value)
    assert FakeCapture.opened == FakeCapture.released > 2


@pytest.mark.parametrize(("told", "taken"), [(0, 25), (30, 30), (-1, 25), (float("nan"), 25), (90_000, 25), (0.2, 25)])
def test_frame_rates_that_are_nonsense(monkeypatch, camera, told, taken):
    monkeypatch.setattr(FakeCapture, "get", lambda self, what: told)
    with closing(camera.frames()) as frames:
        next(frames)
    assert camera.frame_rate == taken


def test_a_source_that_is_left_early_is_released(camera):
    frames = camera.frames()
    next(frames)
    frames.close()
    assert FakeCapture.opened == FakeCapture.released == 1
    assert "live source" not in [thread.name for thread in threading.enumerate()]


def test_what_lies_at_an_address_and_has_an_end_is_no_camera(tmp_path):
    path = make_video(tmp_path / "clip.avi", frames=5)
    video = Video(path.as_uri(), "clip", is_live=True)
    assert [round(float(frame.mean()) / 40) for frame in video.frames()] == [0, 1, 2, 3, 4]
    assert not video.is_live


def test_a_resolution_is_asked_of_cameras_alone(monkeypatch, camera):
    asked = []
    monkeypatch.setattr(FakeCapture, "set", lambda self, *what: asked.append(what), raising=False)
    [source] = find_sources([], 0, resolution=(1280, 720))
    with closing(source.frames()) as frames:
        next(frames)
    assert asked == [(cv2.CAP_PROP_FRAME_WIDTH, 1280), (cv2.CAP_PROP_FRAME_HEIGHT, 720)]
    with pytest.raises(UserError, match="--resolution is what a camera is asked for"):
        find_sources(["rtsp://192.0.2.1/stream"], 0, resolution=(1280, 720))


def test_cameras_are_listed_and_released(monkeypatch, camera):
    monkeypatch.setattr(FakeCapture, "get", lambda self, what: 30.0)
    assert sources.list_cameras() == [(0, 64, 48, 30.0)]
    assert FakeCapture.opened == FakeCapture.released == 10


def test_a_stream_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(sources, "STREAM_PATIENCE_MILLISECONDS", 500)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/stream"
        [stream] = find_sources([address], 0)
        with pytest.raises(UserError, match="does not answer"):
            list(stream.frames())


def test_the_output_must_fit_the_source(tmp_path):
    picture, video = Picture(tmp_path / "a.png", "a.png"), Video("a.mp4", "a.mp4", is_live=False)
    with pytest.raises(UserError, match="name a folder"):
        open_recorder(tmp_path / "out.png", [picture, picture])
    with pytest.raises(UserError, match=r"ends in \.png"):
        open_recorder(tmp_path / "out.mp4", [picture])
    with pytest.raises(UserError, match=r"ends in \.mp4"):
        open_recorder(tmp_path / "out.png", [video])
    # Videos of these kinds are read, but cannot be written.
    for suffix in (".webm", ".wmv", ".mpg", ".mts"):
        with pytest.raises(UserError, match=r"ends in \.mp4"):
            open_recorder(tmp_path / f"out{suffix}", [video])
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        open_recorder(tmp_path / "file", [picture])


def test_nothing_is_overwritten_by_surprise(tmp_path):
    picture = Picture(make_picture(tmp_path / "a.png"), "a.png")
    old = make_picture(tmp_path / "old" / "out.png", 7)
    with pytest.raises(UserError, match="--force"):
        open_recorder(old, [picture])
    with pytest.raises(UserError, match="--force"):
        open_recorder(tmp_path / "old", [picture])
    assert (cv2.imread(str(old)) == 7).all()
    open_recorder(old, [picture], force=True).write(picture, np.full((5, 5, 3), 9, np.uint8))
    assert (cv2.imread(str(old)) == 9).all()


def test_nothing_is_written_over_what_is_read(tmp_path):
    picture = Picture(make_picture(tmp_path / "a.png"), "a.png")
    video = Video(str(make_video(tmp_path / "b.partial.avi")), "b.partial.avi", is_live=False)
    before = files_in(tmp_path)
    # Of the last one, the frames would be gathered in the file that is read.
    for output, source in (("a.png", picture), (".", picture), ("b.partial.avi", video), ("b.avi", video)):
        with pytest.raises(UserError, match="over a source: name another --output"):
            open_recorder(tmp_path / output, [source], force=True)
    for flag in ("csv", "jsonl", "timeline"):
        arguments = {"csv": None, "jsonl": None, "timeline": None, "output": None, "force": True}
        with pytest.raises(UserError, match=f"over a source: name another --{flag}"):
            check_records(SimpleNamespace(**arguments | {flag: tmp_path / "x" / ".." / "a.png"}), [picture])
    assert files_in(tmp_path) == before


def test_a_name_with_a_number_may_be_taken_too(tmp_path):
    found = [Picture(tmp_path / name, name.rpartition("/")[2]) for name in ("x/a.jpg", "a_2.jpg", "y/A.jpg")]
    assert [path.name for path in name_targets(tmp_path, found).values()] == ["a.jpg", "a_2.jpg", "A_3.jpg"]


def test_pictures_that_a_kind_of_file_cannot_hold(tmp_path):
    for name, size in (("gray.pgm", (64, 48)), ("wide.webp", (17_000, 10))):
        with pytest.raises(UserError, match=rf"{name}: .*{size[0]} x {size[1]} pixels.*\.png"):
            write_picture(tmp_path / name, np.zeros((*size[::-1], 3), np.uint8))
    assert list(tmp_path.iterdir()) == []
    # In a folder, they get a kind that can.
    [target] = name_targets(tmp_path, [Picture(tmp_path / "gray.pgm", "gray.pgm")]).values()
    assert target.name == "gray.png"


def test_names_in_the_output_folder_do_not_collide(tmp_path):
    found = [Picture(tmp_path / "x" / "a.png", "a.png"), Picture(tmp_path / "y" / "a.png", "a.png")]
    found += [Video("a.mov", "a.mov", is_live=False), Picture(tmp_path / "b.gif", "b.gif")]
    names = [path.name for path in name_targets(tmp_path, found).values()]
    assert names == ["a.png", "a_1.png", "a.mp4", "b.png"]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_appears_when_it_is_complete(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    video = VideoFile(path, 64, 48, 12.5)
    for number in range(6):
        video.write(np.full((48, 64, 3), 40 * number, np.uint8))
    # A camera may change its size.
    video.write(np.full((96, 128, 3), 240, np.uint8))
    assert not path.exists()
    video.close()
    frames = list(Video(str(path), path.name, is_live=False).frames())
    assert [round(float(frame.mean()) / 40) for frame in frames] == [0, 1, 2, 3, 4, 5, 6]
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(12.5, abs=0.1)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", WRITTEN_VIDEO_SUFFIXES)
@pytest.mark.parametrize("rate", [23.976, 59.94, 71.4286, 119.8765])
def test_every_frame_rate_can_be_written(tmp_path, suffix, rate):
    video = VideoFile(tmp_path / f"out{suffix}", 64, 48, rate)
    for _ in range(3):
        video.write(np.zeros((48, 64, 3), np.uint8))
    video.close()
    written = cv2.VideoCapture(str(tmp_path / f"out{suffix}"))
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(rate, abs=0.005 if rate > 65 else 0.001)


def test_a_video_in_an_unknown_form_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"\.mp4 or \.avi"):
        VideoFile(tmp_path / "out.xyz", 64, 48, 25)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("times", "rate", "values"),
    [
        # Ten frames a second, whatever a camera says of itself.
        ([0.1 * number for number in range(13)], 10, list(range(13))),
        # After a second of ten, one that comes late is seen for longer, and one that comes early may be left out.
        ([0.1 * number for number in range(11)] + [1.3, 1.31], 10, [*range(11), 11, 11, 11]),
        ([5.0], 25, [0]),
        # A pause in the first second is no slow camera.
        ([0.0, 1.2, 1.3, 1.4, 1.5], 10, [0, *[1] * 12, 2, 3, 4]),
        # Nor is one fast that gives its frames in bursts; one that is slow stays so.
        ([0.0, 0.01, 0.02, 0.4, 0.41, 0.42, 0.8, 0.81, 0.82, 1.2], 7.5, [0, 3, 3, 3, 6, 6, 6, 9, 9, 9]),
        ([0.0, 1.0, 2.0, 3.0, 4.0], 1, list(range(5))),
    ],
)
def test_the_video_of_a_camera_plays_in_real_time(tmp_path, times, rate, values):
    camera = Video(0, "Camera 0", is_live=True)
    recorder = Recorder({camera: tmp_path / "out.avi"})
    for number, seconds in enumerate(times):
        recorder.write(camera, np.full((48, 64, 3), 15 * number, np.uint8), seconds)
    recorder.close()
    written = Video(str(tmp_path / "out.avi"), "out", is_live=False)
    assert [round(float(frame.mean()) / 15) for frame in written.frames()] == values
    assert written.frame_rate == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_on_a_full_disk_is_no_success(tmp_path, suffix):
    generator = np.random.default_rng(0)
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk], check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        video = VideoFile(disk / f"out{suffix}", 160, 120, 25)
        for _ in range(60):
            video.write(generator.integers(0, 255, (120, 160, 3), np.uint8))
        with pytest.raises(UserError, match=f"out{suffix} could not be written to its end: is the disk full"):
            video.close()
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)
