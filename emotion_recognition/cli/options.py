"""The flags that several scripts have, and what they take."""

import argparse
import re

# The highest rate of each optimizer, unless a person names another.
LEARNING_RATES = {"rmsprop": 1e-3, "adam": 1e-3, "sgd": 0.05}


def positive(kind):
    """Return an argparse type: a number of this `kind` (int or float) above zero."""

    def number(text: str):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    number.__name__ = kind.__name__
    return number


def not_negative(text: str) -> int:
    """An argparse type: a whole number, zero or more."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def not_negative_seconds(text: str) -> float:
    """An argparse type: a number of seconds, zero or more."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not zero or more")
    return value


def resolution(text: str) -> tuple:
    """An argparse type: (width, height) from such as 1280x720."""
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text.lower())
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no resolution such as 1280x720")
    return int(match[1]), int(match[2])


def add_training_flags(parser, *, output, epochs, batch_size, optimizer):
    """Add the flags that every training script has, with the network's own defaults."""
    parser.add_argument(
        "--data", default="data", help="folder or packed file of dataset_prepare.py, or your own class folders"
    )
    parser.add_argument("--output", default=output, help="model file to write; history and curves go beside it")
    parser.add_argument("--epochs", type=positive(int), default=epochs, help="passes over the training pictures")
    parser.add_argument("--batch-size", type=positive(int), default=batch_size, help="pictures per step")
    parser.add_argument("--optimizer", choices=LEARNING_RATES, default=optimizer, help="how weights move")
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in LEARNING_RATES.items())
    parser.add_argument(
        "--learning-rate",
        type=positive(float),
        help=f"highest rate, reached after one epoch (default: {rates})",
    )
    parser.add_argument("--weights", metavar="MODEL", help="start from this trained model of the same network")
    parser.add_argument(
        "--mixed-precision", action="store_true", help="compute in bfloat16: faster where the hardware is made for it"
    )
    parser.add_argument(
        "--teacher", nargs="+", metavar="MODEL", help="model files whose answers are learned too, as much as the labels"
    )
    parser.add_argument(
        "--votes",
        action="store_true",
        help="learn the votes of FER+ that dataset_prepare.py --votes has kept",
    )
    parser.add_argument("--seed", type=not_negative, default=0, help="same seed, same machine: same result")
    parser.add_argument("--class-weights", action="store_true", help="let rare emotions count as much as frequent ones")
    parser.add_argument(
        "--keep-duplicates", action="store_true", help="train also on exact copies of validation and test pictures"
    )
    going_on = parser.add_mutually_exclusive_group()
    going_on.add_argument("--resume", action="store_true", help="go on from the last whole epoch of a stopped training")
    going_on.add_argument("--force", action="store_true", help="train anew; an existing model is moved aside, not lost")
    parser.add_argument(
        "--dry-run", action="store_true", help="two tiny epochs that try out everything and keep nothing"
    )


def add_whole_flag(parser):
    """Add the flag that says when a picture is itself the face."""
    parser.add_argument(
        "--whole",
        choices=("never", "auto", "always"),
        default="never",
        help="take the whole picture as one face: auto where no face is found (stickers, cartoons)",
    )


def add_foreign_model_flags(parser):
    """Add the flags that say of other people's models what a model file of this project says itself."""
    parser.add_argument(
        "--emotions", help="what another project's model tells, in order: fer2013, alphabetical, or NAME,NAME,..."
    )
    parser.add_argument(
        "--pixel-range", choices=("unit", "byte", "signed"), help="what it takes: 0 to 1, 0 to 255, or -1 to 1"
    )


def add_recognition_flags(parser):
    """Add the flags of the scripts that read emotions from pictures, videos and cameras."""
    parser.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="pictures, folders, video files, stream addresses; else the webcam"
    )
    parser.add_argument("--camera", type=not_negative, default=0, metavar="N", help="number of the webcam")
    parser.add_argument("--list-cameras", action="store_true", help="print the webcams that are there, and end")
    parser.add_argument("--resolution", type=resolution, metavar="WxH", help="pictures to ask the webcam for: 1280x720")
    parser.add_argument("--output", help="annotated picture, video (.mp4, .avi) or, for several, folder to write")
    parser.add_argument("--csv", metavar="FILE", help="keep a row for each face and frame: where, and what is read")
    parser.add_argument("--jsonl", metavar="FILE", help="the same as JSON lines")
    parser.add_argument("--timeline", metavar="FILE.png", help="draw the emotions of each face of a video over time")
    parser.add_argument("--force", action="store_true", help="replace what is at --output and the other files")
    parser.add_argument("--no-window", action="store_true", help="open no window (the default without a display)")
    parser.add_argument("--heat", action="store_true", help="show which parts of a face decide (key h in the window)")
    parser.add_argument("--fullscreen", action="store_true", help="let the window fill the screen")
    parser.add_argument(
        "--smooth",
        type=not_negative_seconds,
        default=0.3,
        metavar="SECONDS",
        help="time over which the probabilities of a face in a video are averaged; 0: not at all",
    )
    parser.add_argument(
        "--min-face",
        type=positive(int),
        metavar="PIXELS",
        help="width of the smallest face to find; larger is faster (default: a twentieth of the picture, "
        "at least 24 in pictures and 48 in videos)",
    )
    add_whole_flag(parser)
    parser.add_argument("--cascade", help="Haar cascade that finds faces (default: the file beside the scripts)")
    add_foreign_model_flags(parser)
