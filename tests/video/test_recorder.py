"""Annotated frames in files: complete, at their rate, under names that do not collide."""

from pathlib import Path

import cv2
import pytest
from conftest import noise, plain

from emotion_recognition.errors import UserError
from emotion_recognition.video.capture import Video
from emotion_recognition.video.recorder import WRITTEN_VIDEO_SUFFIXES, Recorder, VideoFile, name_targets
from emotion_recognition.video.sources import Picture, Unreadable


def levels(path, step) -> list[int]:
    """Return the gray levels of a video's frames, in steps."""
    video = Video(str(path), path.name, is_live=False)
    return [round(float(frame.picture.mean()) / step) for frame in video]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_appears_when_it_is_complete(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    video = VideoFile(path, 64, 48, 12.5)
    for number in range(6):
        video.write(plain(40 * number))
    # A camera may change its size.
    video.write(plain(240, (128, 96)))
    assert not path.exists()
    video.close()
    assert levels(path, 40) == [0, 1, 2, 3, 4, 5, 6]
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(12.5, abs=0.1)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", WRITTEN_VIDEO_SUFFIXES)
@pytest.mark.parametrize("rate", [0.0001, 0.01, 0.2, 23.976, 59.94, 71.4286, 119.8765, 1000, 20_000])
def test_every_frame_rate_can_be_written_if_files_can_hold_it(tmp_path, suffix, rate):
    video = VideoFile(tmp_path / f"out{suffix}", 64, 48, rate)
    for _ in range(3):
        video.write(plain(0))
    video.close()
    written = cv2.VideoCapture(str(tmp_path / f"out{suffix}"))
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(
        min(max(rate, 0.002), 1000), abs=0.005 if rate > 65 else 0.001
    )


@pytest.mark.parametrize(("name", "width"), [("out.xyz", 64), ("out.mp4", 8192)])
def test_a_video_that_cannot_be_written_is_refused(tmp_path, name, width):
    with pytest.raises(UserError, match=rf"{name} .*{width} x 48 pixels: .*ends in \.avi,"):
        VideoFile(tmp_path / name, width, 48, 25)
    assert list(tmp_path.iterdir()) == []
    video = VideoFile(tmp_path / "out.avi", width, 48, 25)
    video.write(plain(0, (width, 48)))
    video.close()


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
        # An hour of pause is not written.
        ([0.1 * number for number in range(12)] + [3600.0, 3600.1], 10, list(range(14))),
    ],
)
def test_the_video_of_a_camera_plays_in_real_time(tmp_path, times, rate, values):
    camera, path = Video(0, "Camera 0", is_live=True), tmp_path / "out.avi"
    recorder = Recorder({camera: path})
    for number, seconds in enumerate(times):
        recorder.write(camera, plain(15 * number), seconds)
    recorder.close()
    assert levels(path, 15) == values
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(rate, abs=0.01)


def test_of_a_video_that_is_seen_twice_the_longer_one_stays(tmp_path):
    video, path = Video("in.avi", "in.avi", is_live=False), tmp_path / "out.avi"
    recorder = Recorder({video: path})
    for frames, longest in ((3, 3), (1, 3), (5, 5)):
        for number in range(frames):
            recorder.write(video, plain(40 * number))
        recorder.close()
        assert levels(path, 40) == list(range(longest))
    assert recorder.written == {path: 5} and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
@pytest.mark.parametrize("small_disk", ["full"], indirect=True)
def test_a_video_on_a_full_disk_is_no_success(small_disk, suffix):
    disk, _ = small_disk
    video = VideoFile(disk / f"out{suffix}", 320, 240, 25)
    for frame in noise(60):
        video.write(frame)
    with pytest.raises(OSError, match=f"could not be written to its end.*the disk is full.*out{suffix}"):
        video.close()
    assert list(disk.iterdir()) == []


def picture(place):
    """Return the source of a picture that has this place in an output folder."""
    return Picture(Path("in") / place, place, Path(place))


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (
            [picture("a.png"), picture("a.png"), Video("a.mov", "x/a.mov", is_live=False), picture("b/b.gif")],
            ["a.png", "a_1.png", "a.mp4", "b/b.png"],
        ),
        ([picture("gray.pgm"), Video("rtsp://x/y", "rtsp://x/y", is_live=True)], ["gray.png", "live_1.mp4"]),
        # A name with a number may be taken too.
        ([picture("A.jpg"), picture("a_2.jpg"), picture("a.jpg")], ["A.jpg", "a_2.jpg", "a_3.jpg"]),
        # Files of one name keep their own folders.
        (
            [Picture(Path(name), name) for name in ("p01/a.png", "/data/p02/A.png", "../p03/a.png", "p04/b.png")],
            ["p01/a.png", "data/p02/A.png", "p03/a.png", "b.png"],
        ),
        # An empty folder that is named by its place alone.
        ([Unreadable(".", "empty"), Unreadable("./", "empty"), picture("a.png")], ["a.png"]),
    ],
)
def test_names_in_the_output_folder_do_not_collide(sources, names, tmp_path):
    assert [path.relative_to(tmp_path).as_posix() for path in name_targets(tmp_path, sources).values()] == names
