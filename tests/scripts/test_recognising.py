"""test.py and emotions.py --mode display, run as people run them without a window: pictures, videos, streams."""

import http.server
import json
import re
import shutil
import signal
import subprocess
import threading
import time

import cv2
import numpy as np
import pytest
from conftest import (
    NO_DISPLAY,
    PORTRAIT,
    REPOSITORY,
    assert_one_sentence,
    command,
    make_video,
    noise,
    parse_faces,
    read_csv,
    sentences,
    wait_until,
    write_video,
)
from PIL import Image

from emotion_recognition.faces.haar import HaarDetector
from emotion_recognition.images import to_gray
from emotion_recognition.labels import COLOURS
from emotion_recognition.video.blur import NOTE


@pytest.fixture(scope="module")
def many_sources(tmp_path_factory):
    """One run of test.py over pictures of every kind, in a folder of its own."""
    folder = tmp_path_factory.mktemp("sources")
    photos = folder / "photos"
    photos.mkdir()
    portrait = Image.open(PORTRAIT)
    portrait.save(photos / "a_portrait.jpg", quality=95)
    turned = portrait.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # Shown upright only after a turn to the right.
    turned.save(photos / "b_phone.jpg", quality=95, exif=exif)
    transparent = portrait.convert("RGBA")
    transparent.putalpha(255)
    transparent.save(photos / "c_transparent.png")
    gray = np.asarray(portrait.convert("L")).astype(np.uint16) * 257
    Image.fromarray(gray).save(photos / "d_16_bit.png")
    portrait.convert("L").save(photos / "e_gray.png")
    Image.new("RGB", (300, 200), "white").save(photos / "f_empty.png")
    (photos / "g_cut_off.jpg").write_bytes(PORTRAIT.read_bytes()[:20000])
    (photos / "h_text.png").write_text("no picture")
    turned.save(photos / "i_on_its_side.png")
    result = subprocess.run(
        command("test.py", "photos", "nothing.jpg", PORTRAIT, "--output", "results", "--csv", "rows.csv"),
        cwd=folder, capture_output=True, text=True, env=NO_DISPLAY, timeout=300, check=False,
    )  # fmt: skip
    return folder, result


def test_every_kind_of_picture_gives_the_same_face(many_sources):
    folder, result = many_sources
    faces = {name: (box, probabilities) for name, box, probabilities in parse_faces(result.stdout)}
    pictures = ["a_portrait.jpg", "b_phone.jpg", "c_transparent.png", "d_16_bit.png", "e_gray.png"]
    assert sorted(faces) == sorted([str(PORTRAIT), *(f"photos/{name}" for name in pictures)])
    box, probabilities = faces[str(PORTRAIT)]
    # Seven whole percents, each up to a half away.
    assert len(probabilities) == 7 and sum(probabilities.values()) == pytest.approx(100, abs=3.5)
    for other_box, others in faces.values():
        assert np.allclose(other_box, box, atol=12)
        assert max(abs(others[emotion] - probabilities[emotion]) for emotion in others) < 25
    assert faces["photos/c_transparent.png"] == faces[str(PORTRAIT)]
    # The rows call their sources as the text does.
    assert [row["source"] for row in read_csv(folder / "rows.csv")] == list(faces)


def test_what_cannot_be_read_is_named_and_the_others_are_read(many_sources):
    _, result = many_sources
    lines = sentences(result)
    assert result.returncode == 1 and len(lines) == 3
    assert "photos/g_cut_off.jpg is damaged or cut off" in lines[0] and "photos/h_text.png is no picture" in lines[1]
    assert "nothing.jpg is not there" in lines[2]


def test_hints_fit(many_sources):
    _, result = many_sources
    assert "photos/f_empty.png: no face found; --whole auto" in result.stdout
    assert "photos/i_on_its_side.png: no face found; turned by 90 degrees to the right" in result.stdout
    assert result.stdout.count("--whole auto") == 1


def test_annotated_pictures_are_written(many_sources):
    folder, result = many_sources
    written = sorted(path.name for path in (folder / "results").iterdir())
    assert len(written) == 8 and "g_cut_off.jpg" not in written
    original, drawn = cv2.imread(str(PORTRAIT)), cv2.imread(str(folder / "results" / "c_transparent.png"))
    assert drawn.shape == original.shape
    [(box, probabilities)] = [
        (box, probabilities)
        for name, box, probabilities in parse_faces(result.stdout)
        if name == "photos/c_transparent.png"
    ]
    x, y, width, _ = box
    assert tuple(drawn[y, x + width // 2]) == COLOURS[max(probabilities, key=probabilities.get)]


def test_faces_are_blurred_in_what_is_written(call_script, succeed, tmp_path):
    kept = ("--output", "out.png", "--csv", "rows.csv")
    plain = call_script("test.py", PORTRAIT, *kept)
    rows = (tmp_path / "rows.csv").read_text()
    blurred = succeed("test.py", PORTRAIT, *kept, "--blur", "--heat", "--force")
    assert NOTE in blurred.stdout and NOTE not in plain.stdout
    # What is read is the same; box and name stay, the face does not.
    assert (tmp_path / "rows.csv").read_text() == rows
    drawn = cv2.imread(str(tmp_path / "out.png"))
    assert HaarDetector().detect(to_gray(drawn)) == []
    assert any((drawn[105, 266] == colour).all() for colour in COLOURS.values())


@pytest.mark.parametrize(("flag", "first"), [("--csv", "source,frame,seconds,face"), ("--jsonl", '{"source": "')])
def test_rows_on_standard_output_stand_alone(call_script, flag, first):
    result = call_script("test.py", PORTRAIT, flag, "-")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(first) and lines[-1].count(str(PORTRAIT)) == 1 and len(lines) == 1 + (flag == "--csv")
    assert len(parse_faces(result.stderr)) == 1


@pytest.mark.slow
def test_ctrl_c_keeps_the_video_so_far(tmp_path):
    write_video(tmp_path / "long.avi", list(noise(1)) * 1500)
    process = subprocess.Popen(
        command("test.py", "long.avi", "--output", "out.avi", "--no-window"),
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: sum(path.stat().st_size for path in tmp_path.glob("out.*.partial.avi")) > 100_000, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert not list(tmp_path.glob("*.partial*"))
    assert 1 < cv2.VideoCapture(str(tmp_path / "out.avi")).get(cv2.CAP_PROP_FRAME_COUNT) < 1500


def test_what_a_video_holds_is_kept(succeed, shared, tmp_path):
    clip = shared / "media" / "clip.mp4"
    files = ["--csv", "rows.csv", "--jsonl", "rows.jsonl", "--timeline", "time.png", "--output", "out.mp4"]
    result = succeed("test.py", clip, *files)
    original, written = cv2.VideoCapture(str(clip)), cv2.VideoCapture(str(tmp_path / "out.mp4"))
    for what in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
        assert written.get(what) == original.get(what)
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(original.get(cv2.CAP_PROP_FPS), rel=0.01)
    rows = read_csv(tmp_path / "rows.csv")
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    as_text = [{name: "" if value is None else str(value) for name, value in line.items()} for line in lines]
    assert as_text == rows
    assert len(rows) == int(re.search(r"one face, seen in (\d+) of 115 frames", result.stdout)[1]) > 100
    # One person, who is one face from the first frame to the last.
    assert {row["face"] for row in rows} == {"1"} and {row["source"] for row in rows} == {str(clip)}
    for line in lines:
        # The times that the clip itself tells, though its rate is given as 24.7.
        assert line["seconds"] == pytest.approx(line["frame"] / 25, abs=0.002)
        assert sum(line[emotion] for emotion in COLOURS if emotion in line) == pytest.approx(1, abs=0.001)
        assert line["x"] >= 0 and line["x"] + line["width"] <= 596 and line["y"] + line["height"] <= 336
    with Image.open(tmp_path / "time.png") as picture:
        assert picture.width == 1200


class CutStream(http.server.BaseHTTPRequestHandler):
    """Serves the portrait as motion JPEG, ten frames a second; the second connection is the last, and is refused."""

    frames, connections = 20, 0

    def do_GET(self):
        CutStream.connections += 1
        if CutStream.connections > 2:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        jpeg = cv2.imencode(".jpg", cv2.resize(cv2.imread(str(PORTRAIT)), None, fx=0.5, fy=0.5))[1].tobytes()
        for _ in range(self.frames):
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            self.wfile.write(jpeg + b"\r\n")
            time.sleep(0.1)

    def log_message(self, *arguments):
        """Keep quiet."""


@pytest.mark.slow
def test_a_stream_that_is_cut_is_opened_again_and_ends_in_order(run_script, tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CutStream) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/stream.mjpg"
        files = ["--csv", "rows.csv", "--output", "out.mp4", "--timeline", "time.png"]
        result = run_script("test.py", address, "--no-window", *files)
        server.shutdown()
    assert_one_sentence(result, address, "stopped giving pictures after", "is it still connected", status=1)
    assert CutStream.connections > 2
    # Both connections gave pictures, and the annotated video plays as long as the stream was there.
    frames = int(re.search(r"of (\d+) frames", result.stdout)[1])
    assert CutStream.frames < frames <= 2 * CutStream.frames
    rows = read_csv(tmp_path / "rows.csv")
    assert {row["face"] for row in rows} == {"1"} and len(rows) == frames
    video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    length = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    assert length == pytest.approx(float(rows[-1]["seconds"]) - float(rows[0]["seconds"]), abs=0.5)
    assert (tmp_path / "time.png").is_file()


def test_the_loop_of_emotions_py(call_script, tmp_path):
    result = call_script("emotions.py", "--mode", "display", PORTRAIT)
    model, face = result.stdout.splitlines()
    assert model == f"Model: {REPOSITORY / 'model.h5'}"
    # The same line as that of test.py.
    [(name, box, probabilities)] = parse_faces(face)
    assert (name, box) == (str(PORTRAIT), (155, 105, 222, 222)) and max(
        probabilities, key=probabilities.get
    ) == "neutral"
    shutil.copy(REPOSITORY / "model.h5", tmp_path / "four_layer_cnn.h5")
    assert "Model: four_layer_cnn.h5" in call_script("emotions.py", "--mode", "display", PORTRAIT).stdout
    # Of a video that no window shows, a line a second tells.
    make_video(tmp_path / "clip.avi", levels=range(0, 240, 8))
    assert call_script("emotions.py", "--mode", "display", "clip.avi").stdout.count("clip.avi: ") == 2


def test_heat_in_a_written_picture(succeed, tmp_path):
    for name, flags in (("plain.png", []), ("heat.png", ["--heat"])):
        succeed("test.py", PORTRAIT, "--output", name, *flags)
    plain, heat = (cv2.imread(str(tmp_path / name)).astype(int) for name in ("plain.png", "heat.png"))
    changed = np.abs(plain - heat).max(axis=2) > 0
    # The face's box is (155, 105, 222, 222).
    assert changed[105:327, 155:377].mean() > 0.2
    changed[105:327, 155:377] = False
    # In the corner is the key of the colours.
    changed[560:, 410:] = False
    assert not changed.any()
