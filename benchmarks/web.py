"""The page in web/: the size of the first visit, the start, the first answer, a face, and frames a second.

    python -m benchmarks.web                                 beside it nothing else should run
    python -m benchmarks.web --film ../shared/media/clip.mp4
    python -m benchmarks.web --onnxruntime node_modules/onnxruntime-web/dist --onnx model.onnx

It needs npm, Chromium and playwright. With --onnxruntime, the same network is also run by ONNX Runtime Web: get it with
`npm install onnxruntime-web`, and the network with Keras' `network.export("model.onnx", format="onnx")`.
"""

import argparse
import gzip
import shutil
import sys
import tempfile
import time
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

import cv2
from playwright.sync_api import sync_playwright

from benchmarks.common import PORTRAIT, PROJECT
from emotion_recognition import read_picture

sys.path.insert(0, str(PROJECT / "web"))
import build

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FACES = 200
# JavaScript that returns milliseconds: until a network is loaded, and of a face the shortest and the median.
TIMED = """
    const times = [];
    for (let n = 0; n < FACES; n++) {
        const begun = performance.now();
        RUN;
        times.push(performance.now() - begun);
    }
    times.sort((time, other) => time - other);
    return [loaded, times[0], times[FACES >> 1]];
}"""
LITERT = """async () => {
    const begun = performance.now(), {EmotionClassifier} = await import("./emotions.js");
    const classifier = await EmotionClassifier.load(), loaded = performance.now() - begun;
    const face = {data: Uint8Array.from({length: 2304}, (_, place) => place % 251)};
    """
ONNX = """async () => {
    const begun = performance.now(), ort = await import("./onnx/ort.wasm.min.mjs");
    ort.env.wasm.wasmPaths = new URL("onnx/", location.href).href;
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create("onnx/model.onnx", {executionProviders: ["wasm"]});
    const loaded = performance.now() - begun, data = Float32Array.from({length: 2304}, (_, place) => place % 251);
    const [name] = session.inputNames;
    """


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path, help="video that the camera plays (default: the sample portrait)")
    parser.add_argument("--seconds", type=int, default=20, help="how long the camera is read (20)")
    parser.add_argument("--browser", default=shutil.which("chromium"), help="the browser's program")
    parser.add_argument("--onnxruntime", type=Path, help="folder dist/ of the npm package onnxruntime-web")
    parser.add_argument("--onnx", type=Path, help="the network as ONNX")
    return parser.parse_args()


def write_film(source: Path | None, path: Path):
    """Write the frames of a video, or a portrait, in the form that Chromium's camera plays."""
    frames = [cv2.resize(read_picture(PORTRAIT), (480, 640))] * 2
    if source:
        video, frames = cv2.VideoCapture(str(source)), []
        while (frame := video.read()[1]) is not None:
            frames.append(frame)
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames))


def timed(page, script: str, run: str, name: str):
    """Print how long a network takes to load and to read a face."""
    loaded, shortest, median = page.evaluate(script + TIMED.replace("FACES", str(FACES)).replace("RUN", run))
    print(f"{name}: loaded in {loaded:.0f} ms; a face {median:.1f} ms, at best {shortest:.1f} ms")


def compressed(folder: Path, names) -> float:
    """Return how many MB some files of a folder have together, each compressed by gzip."""
    return sum(len(gzip.compress((folder / name).read_bytes(), 6)) for name in names) / 1e6


def main():
    arguments = parse_args()
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright, ExitStack() as stack:
        folder, film = Path(temporary) / "dist", Path(temporary) / "film.mjpeg"
        build.build(folder)
        write_film(arguments.film, film)
        if arguments.onnxruntime:
            (folder / "onnx").mkdir()
            names = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
            for path in (*(arguments.onnxruntime / name for name in names), arguments.onnx):
                shutil.copyfile(path, folder / "onnx" / ("model.onnx" if path == arguments.onnx else path.name))
        address = stack.enter_context(build.serve(folder))
        flags = [*FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
        browser = playwright.chromium.launch(executable_path=arguments.browser, headless=True, args=flags)
        context = browser.new_context(permissions=["camera"])
        page, asked = context.new_page(), set()
        context.on("request", lambda request: asked.add(urllib.parse.urlsplit(request.url).path.lstrip("/")))
        begun = time.perf_counter()
        page.goto(address)
        page.locator("#status", has_text="Ready").wait_for()
        print(f"the page is ready after {time.perf_counter() - begun:.2f} s")
        begun = time.perf_counter()
        page.set_input_files("#files", str(PORTRAIT))
        page.wait_for_selector("#faces li")
        print(f"the portrait is read {time.perf_counter() - begun:.2f} s after it was chosen")
        page.wait_for_selector("html[data-state=ready]")
        print(f"the first visit: {compressed(folder, {name or 'index.html' for name in asked}):.1f} MB compressed")
        page.click("#camera")
        page.wait_for_timeout(1000 * arguments.seconds)
        print(page.inner_text("#status"))
        page.set_input_files("#files", str(PORTRAIT))
        page.wait_for_timeout(1000)
        timed(page, LITERT, "await classifier.probabilities(face)", "LiteRT.js")
        if arguments.onnxruntime:
            run = 'await session.run({[name]: new ort.Tensor("float32", data, [1, 48, 48, 1])})'
            timed(page, ONNX, run, "ONNX Runtime Web")
            sizes = [f"onnx/{name}" for name in (*names, "model.onnx")]
            print(f"ONNX Runtime Web and the network: {compressed(folder, sizes):.1f} MB compressed")
        browser.close()


if __name__ == "__main__":
    main()
