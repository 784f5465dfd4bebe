"""Measure how fast this machine does the work, each figure beside what it is compared with.

    python benchmark.py prepare [fer2013.csv]     preparing the data set, beside writing the same PNG files alone
    python benchmark.py train [--data data]       reading pictures; training, beside training on ready-made batches
    python benchmark.py live [clip.mp4]           the loop of test.py, beside the classic one and its own parts
    python benchmark.py explain                   an occlusion map, beside model.predict patch by patch; --heat

Machines are noisy: both sides of a comparison take turns, and medians are shown.
"""

import time
from statistics import median

from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError


def parse_args():
    parser = program.parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="prepare|train|live|explain")
    prepare = commands.add_parser("prepare", help="dataset_prepare.py against writing PNG files alone")
    prepare.add_argument("source", nargs="?", default="fer2013.csv", help="FER-2013's CSV file (fer2013.csv)")
    prepare.add_argument("--rows", type=options.positive(int), help="read only so many rows")
    prepare.set_defaults(run=benchmark_prepare)
    train = commands.add_parser("train", help="reading pictures, and what the varied batches cost")
    train.add_argument("--data", default="data", help="folder or packed file of dataset_prepare.py (data)")
    train.add_argument("--batches", type=options.positive(int), default=40, help="batches per measurement (40)")
    train.add_argument("--batch-size", type=options.positive(int), default=32, help="pictures per batch (32)")
    train.set_defaults(run=benchmark_train)
    live = commands.add_parser("live", help="reading emotions from video, beside the classic loop")
    live.add_argument("sources", nargs="*", metavar="SOURCE", help="videos and pictures (else portraits of one face)")
    live.add_argument("--model", default=program.PROJECT / "model.h5", help="model file (model.h5)")
    live.add_argument(
        "--frames", type=options.positive(int), default=300, help="read only so many frames of each (300)"
    )
    live.set_defaults(run=benchmark_live)
    explain = commands.add_parser("explain", help="maps of what decides, beside model.predict patch by patch")
    explain.add_argument("--model", default=program.PROJECT / "model.h5", help="model file (model.h5)")
    explain.set_defaults(run=benchmark_explain)
    for command in (prepare, train, explain):
        command.add_argument("--repeat", type=options.positive(int), default=3, help="measurements of each side (3)")
    return parser.parse_args()


def benchmark_prepare(arguments):
    """Compare preparing a data set with writing its PNG files alone by cv2.imwrite, in this one process."""
    import tempfile
    from itertools import islice
    from pathlib import Path

    import cv2

    from emotion_recognition.datasets import fer2013, preparation

    def read():
        return islice(fer2013.Fer2013(arguments.source), arguments.rows)

    def prepare(folder):
        preparation.write_data_folder(read(), folder / "data")

    def write(folder):
        for sample in samples:
            cv2.imwrite(f"{folder}/{sample.split}/{sample.emotion}/{sample.name}", sample.picture)

    samples = [item for item in read() if isinstance(item, fer2013.Sample)]
    times = {prepare: [], write: []}
    # Nothing is removed before the end: file systems make new files slowly while they forget removed ones.
    with tempfile.TemporaryDirectory(dir=".", prefix="benchmark.partial") as parent:
        for turn in range(arguments.repeat):
            for work, seconds in times.items():
                folder = Path(parent) / f"{work.__name__}_{turn}"
                for split, emotion in {(sample.split, sample.emotion) for sample in samples}:
                    (folder / split / emotion).mkdir(parents=True)
                seconds.append(measure(work, folder))
                print(f"{work.__name__}: {seconds[-1]:.2f} s", flush=True)
    preparing, writing = median(times[prepare]), median(times[write])
    print(f"Preparing {len(samples):,} pictures: {preparing:.2f} s")
    print(f"Writing them alone with cv2.imwrite: {writing:.2f} s")
    print(f"Ratio: {preparing / writing:.2f} (at most 1.5 is wanted)")


def benchmark_train(arguments):
    """Time reading, and compare `fit` on varied batches with `fit` on ready-made ones."""
    import keras
    import numpy as np

    from classification_little_vgg import little_vgg
    from emotion_recognition.datasets import folders
    from emotion_recognition.training import targets
    from emotion_recognition.training.augmentation import augment
    from emotion_recognition.training.batches import Batches

    started = time.perf_counter()
    train = folders.read_split(arguments.data, "train")
    if train is None:
        raise UserError(f"{arguments.data} holds no folder `train`: make one with dataset_prepare.py.")
    print(f"Reading {len(train):,} training pictures: {time.perf_counter() - started:.2f} s")

    class ReadyMade(keras.utils.PyDataset):
        def __len__(self):
            return len(made)

        def __getitem__(self, index):
            return made[index]

    # A small data set is repeated until it fills as many batches as asked for.
    train = train.select(np.resize(np.arange(len(train)), arguments.batches * arguments.batch_size))
    network = little_vgg(len(train.emotions))
    network.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    varied = Batches(train.pictures, targets.one_hot(train), arguments.batch_size, augment)
    made = [varied[index] for index in range(len(varied))]
    times = {varied: [], ReadyMade(workers=varied.workers): []}
    # The first steps compile the network.
    network.fit(varied, verbose=0)
    for _ in range(arguments.repeat):
        for each, seconds in times.items():
            seconds.append(measure(network.fit, each, shuffle=False, verbose=0))
    with_pipeline, without = (median(seconds) for seconds in times.values())
    print(f"Training on {len(made)} varied batches of {arguments.batch_size}: {with_pipeline:.2f} s")
    print(f"Training on the same batches, ready-made: {without:.2f} s")
    print(f"The input pipeline costs {with_pipeline / without - 1:.1%} (at most 10 % is wanted)")


def benchmark_live(arguments):
    """Compare the loop of test.py with the classic one, with detection, classification and drawing alone."""
    program.start_keras()
    from emotion_recognition import live_benchmark

    live_benchmark.run(arguments)


def benchmark_explain(arguments):
    """Compare an occlusion map with the same one made patch by patch, and count frames and maps of a video."""
    program.start_keras()
    from emotion_recognition import explain_benchmark

    explain_benchmark.run(arguments)


def measure(work, *arguments, **options) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - started


def main():
    arguments = parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    program.run(main)
