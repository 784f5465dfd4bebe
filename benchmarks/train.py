"""How fast pictures are read, and what the varied batches of a training cost beside ready-made ones.

    python -m benchmarks.train --data data

Machines are noisy: both sides take turns, and medians are shown.
"""

from statistics import median

import numpy as np

from benchmarks.common import measure
from classification_little_vgg import little_vgg
from emotion_recognition.cli import options, program
from emotion_recognition.datasets import folders
from emotion_recognition.errors import UserError


def main() -> None:
    parser = program.parser(__doc__)
    options.add_data_flag(parser)
    parser.add_argument("--batches", type=options.positive(int), default=40, help="batches per measurement")
    parser.add_argument("--batch-size", type=options.positive(int), default=32, help="pictures per batch")
    parser.add_argument("--repeat", type=options.positive(int), default=3, help="measurements of each side")
    arguments = parser.parse_args()

    reading: list[float] = []
    train = measure(reading, folders.read_split, arguments.data, "train")
    if train is None:
        raise UserError(f"{arguments.data} holds no folder `train`: make one with dataset_prepare.py.")
    print(f"Reading {len(train):,} training pictures: {reading[0]:.2f} s")

    program.start_keras()
    import keras

    from emotion_recognition.training import targets
    from emotion_recognition.training.augmentation import augment
    from emotion_recognition.training.batches import Batches

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
    times: dict = {varied: [], ReadyMade(workers=varied.workers): []}
    # The first steps compile the network.
    network.fit(varied, verbose=0)
    for _ in range(arguments.repeat):
        for each, seconds in times.items():
            measure(seconds, network.fit, each, shuffle=False, verbose=0)
    with_pipeline, without = (median(seconds) for seconds in times.values())
    print(f"Training on {len(made)} varied batches of {arguments.batch_size}: {with_pipeline:.2f} s")
    print(f"Training on the same batches, ready-made: {without:.2f} s")
    print(f"The input pipeline costs {with_pipeline / without - 1:.1%} (at most 10 % is wanted)")


if __name__ == "__main__":
    program.run(main)
