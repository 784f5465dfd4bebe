"""The flags that several scripts have, in groups, and what they take."""

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emotion_recognition.places import shipped

# The highest rate of each optimizer, unless a person names another.
LEARNING_RATES = {"rmsprop": 1e-3, "adam": 1e-3, "sgd": 0.05}


# OpenCV takes no larger whole number.
LARGEST = 2**31 - 1

# Parsers and their groups take flags alike.
Flags = argparse._ActionsContainer


def number(kind: type, is_right: Callable[[Any], bool], wanted: str) -> Callable[[str], Any]:
    """Return an argparse type: a number of this `kind` (int or float); mistakes are told with what is `wanted`."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not is_right(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    return convert


def positive(kind: type) -> Callable[[str], Any]:
    """Return an argparse type: a finite number of this `kind` (int or float) above zero."""
    if kind is int:
        return number(int, lambda value: 0 < value <= LARGEST, f"a whole number above zero, at most {LARGEST:,}")
    return number(kind, lambda value: 0 < value < math.inf, "a number above zero")


# Argparse types: any number; a share; a whole number, and a number of seconds, both zero or more.
finite = number(float, math.isfinite, "a number")
share = number(float, lambda value: 0 <= value < 1, "a share from 0 to below 1")
not_negative = number(int, lambda value: 0 <= value <= LARGEST, f"a whole number, zero or more, at most {LARGEST:,}")
not_negative_seconds = number(float, lambda value: 0 <= value < math.inf, "a number of seconds, zero or more")


def resolution(text: str) -> tuple[int, int]:
    """Return (width, height) from a text such as 1280x720: an argparse type."""
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", text.lower())
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is no resolution such as 1280x720")
    return int(match[1]), int(match[2])


def parse_training(
    parser: argparse.ArgumentParser, output: str | None, *, epochs: int, batch_size: int, optimizer: str
) -> argparse.Namespace:
    """Add the flags of a training of a whole network, with its own defaults; return what a person chose."""
    data = add_learned_flags(parser)
    data.add_argument("--class-weights", action="store_true", help="let rare emotions count as much as frequent ones")
    how = add_fit_flags(parser, epochs, batch_size)
    how.add_argument("--optimizer", choices=LEARNING_RATES, default=optimizer, help="how weights move")
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in LEARNING_RATES.items())
    how.add_argument(
        "--learning-rate", type=positive(float), help=f"highest rate, reached after one epoch (default: {rates})"
    )
    how.add_argument("--weights", metavar="MODEL", help="start from this trained model of the same network")
    how.add_argument(
        "--data-parallel", action="store_true", help="share each batch out among all devices (KERAS_BACKEND=jax)"
    )
    add_training_output_flags(parser, output)
    return complete_training(parser.parse_args())


def add_learned_flags(parser: argparse.ArgumentParser) -> Flags:
    """Add the flags of all trainings that say what is learned; return their group."""
    data = parser.add_argument_group("what is learned")
    add_data_flag(data)
    data.add_argument("--votes", action="store_true", help="learn the votes that dataset_prepare.py --votes has kept")
    data.add_argument(
        "--teacher",
        nargs="+",
        metavar="MODEL",
        help="model files whose answers to each view count more than the labels",
    )
    data.add_argument("--answers", metavar="FOLDER", help="keep there what teachers answer, and ask them only once")
    data.add_argument(
        "--keep-duplicates", action="store_true", help="train also on exact copies of validation and test pictures"
    )
    data.add_argument(
        "--keep-prior", action="store_true", help="keep all of what was learned of how frequent each emotion is"
    )
    return data


def add_fit_flags(parser: argparse.ArgumentParser, epochs: int, batch_size: int) -> Flags:
    """Add the flags of all trainings that say how long and in which order is learned; return their group."""
    how = parser.add_argument_group("how it is learned")
    how.add_argument("--epochs", type=positive(int), default=epochs, help="passes over the training pictures")
    how.add_argument("--batch-size", type=positive(int), default=batch_size, help="pictures per step")
    how.add_argument("--mixup", type=share, default=0.0, help="mix faces by a beta distribution of this parameter")
    how.add_argument("--view-epochs", type=positive(int), metavar="N", help="show the views of N epochs over and over")
    how.add_argument("--seed", type=not_negative, default=0, help="same seed, same machine: same result")
    return how


def add_training_output_flags(parser: argparse.ArgumentParser, output: str | None) -> None:
    """Add the flags of all trainings that say what is written; without `output`, the network gives its name."""
    result = parser.add_argument_group("what is written")
    named = "" if output else " (default: named after the network)"
    result.add_argument("--output", default=output, help=f"model file to write; its other files go beside it{named}")
    going_on = result.add_mutually_exclusive_group()
    going_on.add_argument("--resume", action="store_true", help="go on from the last whole epoch of a stopped training")
    going_on.add_argument("--force", action="store_true", help="train anew; an existing model is moved aside, not lost")
    result.add_argument(
        "--dry-run", action="store_true", help="two tiny epochs that try out everything and keep nothing"
    )


def training_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what decides the result of a training: all flags but those that say where, and whether it goes on."""
    places = {"mode", "data", "answers", "pretrained", "output", "resume", "force", "dry_run", "compare_optimizers"}
    # On more devices, the result is the same.
    places |= {"data_parallel"}
    return {name: value for name, value in vars(arguments).items() if name not in places}


def complete_training(arguments: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments with what nobody has named: the file, the rate of the optimizer, the size of a dry run."""
    if arguments.output is None:
        arguments.output = f"{arguments.network}.h5"
    if arguments.learning_rate is None:
        arguments.learning_rate = LEARNING_RATES[arguments.optimizer]
    if arguments.dry_run:
        # Answers to such batches would be of no use to any other training.
        arguments.epochs, arguments.batch_size, arguments.answers = 2, 8, None
    return arguments


def add_data_flag(flags: Flags) -> None:
    """Add the flag that names labelled pictures."""
    flags.add_argument(
        "--data", default="data", help="folder or packed file of dataset_prepare.py, or your own class folders"
    )


def add_model_flag(flags: Flags, own: str = "") -> None:
    """Add the flag that names a model file; the default is the file `own` where there is one, else the shipped one."""
    default = own if Path(own).is_file() else shipped("model.h5")
    flags.add_argument("--model", default=default, help="model file that reads the emotions")


def add_detector_flag(flags: Flags, default: str | None = "haar") -> None:
    """Add the flag that names what finds faces."""
    flags.add_argument(
        "--detector",
        "--cascade",
        default=default,
        metavar="NAME",
        help="what finds faces: haar, yunet, or a file: YuNet's (.onnx) or a Haar cascade (.xml)",
    )


def add_whole_flag(flags: Flags) -> None:
    """Add the flag that says when a picture is itself the face."""
    flags.add_argument(
        "--whole",
        choices=("never", "auto", "always"),
        default="never",
        help="take the whole picture as one face: auto where no face is found (stickers, cartoons)",
    )


def add_foreign_model_flags(parser: argparse.ArgumentParser) -> Flags:
    """Add the flags that say of other people's models what a model file of this project says itself; return them."""
    group = parser.add_argument_group("models of other projects")
    group.add_argument(
        "--emotions", help="what the model tells, in order: fer2013, alphabetical, or NAME,NAME,... of its outputs"
    )
    group.add_argument(
        "--pixel-range", choices=("unit", "byte", "signed"), help="what it takes: 0 to 1, 0 to 255, or -1 to 1"
    )
    return group
