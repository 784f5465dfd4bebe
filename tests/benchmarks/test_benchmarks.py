"""The benchmarks at tiny sizes: that both sides of each comparison are measured, not how fast they are."""

import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from conftest import NETWORKS, PORTRAIT, assert_one_sentence, make_video

from benchmarks import live, start, study_videos, tracks
from benchmarks.common import portraits, still_frames
from emotion_recognition.errors import UserError
from emotion_recognition.faces.haar import HaarDetector
from emotion_recognition.images import to_gray
from emotion_recognition.models import model_file


def figures(pattern, text) -> float:
    """Return the one number that `pattern` finds in what a script printed."""
    (found,) = re.findall(pattern, text)
    return float(found)


def test_preparing_beside_writing_alone(succeed, small_csv, tmp_path):
    result = succeed("benchmarks/prepare.py", small_csv, "--rows", "100", "--repeat", "2")
    assert figures(r"Preparing 100 pictures: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Writing them alone with cv2.imwrite: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Ratio: (\d+\.\d+)", result.stdout) > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("prepare.py", ["nothing.csv"], ["nothing.csv is not there"]),
        ("live.py", ["nothing.mp4"], ["nothing.mp4"]),
        ("tracks.py", ["nothing.jpg", "nothing.jpg"], ["nothing.jpg"]),
        ("archive.py", ["nothing.mp4"], ["nothing.mp4 is not there"]),
        ("train.py", [], ["data is no folder", "dataset_prepare.py"]),
        ("study_videos.py", ["study", "--media", "nothing"], ["nothing holds no .jpg and no .mp4", "--media"]),
    ],
)
def test_what_is_not_there(name, arguments, words, call_script):
    assert_one_sentence(call_script(f"benchmarks/{name}", *arguments), *words)


def test_a_picture_for_the_start_is_looked_for_where_it_was_named(monkeypatch, tmp_path, capsys):
    commands = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["start.py", "photo.jpg", "--repeat", "1"])
    monkeypatch.setattr(start, "start", lambda command: commands.append(command) or (1.0, 100.0))
    start.main()
    assert [tmp_path / "photo.jpg" in command for command in commands] == [True] * 4
    assert "LiteRT alone starts 1.0 times as fast" in capsys.readouterr().out


@pytest.mark.slow
def test_the_loop_beside_the_classic_one(succeed, shared, tmp_path):
    media = shared / "media"
    result = succeed("benchmarks/live.py", media / "clip.mp4", media / "one_face.jpg", "--frames", "12")
    measured = re.findall(r"(\w+\.\w+): 12 frames, (?:0\.9|1\.0) faces in each", result.stdout)
    assert measured == ["clip.mp4", "one_face.jpg"]
    for name in ("classic loop", "whole loop of test.py", "detection alone, scale 1.3", "detection alone, scale 1.1",
                 "classification alone", "drawing alone"):  # fmt: skip
        rows = re.findall(name + r" +(\d+\.\d+) +(\d+\.\d+) +(\d+\.\d+)\n", result.stdout)
        assert len(rows) == 2 and all(float(rate) > 0 and 0 < float(half) <= float(most) for rate, half, most in rows)
    assert len(re.findall(r"loses a face that full-frame detection finds: 0\.\d\d s", result.stdout)) == 2
    assert len(re.findall(r"names change \d+ times without smoothing, \d+ times with it", result.stdout)) == 2


def test_how_long_faces_stay_lost():
    losses = live.Losses()
    here, there = (10, 10, 50, 50), (200, 10, 50, 50)
    for number, found in enumerate(([here, there], [here], [here], [(12, 10, 50, 50), there], [there])):
        losses.add(number / 10, [here, there], found)
    assert losses.longest == pytest.approx(0.2)


def test_switches_and_fragments_of_tracks():
    # Track 1 is of person 0, then of person 1, who has had track 2 before: one switch, nothing else.
    assert tracks.count([(1, 0), (2, 1), (1, 0), (1, 1)], stays=2) == (1, 0)
    assert tracks.count([(1, 0), (2, 1), (3, 1), (4, 0)], stays=2) == (0, 2)
    assert tracks.count([(1, 0), (2, 1), (3, 1)], stays=3) == (0, 0)
    # Track 1 comes back from person 1, who then gets a third number.
    assert tracks.count([(1, 0), (2, 1), (1, 1), (1, 0), (3, 1)], stays=2) == (2, 1)


def test_a_clip_that_is_no_video_ends_in_a_sentence(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(UserError, match=r"broken\.mp4 cannot be read as a video"):
        study_videos.write_study(tmp_path / "study", tmp_path, videos=1, frames=2)


def test_a_drawn_scene_knows_who_is_hidden():
    scene = tracks.Scene(
        "cover", (tracks.STANDS, [(0, 600, 270), (1, 640, 270)]), covers=[(0, 0.5, (540, 200, 160, 180))]
    )
    head = np.full((200, 200, 3), 255, np.uint8), np.ones((200, 200, 1), np.float32)
    frames = list(tracks.draw_scene(scene, [head, head], 10))
    assert [truth for _, _, truth in frames[4:6]] == [
        [(145, 215, 110, 110), None],
        [(145, 215, 110, 110), (565, 215, 110, 110)],
    ]
    assert [int(frame[270, 620, 0]) for frame, _, _ in frames[4:6]] == [70, 255]


def test_a_single_frame_is_measured_too(capsys):
    names = ("whole loop of test.py", "classic loop", "full-frame detection alone, scale 1.1")
    seconds = dict(zip(names, ([0.5], [1.0], [2.0]), strict=True))
    live.report("one", seconds, [1], live.Losses(), SimpleNamespace(changes={0.0: 0, 0.3: 0}))
    shown = capsys.readouterr().out
    assert figures(r"whole loop of test.py +(\d+\.\d+) ", shown) == 2
    assert "2.0 times as fast as the classic one" in shown and "4.0 times as fast as full-frame" in shown


def test_portraits_hold_as_many_faces_as_they_say():
    for number in (1, 13, 29):
        assert len(HaarDetector().detect(to_gray(portraits(number)))) == number
    [(first, at), *_, (last, end)] = still_frames(portraits(1))
    assert np.array_equal(first, last) and at == 0 < end


@pytest.mark.slow
def test_tables_of_many_videos(succeed, tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    # As wide as a video, so that the whole face is in it.
    wide = cv2.copyMakeBorder(cv2.imread(str(PORTRAIT)), 100, 100, 270, 270, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(media / "portrait.jpg"), wide)
    result = succeed("benchmarks/tables.py", "--media", media, "--videos", "3", "--seconds", "0.2")
    assert result.stdout.startswith("At commit ")
    assert len(re.findall(r"^\| `--jobs [12]` \| \d+\.\d s \| \d+\.\d\d \|$", result.stdout, re.MULTILINE)) == 2
    assert figures(r"`--continue`: all is read already \| (\d+\.\d) s \| \|\n", result.stdout) > 0
    assert "The tables and the report are the same with each `--jobs`." in result.stdout
    assert "3 videos (3 read), 15 frames, 15 rows, 3 tracks.\n`rows.csv` 0.00 MB; `summary.csv`" in result.stdout


@pytest.mark.slow
def test_what_an_archive_costs(succeed, tmp_path):
    for package in ("ray", "pyarrow"):
        pytest.importorskip(package, reason=f"{package} is not installed (pip install ray pyarrow)")
    clip = make_video(tmp_path / "clip.avi")
    result = succeed("benchmarks/archive.py", clip, "--copies", "3", "--sources", "4", "--jobs", "1", "2")
    speeds = re.findall(
        r"^\| Haar.* \| each .* \| (\d+\.\d) \| [\d,]+ cores \| [\d,]+ cores \|$", result.stdout, re.MULTILINE
    )
    assert len(speeds) == 6 and all(float(speed) > 0 for speed in speeds)
    assert len(re.findall(r"^\| [12] \| \d+\.\d s \| \d+\.\d s \| \d+\.\d\d \|$", result.stdout, re.MULTILINE)) == 2
    assert figures(r"2 workers beside 1: after the start (\d+\.\d\d) times", result.stdout) > 0
    assert figures(r"4 sources of 2 frames.*\nthe model says \d+ s, the run took (\d+) s", result.stdout) > 0


@pytest.mark.slow
def test_training_beside_ready_made_batches(succeed, small_data, tmp_path):
    result = succeed("benchmarks/train.py", "--data", small_data, "--batches", "3", "--batch-size", "8")
    assert figures(r"Reading 84 training pictures: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Training on 3 varied batches of 8: (\d+\.\d+) s", result.stdout) > 0
    assert figures(r"Training on the same batches, ready-made: (\d+\.\d+) s", result.stdout) > 0
    assert len(re.findall(r"The input pipeline costs -?\d+\.\d+%", result.stdout)) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_maps_beside_patch_by_patch(succeed, tmp_path):
    model_file.save(tmp_path / "small.h5", NETWORKS["deep_emotion"](2), ("happy", "sad"), {})
    result = succeed("benchmarks/explain.py", "--model", "small.h5", "--repeat", "1")
    at_once = figures(r"169 patches at once: (\d+\.\d+) s", result.stdout)
    one_by_one = figures(r"patch by patch: (\d+\.\d+) s", result.stdout)
    ratio = figures(r"At once it is (\d+\.\d+) times as fast", result.stdout)
    assert ratio == pytest.approx(one_by_one / at_once, rel=0.1)
    assert 0 < figures(r"--heat: (\d+\.\d+) frames/s shown", result.stdout) <= 25.5
    assert figures(r"and (\d+\.\d+) maps/s", result.stdout) > 0


@pytest.mark.slow
def test_both_detectors_side_by_side(succeed, small_data, shared, yunet_file):
    flags = ("--data", small_data, "--yunet", yunet_file, "--faces", "2")
    result = succeed("benchmarks/faces.py", *flags, shared / "media/one_face.jpg")
    turns = re.findall(r"^(haar|yunet) +(0|15|30) +\d +\d +\d+\.\d$", result.stdout, re.MULTILINE)
    assert turns == [(name, turn) for turn in ("0", "15", "30") for name in ("haar", "yunet")]
    assert len(re.findall(r"^(?:haar|yunet) +1 +1 +0 +0 +\d+\.\d$", result.stdout, re.MULTILINE)) == 2


@pytest.mark.slow
def test_views_of_faces_side_by_side(succeed, small_data):
    result = succeed("benchmarks/views.py", PORTRAIT, "--data", small_data, "--faces", "5")
    assert re.findall(r"^(\d) views: moves", result.stdout, re.MULTILINE) == ["1", "2", "4", "8"]
    rows = re.findall(r"^ +(\d) +\d+\.\d%.* (\d\.\d\d) +\d+\.\d\d$", result.stdout, re.MULTILINE)
    assert [views for views, _ in rows] == ["1", "2", "4", "8"] and rows[0][1] == "1.00"
    assert "CLEAR_LEAD in recogniser.py is" in result.stdout
