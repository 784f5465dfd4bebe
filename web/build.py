"""Put everything the page needs into web/dist/, and with --serve show it on this machine.

python web/build.py            for a web server
python web/build.py --serve    and then open http://127.0.0.1:8000/
"""

import argparse
import contextlib
import functools
import hashlib
import http.server
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

WEB = Path(__file__).resolve().parent
PROJECT = WEB.parent
sys.path.insert(0, str(PROJECT))

from emotion_recognition import files, labels, recogniser  # noqa: E402
from emotion_recognition.errors import UserError  # noqa: E402
from emotion_recognition.faces import tracking, views  # noqa: E402
from emotion_recognition.models import lite  # noqa: E402
from emotion_recognition.video import blur  # noqa: E402

OWN = ("*.html", "*.css", "*.js", "icon.svg", "manifest.webmanifest")
# LiteRT takes the first where the browser has relaxed SIMD, and the second where not.
LITERT = ("litert_wasm_internal", "litert_wasm_compat_internal")
LICENCE = "LiteRT.js, https://github.com/google-ai-edge/LiteRT\n"
LICENCE += "Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0\n"


def build(folder: Path):
    """Fill a folder; what an earlier build left there is replaced, and UserError names what else is in it."""
    files.claim_folder(folder, force=True)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=WEB, check=True)
    with files.folder_written_whole(folder) as new:
        fill(new)


def fill(folder: Path):
    """Put all files of the page into an empty folder."""
    (folder / "rules.json").write_text(json.dumps(page_rules(), indent=1) + "\n")
    for pattern in OWN:
        for path in WEB.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    shutil.copyfile(PROJECT / "haarcascade_frontalface_default.xml", folder / "haarcascade_frontalface_default.xml")
    copy_litert(WEB / "node_modules" / "@litertjs", folder / "litert")
    model = lite.read(PROJECT / "model.tflite")
    lite.write(folder / "model.tflite", replace(model, content=for_one_face(model.content)))
    (folder / "labels.json").write_text(json.dumps(page_labels(model), indent=1) + "\n")
    mark_version(folder)


def page_labels(model: lite.LiteModel) -> dict:
    """Return the names and colours that the page shows; colours are [red, green, blue]."""
    colours = {**labels.COLOURS, "for": labels.FOR, "against": labels.AGAINST, "text": labels.DARK}
    turned = {name: colour[::-1] for name, colour in colours.items()}
    return {"emotions": model.emotions, "colours": turned}


def page_rules() -> dict:
    """Return the figures by which the page reads, names and blurs faces as test.py does."""
    blurring = {"blocks": blur.BLOCKS, "margin": blur.MARGIN, "seconds": tracking.REMEMBERED_SECONDS}
    return {"clearLead": recogniser.CLEAR_LEAD, "views": views.VIEWS[views.DEFAULT_VIEWS], "blur": blurring}


def copy_litert(packages: Path, folder: Path):
    """Copy LiteRT.js; a browser finds its second package by path, not by name."""
    folder.mkdir()
    shutil.copyfile(packages / "wasm-utils" / "dist" / "index.js", folder / "wasm-utils.js")
    index = (packages / "core" / "dist" / "index.js").read_text()
    (folder / "index.js").write_text(index.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"'))
    (folder / "LICENSE.txt").write_text(LICENCE)
    for name in LITERT:
        for suffix in (".js", ".wasm"):
            shutil.copyfile(packages / "core" / "wasm" / (name + suffix), folder / (name + suffix))


def for_one_face(content: bytes) -> bytes:
    """Return a network that takes any number of faces as one that takes a single one: LiteRT.js knows no other."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            # The plain shape beside it says 1 where this one leaves the number open.
            tensor.shapeSignature = None
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def mark_version(folder: Path):
    """Write a digest of all files into the service worker: browsers that have the page offline notice a new one."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        digest.update(path.read_bytes())
    worker = folder / "service-worker.js"
    worker.write_text(worker.read_text().replace("VERSION", digest.hexdigest()[:16]))


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the page as a strict web server would: with its content security policy as a header, for workers too."""

    def end_headers(self):
        page = (Path(self.directory) / "index.html").read_text()
        self.send_header("Content-Security-Policy", page.split('Policy" content="')[1].split('"')[0])
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *arguments):
        pass


def open_server(folder: Path, port: int) -> http.server.ThreadingHTTPServer:
    """Return a server of a folder on the loopback address; port 0 is any that is free."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))


@contextlib.contextmanager
def serve(folder: Path):
    """Serve a folder until the end of a `with` block, which gets the page's address."""
    with open_server(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=WEB / "dist", help="folder to fill (web/dist)")
    parser.add_argument("--serve", action="store_true", help="serve it on the loopback address until Ctrl-C")
    parser.add_argument("--port", type=int, default=8000, help="where to serve it (8000)")
    arguments = parser.parse_args()
    if shutil.which("npm") is None:
        sys.exit("npm is not there: install Node.js (Debian: apt-get install npm).")
    try:
        build(arguments.output)
    except UserError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError:
        sys.exit("npm cannot fetch the page's packages: see whether this machine reaches registry.npmjs.org.")
    print(f"Wrote {arguments.output}")
    if arguments.serve:
        try:
            server = open_server(arguments.output, arguments.port)
        except OSError as error:
            sys.exit(f"Port {arguments.port} cannot be used ({error.strerror}): name another one with --port.")
        with server:
            print(f"Open http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)", flush=True)
            server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
