"""The page in web/ as a visitor sees it: cameras, files, tables, keys, offline, and the same answers as in Python."""

import base64
import gzip
import json
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, REPOSITORY, read_csv, wait_until

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Detection, clip_box, crop_face, enlarge, overlap
from emotion_recognition.faces.haar import HaarDetector
from emotion_recognition.faces.tracking import RESERVES, Tracker
from emotion_recognition.images import FACE_SIZE, read_picture, to_gray
from emotion_recognition.labels import AGAINST, COLOURS, EMOTIONS, FOR
from emotion_recognition.recogniser import EmotionRecogniser, Face
from emotion_recognition.studies.table import COLUMNS
from emotion_recognition.video.blur import BLOCKS, MARGIN, VideoBlur, blur_faces

pytestmark = pytest.mark.slow
pytest_plugins = ["real_browser"]

CARD = "#faces li"
SEVEN = [emotion for emotion in EMOTIONS if emotion != "contempt"]
BARS = {emotion: f"{CARD} dd:nth-of-type({2 * place + 1}) div" for place, emotion in enumerate(SEVEN)}
DROP = """([name, type, content]) => {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, {type}));
    const event = new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true});
    document.querySelector("#stage").dispatchEvent(event);
}"""


def drop(page, path, kind=""):
    """Drop a file on the page."""
    page.evaluate(DROP, [path.name, kind, base64.b64encode(path.read_bytes()).decode()])


def wait_for_status(page, text):
    """Wait until the line below the picture holds a text."""
    page.locator("#status", has_text=text).wait_for()


def downloaded(page, press) -> Path:
    """Return the file that the browser saves after something was pressed."""
    with page.expect_download() as download:
        press()
    return Path(download.value.path())


def boxes_of(rows) -> list[tuple]:
    return [tuple(int(row[side]) for side in ("x", "y", "width", "height")) for row in rows]


def read_dropped(page, path) -> list[dict]:
    """Return the rows of the page's table for a picture."""
    drop(page, path)
    wait_for_status(page, path.name)
    return read_csv(downloaded(page, lambda: page.click("#table")))


@pytest.fixture(scope="module")
def recogniser():
    return EmotionRecogniser(REPOSITORY / "model.tflite")


@pytest.fixture
def portrait(tmp_path) -> Path:
    """A portrait without the losses of JPEG, which two programs may decode differently."""
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), read_picture(PORTRAIT))
    return path


def test_a_camera_is_read_and_kept_in_a_table(open_page):
    page = open_page()
    page.click("#start")
    page.wait_for_selector(CARD)
    page.click("#table")
    # A person sees themselves as in a mirror.
    assert page.get_attribute("#table", "aria-pressed") == page.get_attribute("#mirror", "aria-pressed") == "true"
    page.wait_for_timeout(5000)
    path = downloaded(page, lambda: page.click("#table"))
    rows = read_csv(path)
    assert path.read_text().partition("\n")[0] == ",".join([*COLUMNS, *SEVEN])
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds) and 2 < seconds[-1] - seconds[0] < 60
    assert all(sum(float(row[emotion]) for emotion in SEVEN) == pytest.approx(1, abs=1e-3) for row in rows)
    wait_for_status(page, "frames a second")
    assert page.errors == []


def test_a_refused_camera_is_told_with_the_way_out(open_page):
    page = open_page(camera=False)
    page.click("#start")
    page.wait_for_selector("#problem:not([hidden])")
    assert page.inner_text("#problem") == (
        "The camera was not allowed: allow it beside the address of this page, or choose a file."
    )


def test_an_unplugged_camera_is_told_and_another_start_works(open_page):
    page = open_page()
    page.click("#start")
    page.wait_for_selector(CARD)
    page.evaluate("document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait_for_selector("#problem:not([hidden])")
    assert "The camera has gone" in page.inner_text("#problem")
    assert page.is_disabled("#snapshot")
    page.click("#camera")
    page.wait_for_selector("#snapshot:enabled")
    assert page.is_hidden("#problem")


def test_another_camera_can_be_chosen(page_with_two_cameras):
    page = page_with_two_cameras
    page.click("#start")
    page.wait_for_selector("#cameras-label:not([hidden])")
    first, second = page.locator("#cameras option").all_inner_texts()
    wait_for_status(page, first)
    page.select_option("#cameras", label=second)
    wait_for_status(page, second)
    assert page.locator("#cameras option:checked").inner_text() == second
    assert page.locator("video").count() == 1


def test_a_camera_in_use_elsewhere_is_told_and_nothing_is_left_to_pause(open_page):
    page = open_page()
    page.click("#start")
    page.wait_for_selector("#pause:enabled")
    page.evaluate(
        "void (navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotReadableError'); })"
    )
    page.click("#camera")
    page.wait_for_selector("#problem:not([hidden])")
    assert "close what else uses it" in page.inner_text("#problem")
    assert page.is_disabled("#pause")


def test_what_was_chosen_last_is_shown_and_nothing_is_told(open_page, portrait, tmp_path):
    large = tmp_path / "large.png"
    cv2.imwrite(str(large), np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), np.uint8))
    page = open_page()
    page.evaluate("for (const again of [1, 2]) document.querySelector('#camera').click()")
    page.wait_for_selector(CARD)
    assert page.is_hidden("#problem")
    contents = [base64.b64encode(path.read_bytes()).decode() for path in (large, portrait)]
    page.evaluate(
        f"(both) => both.forEach((content, place) => ({DROP})([['large.png', 'portrait.png'][place], '', content]))",
        contents,
    )
    wait_for_status(page, "portrait.png")
    page.wait_for_timeout(3000)
    assert page.inner_text("#status").startswith("portrait.png")
    assert page.is_hidden("#problem")


# Notes, at the moment when the canvas appears, whether something can be saved.
NOTE = """() => new MutationObserver(() => {
    window.couldSave = ["#table", "#snapshot"].some((name) => !document.querySelector(name).disabled);
}).observe(document.querySelector("#canvas"), { attributeFilter: ["hidden"] })"""


def test_there_is_nothing_to_save_until_a_picture_was_read(open_page, portrait):
    page = open_page()
    page.evaluate(NOTE)
    drop(page, portrait)
    page.wait_for_selector("#table:enabled")
    assert page.evaluate("window.couldSave") is False


def test_pause_stops_a_camera_and_goes_on(open_page):
    page = open_page()
    page.click("#start")
    page.wait_for_selector(CARD)
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press(" ")
    page.wait_for_selector("#pause[aria-pressed=true]")
    page.wait_for_timeout(1000)
    still = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.wait_for_timeout(700)
    assert page.evaluate("document.querySelector('canvas').toDataURL()") == still
    page.keyboard.press(" ")
    page.wait_for_selector("#pause[aria-pressed=false]")
    wait_until(lambda: page.evaluate("document.querySelector('canvas').toDataURL()") != still)


def test_a_picture_without_losses_gives_pythons_boxes_and_probabilities(open_page, recogniser, portrait):
    # The face touches the edges, and the name is one that tables put in quotes.
    path = portrait.with_name('my, "best".png')
    cv2.imwrite(str(path), cv2.imread(str(portrait))[100:335, 150:385])
    [row] = read_dropped(open_page(), path)
    [face] = recogniser.read(path)
    assert boxes_of([row]) == [face.box]
    assert (row["source"], row["face"], row["emotion"]) == (path.name, "1", face.emotion)
    assert (row["score"], row["unclear"]) == ("", face.unclear or "")
    for emotion, probability in face.probabilities.items():
        assert float(row[emotion]) == pytest.approx(probability, abs=1e-3)


@pytest.mark.parametrize("name", ["group_photo.jpg", "one_face.jpg", "solvay_conference_1927.jpg", "no_face.jpg"])
def test_a_photo_gives_pythons_boxes_and_probabilities(name, open_page, recogniser, shared):
    path = shared / "media" / name
    rows = read_dropped(open_page(), path)
    faces = recogniser.read(path)
    assert len(rows) == len(faces)
    for box, row, face in zip(boxes_of(rows), rows, faces, strict=True):
        assert overlap(box, face.box) >= 0.9
        for emotion, probability in face.probabilities.items():
            assert float(row[emotion]) == pytest.approx(probability, abs=1e-2)


def test_what_is_unclear_is_said_so_in_words_list_and_table(open_page, build, page_folder, portrait, tmp_path):
    # Where a lead of 1 is wanted, every face is unclear.
    folder = shutil.copytree(page_folder, tmp_path / "unclear")
    (folder / "rules.json").write_text(json.dumps({**build.page_rules(), "clearLead": 1}))
    with build.serve(folder) as address:
        page = open_page(to=address)
        [row] = read_dropped(page, portrait)
        second = max(
            (emotion for emotion in SEVEN if emotion != row["emotion"]), key=lambda emotion: float(row[emotion])
        )
        assert row["unclear"] == second
        words = f"1 unclear: {row['emotion']} or {second}"
        assert page.inner_text(f"{CARD} strong") == page.inner_text("#told") == words
        told = f"portrait.png: {words}"
        assert page.inner_text("#status") == page.get_attribute("canvas", "aria-label") == told


def test_blurred_faces_are_those_of_python_in_snapshots_too(open_page, recogniser, portrait):
    page = open_page()
    page.keyboard.press("b")
    page.wait_for_selector("#blurred:not([hidden])")
    assert page.get_attribute("#blur", "aria-pressed") == "true"
    assert "numbers remain personal data" in page.inner_text("#blurred")
    drop(page, portrait)
    page.wait_for_selector(CARD)
    picture = read_picture(portrait)
    [face] = recogniser.read(picture)
    x, y, width, height = face.box
    wanted = blur_faces(picture, [face.box])
    snapshot = cv2.imread(str(downloaded(page, lambda: page.click("#snapshot"))))
    # Within the box nothing is written; blocks of both may differ by the pixels at their edges.
    inside = np.s_[y + 10 : y + height - 10, x + 10 : x + width - 10]
    assert np.abs(snapshot[inside].astype(int) - wanted[inside]).mean() < 3
    assert len(np.unique(snapshot[inside].reshape(-1, 3), axis=0)) <= BLOCKS**2
    below = np.s_[y + height + 100 :, :]
    assert (snapshot[below] == picture[below]).all()
    page.keyboard.press("m")
    snapshot = cv2.flip(cv2.imread(str(downloaded(page, lambda: page.click("#snapshot")))), 1)
    assert np.abs(snapshot[inside].astype(int) - wanted[inside]).mean() < 3
    # The box is mirrored too.
    assert np.abs(snapshot[y + height // 2, x + width].astype(int) - COLOURS[face.emotion]).max() < 3
    page.keyboard.press("m")
    page.keyboard.press("b")
    page.wait_for_selector("#blurred", state="hidden")
    snapshot = cv2.imread(str(downloaded(page, lambda: page.click("#snapshot"))))
    assert (snapshot[inside] == picture[inside]).all()


def test_a_lost_face_stays_blurred_for_two_seconds_as_in_python(open_page, build):
    frames = [([[1, [20, 40, 60, 60]], [2, [200, 40, 60, 60]]], 5.0), ([[1, [20, 120, 60, 60]]], 6.9), ([], 8.95)]
    made = open_page().evaluate(
        """async ([rules, frames]) => {
            const {Blur} = await import("./blur.js");
            const blur = new Blur(rules), bitmap = {width: 300, height: 200};
            return frames.map(([faces, seconds]) =>
                blur.boxes({bitmap, faces: faces.map(([number, box]) => ({number, box})), seconds}));
        }""",
        [build.page_rules()["blur"], frames],
    )
    video = VideoBlur()
    for boxes, (faces, seconds) in zip(made, frames, strict=True):
        seen = [Face(tuple(box), {"happy": 1.0}, "happy", track=number) for number, box in faces]
        wanted = [clip_box(enlarge(box, MARGIN), 300, 200) for box in video.boxes(seen, seconds)]
        assert sorted(map(tuple, boxes)) == sorted(wanted)
    assert [len(boxes) for boxes in made] == [2, 2, 0]


def test_of_a_lost_face_outside_a_picture_that_was_turned_nothing_is_blurred(open_page, build):
    made = open_page().evaluate(
        """async (rules) => {
            const {Blur} = await import("./blur.js");
            const blur = new Blur(rules), face = {number: 1, box: [520, 100, 100, 100]};
            blur.boxes({bitmap: {width: 640, height: 480}, faces: [face], seconds: 1});
            return blur.boxes({bitmap: {width: 480, height: 640}, faces: [], seconds: 1.5});
        }""",
        build.page_rules()["blur"],
    )
    assert made == []


def test_a_transparent_picture_lies_on_white(open_page, recogniser, portrait):
    picture = cv2.cvtColor(cv2.imread(str(portrait)), cv2.COLOR_BGR2BGRA)
    picture[:, :, 3] = np.where(np.indices(picture.shape[:2]).sum(axis=0) % 2, 255, 0)
    cv2.imwrite(str(portrait), picture)
    page, [face] = open_page(), recogniser.read(portrait)
    assert boxes_of(read_dropped(page, portrait)) == [face.box]
    # Mirrored, nothing of what was drawn before shines through. Below the face's box nothing else is drawn.
    page.keyboard.press("m")
    snapshot = cv2.imread(str(downloaded(page, lambda: page.click("#snapshot"))))
    below = face.box[1] + face.box[3] + 20
    assert (snapshot[below:] == cv2.flip(read_picture(portrait), 1)[below:]).all()


def test_a_dropped_video_is_followed_and_its_table_ends_with_it(open_page, shared, portrait):
    page = open_page()
    drop(page, shared / "media" / "clip.mp4", "video/mp4")
    page.wait_for_selector(CARD)
    wait_for_status(page, "clip.mp4: 1 ")
    page.click("#table")
    page.wait_for_selector("#pause[aria-pressed=true]")
    rows = read_csv(downloaded(page, lambda: drop(page, portrait)))
    assert {row["source"] for row in rows} == {"clip.mp4"}
    assert {row["face"] for row in rows} <= {"1", "2"}


def test_a_video_of_a_single_frame_is_read(open_page, portrait, tmp_path):
    video, picture = tmp_path / "short.webm", read_picture(portrait)
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*"VP80"), 25, picture.shape[1::-1])
    writer.write(picture)
    writer.release()
    page = open_page()
    drop(page, video, "video/webm")
    page.wait_for_selector(CARD)
    wait_for_status(page, "short.webm: 1 ")


def test_a_text_file_is_told_and_what_was_shown_stays(open_page, portrait, tmp_path):
    page = open_page()
    drop(page, portrait)
    page.wait_for_selector(CARD)
    (tmp_path / "notes.txt").write_text("no picture")
    drop(page, tmp_path / "notes.txt", "text/plain")
    page.wait_for_selector("#problem:not([hidden])")
    assert page.inner_text("#problem").startswith("notes.txt is no picture or video that this browser reads: choose")
    assert page.locator(CARD).count() == 1
    drop(page, portrait)
    page.wait_for_selector("#problem", state="hidden")


def test_the_heat_map_is_that_of_python(open_page, portrait):
    from emotion_recognition.explanation.occlusion import QUICK_PATCH, QUICK_STRIDE, occlusion_maps

    face = np.random.default_rng(5).integers(0, 256, (FACE_SIZE, FACE_SIZE), np.uint8)
    weights = np.linspace(-1, 1, FACE_SIZE * FACE_SIZE)
    made = open_page().evaluate(
        """async ([face, weights]) => {
            const {occlusionMap} = await import("./heat.js");
            const sum = async ({data}) => data.reduce((sum, value, place) => sum + value * weights[place], 0);
            const steps = occlusionMap(sum, {width: 48, height: 48, data: Uint8Array.from(face)});
            for (;;) {
                const {done, value} = await steps.next();
                if (done) return Array.from(value);
            }
        }""",
        [face.ravel().tolist(), weights.tolist()],
    )

    def classify(faces):
        return faces.reshape(len(faces), -1).astype(float) @ weights[:, np.newaxis]

    wanted = occlusion_maps(classify, [face], [0], QUICK_PATCH, QUICK_STRIDE)[0].ravel()
    np.testing.assert_allclose(made, wanted, atol=0.02 * np.abs(wanted).max())


def test_what_decides_can_be_asked_of_another_face_before_the_first_map_is_made(open_page, shared, portrait):
    page = open_page()
    drop(page, shared / "media" / "group_photo.jpg")
    page.wait_for_selector(f"{CARD}:nth-child(3)")
    # The key asks of the largest face.
    page.keyboard.press("h")
    assert page.get_attribute(f"{CARD}:nth-child(3) button", "aria-pressed") == "true"
    page.evaluate("for (const button of [...document.querySelectorAll('#faces button')].slice(0, 2)) button.click()")
    page.wait_for_selector("#heat-key:not([hidden])")
    assert page.get_attribute(f"{CARD}:nth-child(2) button", "aria-pressed") == "true"
    # Who is not in the next picture leaves the list.
    drop(page, portrait)
    wait_for_status(page, "portrait.png")
    assert page.locator(CARD).count() == 1


def test_faces_in_a_frame_of_a_video_are_found_as_in_python(open_page):
    gray, known = to_gray(read_picture(PORTRAIT))[::2, ::2].copy(), [(84, 44, 115, 115), (5, 200, 60, 60)]
    made = open_page().evaluate(
        """async ([rows, known]) => {
            const {FaceDetector} = await import("./faces.js");
            const detector = new FaceDetector(await (await fetch("haarcascade_frontalface_default.xml")).text());
            const gray = {width: rows[0].length, height: rows.length, data: Uint8Array.from(rows.flat())};
            const whole = [1, 1.6].map((reserve) => detector.detectQuickly(gray, reserve));
            return [...whole, ...known.map((box) => detector.detectNear(gray, box))];
        }""",
        [gray.tolist(), known],
    )
    detector = HaarDetector()
    wanted = [detector.detect_quickly(gray, reserve) for reserve in (1, 1.6)]
    wanted += [detector.detect_near(gray, box) for box in known]
    assert [[tuple(box) for box in boxes] for boxes in made] == [[face.box for face in found] for found in wanted]


def test_the_whole_frame_is_searched_every_quarter_of_a_second_as_in_python(open_page):
    reserves = open_page().evaluate(
        """async () => {
            const {FaceFinder} = await import("./tracks.js");
            const reserves = [], detectQuickly = (gray, reserve) => (reserves.push(reserve), []);
            const finder = new FaceFinder({detectQuickly, isNearbyCheaper: () => true});
            for (let frame = 0; frame < 60; frame++) finder.find({width: 640, height: 480}, frame / 30, []);
            return reserves;
        }"""
    )
    assert reserves == 4 * list(RESERVES)


def test_faces_of_a_video_keep_their_numbers_and_names_as_in_python(open_page):
    generator = np.random.default_rng(24)
    frames, places = [], generator.integers(0, 300, (3, 2))
    for step in range(60):
        places = places + generator.integers(-8, 9, places.shape)
        seen = generator.random(3) < 0.8
        boxes = [[int(x), int(y), 60, 60] for x, y in places[seen]]
        frames.append([boxes, generator.dirichlet(np.ones(4), len(boxes)).tolist(), step * 0.15])
    made = open_page().evaluate(
        """async (frames) => {
            const {Tracker} = await import("./tracks.js");
            const tracker = new Tracker();
            const seen = frames.map(([boxes, rows, time]) => tracker.update(boxes, rows, time, 0.3));
            return seen.map((tracks) => tracks.map((track) => [track.number, track.winner, track.probabilities]));
        }""",
        frames,
    )
    tracker = Tracker(0.3)
    for tracks, (boxes, rows, time) in zip(made, frames, strict=True):
        wanted = tracker.update(
            [Detection(tuple(box)) for box in boxes], np.array(rows, np.float32).reshape(-1, 4), time
        )
        assert [(number, winner) for number, winner, _ in tracks] == [(each.number, each.winner) for each in wanted]
        for (_, _, probabilities), track in zip(tracks, wanted, strict=True):
            np.testing.assert_allclose(probabilities, track.probabilities, atol=1e-5)


def test_keys_do_what_the_buttons_do(open_page, portrait, recogniser):
    from emotion_recognition.explanation.occlusion import quick_map

    page, picture = open_page(), read_picture(portrait)
    [face] = recogniser.read(picture)
    drop(page, portrait)
    page.wait_for_selector(CARD)
    plain = page.evaluate("document.querySelector('canvas').toDataURL()")
    page.keyboard.press("m")
    assert page.get_attribute("#mirror", "aria-pressed") == "true"
    assert page.evaluate("document.querySelector('canvas').toDataURL()") != plain
    page.keyboard.press("h")
    page.wait_for_selector("#heat-key:not([hidden])")
    assert page.get_attribute(f"{CARD} button", "aria-pressed") == "true"
    # A screen reader has a name for each button, and percents that change are not read out.
    assert all(button.inner_text() for button in page.get_by_role("button").all())
    assert page.inner_text("#told") == f"1 {face.emotion}"
    # The key, the bars and the box have the colours of Python's pictures.
    for colour, selector in (
        (FOR, "#heat-key .for"),
        (AGAINST, "#heat-key .against"),
        (COLOURS["happy"], BARS["happy"]),
    ):
        shown = page.eval_on_selector(selector, "(each) => getComputedStyle(each).backgroundColor")
        assert shown == "rgb({2}, {1}, {0})".format(*colour)
    snapshot = cv2.imread(str(downloaded(page, lambda: page.keyboard.press("s"))))
    importance = quick_map(recogniser.classifier, crop_face(to_gray(picture), face.box), face.emotion)
    # Mirrored, the colour of what speaks for the emotion lies where Python's map is strongest.
    row, column = np.unravel_index(importance.argmax(), importance.shape)
    x, y, width, height = face.box
    place = y + (2 * row + 1) * height // 96, picture.shape[1] - 1 - x - (2 * column + 1) * width // 96
    away = [np.abs(each[place] - np.array(FOR)).max() for each in (snapshot, cv2.flip(picture, 1))]
    assert snapshot.shape == picture.shape and away[0] < away[1] / 2
    assert read_csv(downloaded(page, lambda: page.keyboard.press("t")))[0]["source"] == "portrait.png"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_scrolls_in_one_direction(scheme, open_page, portrait):
    page = open_page(viewport={"width": 360, "height": 640}, color_scheme=scheme)
    drop(page, portrait)
    page.wait_for_selector(CARD)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", ground))) < 60) == (scheme == "dark")


def test_nothing_is_asked_of_another_address_and_the_first_visit_is_small(open_page, address, page_folder, portrait):
    page = open_page()
    page.click("#start")
    page.wait_for_selector(CARD)
    drop(page, portrait)
    wait_for_status(page, "portrait.png")
    asked = {url for url in page.requested if not url.startswith(("blob:", "data:"))}
    assert len(asked) > 10
    assert all(url.startswith(address) for url in asked), asked
    files = {urllib.parse.urlsplit(url).path.lstrip("/") or "index.html" for url in asked}
    compressed = sum(len(gzip.compress((page_folder / name).read_bytes(), 6)) for name in files)
    assert compressed <= 15_000_000


def test_scripts_from_elsewhere_are_refused(open_page):
    refused = open_page().evaluate(
        """() => new Promise((resolve) => {
            const tell = ({effectiveDirective, disposition}) => resolve([effectiveDirective, disposition]);
            addEventListener("securitypolicyviolation", tell);
            setTimeout(resolve, 5000);
            document.head.append(Object.assign(document.createElement("script"), {src: "http://127.0.0.1:9/script.js"}));
        })"""
    )
    assert refused == ["script-src-elem", "enforce"]


def test_after_the_first_visit_it_works_offline(open_page, page_folder, build, portrait):
    # By this, a browser that keeps the page knows a new one.
    assert "VERSION" not in (page_folder / "service-worker.js").read_text()
    with build.serve(page_folder) as address:
        page = open_page(to=address)
    page.reload()
    drop(page, portrait)
    page.wait_for_selector(CARD)


def test_a_browser_without_room_to_keep_it_shows_the_page(browser, address):
    context = browser.new_context()
    page = context.new_page()
    quota = {"origin": address.rstrip("/"), "quotaSize": 1}
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
    page.goto(address)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    wait_for_status(page, "Ready.")
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    context.close()


def test_a_browser_that_keeps_nothing_reads_all_the_same(browser, address):
    refused = "navigator.serviceWorker.register = async () => { throw new DOMException('refused', 'SecurityError'); }"
    context = browser.new_context()
    context.add_init_script(refused)
    page = context.new_page()
    page.goto(address)
    wait_for_status(page, "Ready.")
    page.wait_for_selector("html[data-state=ready]")
    assert page.is_hidden("#problem")
    context.close()


def test_many_frames_take_no_more_memory(open_page, browser, is_long):
    page = open_page()
    page.click("#start")
    page.wait_for_selector(CARD)
    page.click("#table")
    page.wait_for_timeout(5000)
    before = renderer_megabytes(browser)
    page.wait_for_timeout(120_000 if is_long else 15_000)
    after = renderer_megabytes(browser)
    rows = read_csv(downloaded(page, lambda: page.click("#table")))
    frames = int(rows[-1]["frame"]) - int(rows[0]["frame"])
    print(f"{frames} frames; the page took {before:.0f} MB, and {after:.0f} MB after them")
    # A frame is 0.8 MB as pixels: were they kept, some dozens would show.
    assert after - before < 30 + 0.05 * frames


def renderer_megabytes(browser) -> float:
    """Return how much memory the pages themselves take; beside it, Chromium keeps a pool of shared video frames."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [process["id"] for process in processes if process["type"] == "renderer"]
    texts = [Path(f"/proc/{number}/status").read_text() for number in pages]
    return sum(int(re.search(r"RssAnon:\s+(\d+)", text)[1]) for text in texts) / 1024


def test_a_build_replaces_nothing_but_a_build(build, monkeypatch, tmp_path):
    monkeypatch.setattr(build.subprocess, "run", lambda *arguments, **options: pytest.fail("it goes on"))
    (tmp_path / "web").mkdir()
    for name in ("main.js", "rules.json"):
        (tmp_path / "web" / name).write_text("mine")
        with pytest.raises(UserError, match=r"main\.js was not written by this script.*move it away"):
            build.build(tmp_path / "web")
    with pytest.raises(UserError, match="is a file"):
        build.build(tmp_path / "web/main.js")
    assert (tmp_path / "web/main.js").read_text() == "mine"


def test_a_port_in_use_and_npm_without_a_network_or_missing_are_told(build, monkeypatch, tmp_path):
    with build.open_server(tmp_path, 0) as server:
        words = ["build.py", "--output", str(tmp_path / "dist"), "--serve", "--port", str(server.server_port)]
        monkeypatch.setattr("sys.argv", words)
        monkeypatch.setattr(shutil, "which", lambda name: name)
        monkeypatch.setattr(build, "build", lambda folder: None)
        with pytest.raises(SystemExit, match=rf"Port {server.server_port} cannot be used .*with --port"):
            build.main()

    def fail(folder):
        raise subprocess.CalledProcessError(1, "npm")

    monkeypatch.setattr(build, "build", fail)
    with pytest.raises(SystemExit, match="npm cannot fetch"):
        build.main()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="npm is not there"):
        build.main()
