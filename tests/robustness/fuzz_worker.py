"""A process that reads one file after another through the project's readers, and may die of it.

    python tests/robustness/fuzz_worker.py              takes "kind<tab>path<tab>output" lines, answers in JSON
    python tests/robustness/fuzz_worker.py KIND FILE    reads one file, to look into a failure

What a person would get is answered: a result, or one sentence; all else, and any use of the system that reading a file
does not need, is a failure. The memory is the highest since the start, above that at the start.
"""

import contextlib
import faulthandler
import io
import itertools
import json
import re
import resource
import sys
import tempfile
import traceback
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from emotion_recognition import images
from emotion_recognition.cli import program
from emotion_recognition.datasets import fer2013, packed, preparation
from emotion_recognition.video import sources

# A file that takes longer hangs.
SECONDS = 60
MOST_FRAMES = 500
FORBIDDEN = ("socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn")


def read_table(path, output):
    """Prepare a table, as dataset_prepare.py does."""
    preparation.write_data_folder(fer2013.Fer2013(path), output)
    assert (output / preparation.COPIES).is_file() and list(output.rglob("*.png"))


def read_packed(path, output):
    """Read all that a packed data set holds."""
    data = packed.PackedData(path)
    for split in preparation.SPLITS:
        if found := data.read_split(split):
            assert found[0].shape[1:] == (48, 48) and found[0].dtype == np.uint8 and len(found[0]) == len(found[1])
    data.read_text(preparation.COPIES)


def read_picture(path, output):
    """Read a picture and the face that it is."""
    picture = images.read_picture(path)
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
    assert images.to_face(images.to_gray(picture)).shape == (48, 48)


def read_video(path, output):
    """Read the frames of a video."""
    [source] = sources.find_sources([str(path)])
    for frame in itertools.islice(source, MOST_FRAMES):
        picture = frame.picture
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3


def read_model(path, output):
    """Load a model and let it look at faces."""
    from emotion_recognition.models import model_file

    model = model_file.load(path)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)
    probabilities = np.array(model.network(faces, training=False))
    assert probabilities.shape == (3, len(model.emotions))
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3), f"no probabilities: {probabilities}"


def read_lite_model(path, output):
    """Load a .tflite file and let it look at faces."""
    from emotion_recognition.models import lite

    model = lite.read(path)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)
    assert lite.open_function(model, path)(faces).shape == (3, len(model.emotions))


READERS = {
    "table": read_table,
    "packed": read_packed,
    "picture": read_picture,
    "video": read_video,
    "model": read_model,
    "archived model": read_model,
    "lite model": read_lite_model,
}


class Watch:
    """Notes what the process does beside reading files and writing into the folder of `output`, while a case runs."""

    def __init__(self):
        self.output, self.found = None, []
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if self.output is None:
            return
        if event.startswith(FORBIDDEN):
            self.found.append(f"{event} {arguments}")
        elif event == "open" and isinstance(arguments[0], str) and self._writes(arguments):
            self.found.append(f"writes {arguments[0]}")

    def _writes(self, arguments):
        path, mode, flags = arguments
        is_for_writing = any(letter in mode for letter in "wax+") if mode else flags & 3
        return is_for_writing and not f"{Path(path).absolute()}/".startswith((f"{self.output.parent}/", "/dev/null"))


def judge(kind, path, output, watch) -> dict:
    """Return what came of one file: outcome (result, refused, failure) and the words."""
    errors = io.StringIO()
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__)
    watch.output, watch.found = output, []
    try:
        with contextlib.redirect_stderr(errors):
            program.run(lambda: READERS[kind](path, output))
    except SystemExit as end:
        status = end.code
    except BaseException:
        status = traceback.format_exc()
    watch.output = None
    faulthandler.cancel_dump_traceback_later()
    lines = [line for line in errors.getvalue().splitlines() if "does not say how it is read" not in line]
    if watch.found:
        return {"outcome": "failure", "words": watch.found[0]}
    if status == 0 and not lines:
        return {"outcome": "result", "words": ""}
    if status == 2 and len(lines) == 1 and len(lines[0]) < 1000 and not output.exists():
        return {"outcome": "refused", "words": lines[0]}
    return {"outcome": "failure", "words": f"{status} {lines}"}


def megabytes() -> float:
    """Return the greatest memory that this process has had."""
    status = Path("/proc/self/status")
    if status.is_file():
        # The other figure would count the process that started this one.
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def answer(lines):
    """Answer each line; the first of each kind that starts Keras is not counted as memory of a file."""
    watch, start = Watch(), None
    answers = sys.stdout
    for line in lines:
        kind, path, output = line.rstrip("\n").split("\t")
        if start is None:
            if "model" in kind:
                program.start_keras()
                from emotion_recognition.models import model_file  # noqa: F401
            start = megabytes()
        # Readers that print do not disturb the answers.
        with contextlib.redirect_stdout(io.StringIO()):
            found = judge(kind, Path(path), Path(output), watch)
        print(json.dumps({**found, "megabytes": megabytes() - start}), file=answers, flush=True)


if __name__ == "__main__":
    faulthandler.enable()
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            answer(["\t".join([*sys.argv[1:], f"{folder}/results/data"])])
    else:
        answer(sys.stdin)
