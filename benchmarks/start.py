"""How long until the first answer, and how much memory: LiteRT alone beside the same reading through Keras.

    python benchmarks/start.py                   the sample portrait, nine starts of each
    python benchmarks/start.py photo.jpg

Both sides are started in turn, each in a process of its own; medians are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

THROUGH_KERAS = """
import sys
from emotion_recognition import EmotionRecogniser
from emotion_recognition.cli import program
from emotion_recognition.models.classifier import EmotionClassifier

program.start_keras()
from emotion_recognition.models import model_file

model = model_file.load("model.h5")
classifier = EmotionClassifier.of_network(model.network, model.emotions)
for face in EmotionRecogniser(classifier).read(sys.argv[1]):
    print(face.box, face.emotion, face.probabilities)
"""


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", nargs="?", type=Path, help="picture of a face (default: the sample portrait)")
    parser.add_argument("--repeat", type=int, default=9, help="starts of each side (9)")
    return parser.parse_args()


def start(command) -> tuple[float, float]:
    """Return the seconds until a program has ended, and the most memory that it held, in MB."""
    started = time.perf_counter()
    # As usual, Python keeps the modules that it has compiled.
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=PROJECT, env=own, stdout=nowhere, stderr=nowhere)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command[:2]))} failed: run it by itself to see why.")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main():
    arguments = parse_args()
    # Both sides run in the folder of the project.
    picture = (arguments.picture or PROJECT / "docs" / "grace_hopper.jpg").absolute()
    sides = {
        "test.py, LiteRT alone": [sys.executable, "test.py", picture, "--no-window"],
        "the same through Keras": [sys.executable, "-c", THROUGH_KERAS, picture],
    }
    measured = {name: [] for name in sides}
    # The first start of each reads files that the system then keeps in memory.
    for turn in range(arguments.repeat + 1):
        for name, command in sides.items():
            result = start(command)
            if turn:
                measured[name].append(result)
    medians = {}
    for name, results in measured.items():
        seconds, megabytes = (statistics.median(values) for values in zip(*results, strict=True))
        medians[name] = seconds
        print(f"{name:24}{seconds:7.2f} s{megabytes:8.0f} MB")
    fast, slow = medians.values()
    print(f"LiteRT alone starts {slow / fast:.1f} times as fast (wanted: at least 10, in at most 0.5 s and 120 MB)")


if __name__ == "__main__":
    main()
