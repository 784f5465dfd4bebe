"""test.py and emotions.py --mode display, run as people run them: pictures, videos, bad input, and the window."""

import csv
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import h5py
import matplotlib
import numpy as np
import pytest
from conftest import REPOSITORY, assert_one_sentence, command, sentences
from PIL import Image, ImageGrab

from emotion_recognition.faces import FaceDetector
from emotion_recognition.labels import COLOURS
from emotion_recognition.pictures import read_face
from emotion_recognition.recognition import Reading, Recogniser

PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
LINE = re.compile(r"(\S+): face at \((\d+), (\d+)\), (\d+)x(\d+): (.*)")
NO_DISPLAY = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


def parse_faces(text) -> list[tuple]:
    """Return (name, box, {emotion: per cent}) for each line of a face."""
    faces = []
    for name, x, y, width, height, rest in LINE.findall(text):
        probabilities = {emotion: float(value) for emotion, value in re.findall(r"(\w+) ([\d.]+)%", rest)}
        faces.append((name, tuple(map(int, (x, y, width, height))), probabilities))
    return faces


class Capturing:
    """A classifier that keeps what it is given."""

    emotions = ("happy", "sad")

    def probabilities(self, faces):
        self.faces = faces
        return np.tile(np.float32([0.75, 0.25]), (len(faces), 1))


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def test_a_prepared_picture_reaches_the_network_bit_for_bit(detector, small_data):
    classifier = Capturing()
    path = next((small_data / "train" / "happy").iterdir())
    Recogniser(detector, classifier, "always").read(cv2.imread(str(path)))
    [face] = classifier.faces
    assert face.dtype == np.uint8 and (face == read_face(path)).all()
    assert (face == cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).all()


def test_when_the_whole_picture_is_one_face(detector):
    nothing, portrait = np.full((60, 80, 3), 200, np.uint8), cv2.imread(str(PORTRAIT))
    whole = [(0, 0, 80, 60)]
    assert Recogniser(detector, Capturing(), "never").read(nothing).boxes == []
    assert Recogniser(detector, Capturing(), "auto").read(nothing).boxes == whole
    assert Recogniser(detector, Capturing(), "always").read(nothing).boxes == whole
    assert len(Recogniser(detector, Capturing(), "auto").read(portrait).boxes) == 1
    assert Recogniser(detector, Capturing(), "auto").read(portrait).boxes[0][2] < portrait.shape[1]


def test_boxes_in_the_mirrored_view():
    reading = Reading([(10, 20, 30, 40)], np.ones((1, 2)), [0])
    assert reading.mirrored(100).boxes == [(60, 20, 30, 40)]
    assert reading.mirrored(100).mirrored(100).boxes == reading.boxes


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
    result = subprocess.run(
        command("test.py", "photos", PORTRAIT, "--output", "results", "--model", REPOSITORY / "model.h5"),
        cwd=folder, capture_output=True, text=True, env=NO_DISPLAY, timeout=300, check=False,
    )  # fmt: skip
    return folder, result


def test_every_kind_of_picture_gives_the_same_face(many_sources):
    _, result = many_sources
    faces = {name: (box, probabilities) for name, box, probabilities in parse_faces(result.stdout)}
    pictures = ["a_portrait.jpg", "b_phone.jpg", "c_transparent.png", "d_16_bit.png", "e_gray.png", "grace_hopper.jpg"]
    assert sorted(faces) == pictures
    box, probabilities = faces["grace_hopper.jpg"]
    assert len(probabilities) == 7 and sum(probabilities.values()) == pytest.approx(100, abs=0.5)
    for other_box, others in faces.values():
        assert np.allclose(other_box, box, atol=12)
        assert max(abs(others[emotion] - probabilities[emotion]) for emotion in others) < 25
    assert faces["c_transparent.png"] == faces["grace_hopper.jpg"]


def test_bad_pictures_are_named_and_the_others_are_read(many_sources):
    _, result = many_sources
    lines = sentences(result)
    assert result.returncode == 2 and len(lines) == 2
    assert "g_cut_off.jpg is damaged or cut off" in lines[0] and "h_text.png is no picture" in lines[1]
    assert "f_empty.png: no face found; --whole auto" in result.stdout
    assert "No display that works" in result.stdout


def test_annotated_pictures_are_written(many_sources):
    folder, result = many_sources
    written = sorted(path.name for path in (folder / "results").iterdir())
    assert len(written) == 7 and "g_cut_off.jpg" not in written
    original, drawn = cv2.imread(str(PORTRAIT)), cv2.imread(str(folder / "results" / "c_transparent.png"))
    assert drawn.shape == original.shape
    [(box, probabilities)] = [
        (box, probabilities) for name, box, probabilities in parse_faces(result.stdout) if name == "c_transparent.png"
    ]
    x, y, width, _ = box
    assert tuple(drawn[y, x + width // 2]) == COLOURS[max(probabilities, key=probabilities.get)]


def test_a_video_is_annotated_frame_by_frame(run_script, shared, tmp_path):
    clip = shared / "media" / "clip.mp4"
    result = run_script("test.py", clip, "--output", "out.mp4", "--no-window")
    assert result.returncode == 0, result.stderr
    assert re.search(r"clip\.mp4: \d+ faces in 115 frames: ", result.stdout)
    original, written = cv2.VideoCapture(str(clip)), cv2.VideoCapture(str(tmp_path / "out.mp4"))
    for what in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
        assert written.get(what) == original.get(what)
    assert written.get(cv2.CAP_PROP_FPS) == pytest.approx(original.get(cv2.CAP_PROP_FPS), rel=0.01)


def test_ctrl_c_keeps_the_video_so_far(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "long.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 25, (320, 240))
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    for _ in range(1500):
        writer.write(noise)
    writer.release()
    partial = tmp_path / "out.partial.avi"
    process = subprocess.Popen(
        command("test.py", "long.avi", "--output", "out.avi", "--no-window"),
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: partial.is_file() and partial.stat().st_size > 100_000, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    assert not partial.exists()
    assert 1 < cv2.VideoCapture(str(tmp_path / "out.avi")).get(cv2.CAP_PROP_FRAME_COUNT) < 1500


def test_what_a_video_holds_is_kept(run_script, shared, tmp_path):
    clip = shared / "media" / "clip.mp4"
    files = ["--csv", "rows.csv", "--jsonl", "rows.jsonl", "--timeline", "time.png"]
    result = run_script("test.py", clip, "--no-window", *files)
    assert result.returncode == 0, result.stderr
    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [{name: str(value) for name, value in line.items()} for line in lines] == rows
    assert len(rows) == int(re.search(r"(\d+) faces in 115 frames", result.stdout)[1]) > 100
    # One person, who is one face from the first frame to the last.
    assert {row["face"] for row in rows} == {"1"} and {row["source"] for row in rows} == {"clip.mp4"}
    for line in lines:
        assert line["seconds"] == pytest.approx(line["frame"] / 24.7017, abs=0.002)
        assert sum(line[emotion] for emotion in COLOURS if emotion in line) == pytest.approx(1, abs=0.001)
        assert line["x"] >= 0 and line["x"] + line["width"] <= 596 and line["y"] + line["height"] <= 336
    with Image.open(tmp_path / "time.png") as picture:
        assert picture.width == 1200
    again = run_script("test.py", clip, "--no-window", "--csv", "rows.csv")
    assert_one_sentence(again, "rows.csv exists already", "--csv", "--force")
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == len(rows) + 1


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
    assert_one_sentence(result, address, "stopped giving pictures after", "is it still connected")
    assert CutStream.connections > 2
    # Both connections gave pictures, and the annotated video plays as long as the stream was there.
    frames = int(re.search(r"in (\d+) frames", result.stdout)[1])
    assert CutStream.frames < frames <= 2 * CutStream.frames
    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["face"] for row in rows} == {"1"} and len(rows) == frames
    video = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    length = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    assert length == pytest.approx(float(rows[-1]["seconds"]) - float(rows[0]["seconds"]), abs=0.5)
    assert (tmp_path / "time.png").is_file()


def make_model(path, change):
    """Copy the committed model and let `change` damage the copy."""
    shutil.copy(REPOSITORY / "model.h5", path)
    change(path)
    return path


def forget_one_emotion(path):
    with h5py.File(path, "r+") as file:
        file.attrs["emotions"] = '["happy", "sad"]'


def cut_off(path):
    path.write_bytes(path.read_bytes()[:200_000])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Path.unlink, "is not there"),
        (lambda path: path.write_text("no model"), "is no HDF5 file"),
        (cut_off, "is damaged"),
        (forget_one_emotion, "[(None, 2)]"),
    ],
    ids=["missing", "text", "cut off", "other outputs"],
)
def test_bad_models(run_script, tmp_path, change, words):
    model = make_model(tmp_path / "bad.h5", change)
    assert_one_sentence(run_script("test.py", PORTRAIT, "--model", model, "--no-window"), "bad.h5", words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.jpg"], ["nothing.jpg", "is not there"]),
        (["."], ["holds no pictures"]),
        ([str(PORTRAIT), "--cascade", "nothing.xml"], ["nothing.xml", "is not there"]),
        ([str(PORTRAIT), "--output", "out.mp4"], ["out.mp4", "does not fit"]),
        ([str(PORTRAIT), "--timeline", "out.png"], ["--timeline", "name a single one"]),
        ([str(PORTRAIT), "--csv", "rows", "--jsonl", "rows"], ["--csv", "--jsonl", "one file twice"]),
        (["--timeline", "out.jpg"], ["out.jpg", ".png"]),
        (["--csv", "/proc/none/out.csv"], ["/proc/none", "--csv"]),
        ([str(PORTRAIT), "--resolution", "640x480"], ["--resolution", "camera"]),
        ([str(PORTRAIT), "--output", "/proc/none/out.png"], ["/proc/none"]),
        ([str(PORTRAIT), "--output", "out.png", "--model", "nothing.h5"], ["nothing.h5", "is not there"]),
    ],
)
def test_bad_arguments(run_script, arguments, words):
    assert_one_sentence(run_script("test.py", *arguments, "--no-window"), *words)


def test_no_camera(run_script):
    assert_one_sentence(run_script("test.py", "--camera", "77", "--no-window"), "Camera 77", "gives no pictures")


def test_a_dead_display_is_noticed_before_opencv_ends_the_process(run_script, tmp_path):
    result = run_script("test.py", PORTRAIT, "--output", "out.png", env={**NO_DISPLAY, "DISPLAY": ":12345"})
    assert result.returncode == 0, result.stderr
    assert "No display that works" in result.stdout and len(parse_faces(result.stdout)) == 1
    assert (tmp_path / "out.png").is_file()


def test_emotions_says_which_model_it_shows(run_script, tmp_path):
    result = run_script("emotions.py", "--mode", "display", PORTRAIT, "--no-window")
    assert f"Model: {REPOSITORY / 'model.h5'}" in result.stdout and len(parse_faces(result.stdout)) == 1
    shutil.copy(REPOSITORY / "model.h5", tmp_path / "four_layer_cnn.h5")
    result = run_script("emotions.py", "--mode", "display", PORTRAIT, "--no-window")
    assert "Model: four_layer_cnn.h5" in result.stdout and len(parse_faces(result.stdout)) == 1


@pytest.mark.parametrize("script", ["test.py", "emotions.py", "dataset_prepare.py", "classification_little_vgg.py"])
def test_help_is_quick_and_needs_no_keras(run_script, script, tmp_path):
    # A package that stands in the way of Keras and OpenCV shows that they are not imported.
    for name in ("keras", "cv2", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)")
    result = run_script(script, "--help", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert result.returncode == 0 and "usage:" in result.stdout


def test_a_missing_package_is_named(run_script, tmp_path):
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    result = run_script("test.py", PORTRAIT, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert_one_sentence(result, "libGL.so.1", "apt-get install libgl1")
    (tmp_path / "cv2.py").write_text("raise ModuleNotFoundError(\"No module named 'cv2'\")")
    result = run_script("test.py", PORTRAIT, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert_one_sentence(result, "No module named 'cv2'", "pip install -r requirements.txt")


def wait_until(condition, process=None, seconds=120):
    """Wait until a condition holds; fail when the time is over or the process has ended."""
    for _ in range(10 * seconds):
        if condition():
            return
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError("waited in vain")


@pytest.fixture(scope="module")
def display():
    """The name of a virtual display of 1000x800 pixels."""
    if not all(map(shutil.which, ("Xvfb", "xdotool", "openbox"))):
        pytest.skip("a window is tested where Xvfb, xdotool and openbox are installed (Debian: xvfb, xdotool, openbox)")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1000x800x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as answer:
        number = answer.readline().strip()
    # The window manager gives windows the keys, and closes them as a person does.
    manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": f":{number}"}, stderr=subprocess.DEVNULL)
    yield f":{number}"
    for process in (manager, server):
        process.terminate()
        process.wait()


class Screen:
    """A script with a window on the virtual display, keys sent to it and pictures taken of it."""

    def __init__(self, display, folder, script, *arguments):
        self.environment = {**os.environ, "DISPLAY": display}
        self.display = display
        self.process = subprocess.Popen(
            command(script, *arguments),
            cwd=folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_until(lambda: self.find_window() and np.any(self.shot()), self.process)
        self.call("windowfocus", "--sync", self.find_window())

    def call(self, *arguments) -> str:
        """Run xdotool."""
        return subprocess.run(
            ["xdotool", *arguments], env=self.environment, capture_output=True, text=True, check=False
        ).stdout.strip()

    def find_window(self) -> str:
        """Return the number of the window, or nothing."""
        return self.call("search", "--name", "^Emotions")

    def shot(self) -> np.ndarray:
        """Return what the screen shows, uint8 (800, 1000, 3), blue-green-red."""
        return np.asarray(ImageGrab.grab(xdisplay=self.display))[..., ::-1].copy()

    def shows(self, colour) -> np.ndarray:
        """Return the columns of the screen in which at least 40 pixels have a colour."""
        return np.flatnonzero((np.abs(self.shot().astype(int) - colour).max(axis=2) < 3).sum(axis=0) > 40)

    def end(self):
        """Wait for the script to end; return its status and what it printed."""
        output, errors = self.process.communicate(timeout=60)
        assert "Traceback" not in errors
        return self.process.returncode, output


@pytest.fixture
def picture(tmp_path):
    """The portrait with its face at the left of a wide picture."""
    portrait = cv2.imread(str(PORTRAIT))[:400]
    wide = np.full((400, 900, 3), 255, np.uint8)
    wide[:, : portrait.shape[1]] = portrait
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    return tmp_path / "wide.png"


def test_keys_in_the_window(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "test.py", picture)
    process = screen.process
    colours = list(COLOURS.values())

    def face_columns():
        return next((columns for columns in map(screen.shows, colours) if len(columns)), np.array([0]))

    wait_until(lambda: 0 < face_columns().mean() < 450, process)
    screen.call("key", "m")
    wait_until(lambda: face_columns().mean() > 450, process)
    screen.call("key", "s")
    wait_until(lambda: list(tmp_path.glob("snapshot_*.png")), process)
    screen.call("key", "q")
    status, output = screen.end()
    [snapshot] = tmp_path.glob("snapshot_*.png")
    assert status == 0 and f"Wrote {snapshot.name}" in output
    # A snapshot is not mirrored: the face is on the left, the white on the right.
    saved = cv2.imread(str(snapshot))
    assert saved.shape == (400, 900, 3) and (saved[:, 850:] == 255).all() and not (saved[:, :100] == 255).all()


def test_key_h_shows_and_hides_what_decides(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "test.py", picture)
    before = screen.shot()
    screen.call("key", "h")
    wait_until(lambda: (screen.shot() != before).sum() > 1000, screen.process)
    screen.call("key", "h")
    wait_until(lambda: np.array_equal(screen.shot(), before), screen.process)
    screen.call("key", "q")
    assert screen.end()[0] == 0


def test_escape_and_closing_end_too(display, tmp_path, picture):
    screen = Screen(display, tmp_path, "emotions.py", "--mode", "display", picture, picture)
    screen.call("key", "Escape")
    assert screen.end()[0] == 0
    screen = Screen(display, tmp_path, "test.py", picture)
    screen.call("key", "alt+F4")
    assert screen.end()[0] == 0


def test_a_video_plays_at_its_rate_and_is_written_unmirrored(display, tmp_path):
    portrait = cv2.resize(cv2.imread(str(PORTRAIT))[:400], (320, 250))
    wide = np.full((250, 640, 3), 255, np.uint8)
    wide[:, :320] = portrait
    writer = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 250))
    for _ in range(60):
        writer.write(wide)
    writer.release()
    screen = Screen(display, tmp_path, "test.py", "in.avi", "--output", "out.avi")
    started = time.monotonic()
    screen.call("key", "m")
    status, output = screen.end()
    assert status == 0 and "in 60 frames" in output
    assert time.monotonic() - started > 2, "60 frames of a tenth of a second each are not shown at once"
    capture = cv2.VideoCapture(str(tmp_path / "out.avi"))
    frames = [capture.read()[1] for _ in range(60)]
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 60
    assert frames[-1][:, 600:].mean() > 240 > frames[-1][:, :300].mean()


def test_space_pauses_a_video(display, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (400, 300))
    for number in range(40):
        writer.write(np.full((300, 400, 3), 100 + 3 * number, np.uint8))
    writer.release()
    screen = Screen(display, tmp_path, "test.py", "in.avi", "--fullscreen")
    screen.call("key", "space")
    time.sleep(0.5)
    middle = screen.shot()[400, 500]
    time.sleep(1.0)
    # It fills the screen, and stands still for longer than ten frames are shown.
    assert (screen.shot()[400, 500] == middle).all() and screen.shot()[400, 20].min() > 90
    screen.call("key", "space")
    status, output = screen.end()
    assert status == 0 and "in 40 frames" in output


def test_cameras_are_listed(run_script):
    result = run_script("test.py", "--list-cameras")
    assert result.returncode == 0 and sentences(result) == []
    assert re.search(r"^(--camera 0: \d+x\d+|No camera gives pictures)", result.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="make is no tool of Windows")
def test_make_help_names_the_targets():
    text = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target}" in text for target in ("demo", "test", "lint", "help"))
