"""The classic four-layer CNN: train it, or see it read emotions from faces.

    python emotions.py --mode train                 trains on data/, writes four_layer_cnn.h5
    python emotions.py --mode train --resume        goes on after an interruption
    python emotions.py --mode display               the webcam, in a window
    python emotions.py --mode display photo.jpg     pictures, folders, videos and streams, as test.py

--mode train --help and --mode display --help list the flags of each. Taught by a better network (--mode train --teacher
model.h5), the four-layer CNN reads 65.4 % of FER-2013's PrivateTest as labelled after 50 epochs.
"""

import argparse
from pathlib import Path

from emotion_recognition.cli import options, program

OUTPUT = "four_layer_cnn.h5"


def parse_args():
    mode = argparse.ArgumentParser(add_help=False)
    mode.add_argument("--mode", choices=("train", "display"), help="what to do")
    parser = program.parser(__doc__, parents=[mode])
    given, others = mode.parse_known_args()
    chosen = given.mode
    if chosen is None and not {"-h", "--help"} & set(others):
        parser.error("name --mode train or --mode display")
    if chosen == "train":
        options.add_training_flags(parser, output=OUTPUT, epochs=50, batch_size=64, optimizer="adam")
    elif chosen == "display":
        parser.add_argument("--model", help=f"model file (default: {OUTPUT} where there is one, else model.h5)")
        options.add_recognition_flags(parser)
    return parser.parse_intermixed_args()


def main():
    arguments = parse_args()
    return train(arguments) if arguments.mode == "train" else display(arguments)


def train(arguments):
    # Imported here, so that --help answers at once.
    program.start_keras()
    from emotion_recognition.models import networks
    from emotion_recognition.training import run

    run.train(networks.four_layer_cnn, arguments)


def display(arguments):
    from emotion_recognition import recogniser

    if arguments.model is None:
        own = Path(OUTPUT)
        arguments.model = own if own.is_file() else program.PROJECT / "model.h5"
        print(f"Model: {arguments.model}")
    return recogniser.recognise(arguments, arguments.model)


if __name__ == "__main__":
    program.run(main)
