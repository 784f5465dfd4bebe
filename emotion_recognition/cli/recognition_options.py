"""The flags of what finds faces in pictures, videos and cameras, and reads and shows them."""

import argparse

from emotion_recognition.cli.options import (
    Flags,
    add_detector_flag,
    add_foreign_model_flags,
    add_model_flag,
    add_whole_flag,
    finite,
    not_negative,
    not_negative_seconds,
    positive,
    resolution,
)


def add_recognition_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of the scripts that read emotions from pictures, videos and cameras."""
    add_model_flag(parser)
    source = parser.add_argument_group("what is read")
    source.add_argument(
        "sources", nargs="*", metavar="SOURCE", help="pictures, folders, video files, stream addresses; else the webcam"
    )
    source.add_argument("--camera", type=not_negative, metavar="N", help="number of the webcam (default: 0)")
    source.add_argument("--list-cameras", action="store_true", help="print the webcams that are there, and end")
    source.add_argument("--resolution", type=resolution, metavar="WxH", help="pictures to ask the webcam for: 1280x720")
    add_finding_flags(parser)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--no-window", action="store_true", help="open no window (the default without a display)")
    shown.add_argument("--fullscreen", action="store_true", help="let the window fill the screen")
    shown.add_argument("--heat", action="store_true", help="show which parts of a face decide (key h in the window)")
    shown.add_argument(
        "--blur",
        action=argparse.BooleanOptionalAction,
        help="make faces unrecognisable there and in what is written; a --report shows them only with --no-blur",
    )
    add_smooth_flag(shown)
    kept = parser.add_argument_group("what is kept")
    kept.add_argument("--output", help="annotated picture, video (.mp4, .avi) or, for several, folder to write")
    kept.add_argument("--csv", metavar="FILE", help="keep a row for each face and frame: where, and what is read")
    kept.add_argument("--jsonl", metavar="FILE", help="the same as JSON lines")
    kept.add_argument("--timeline", metavar="FILE.png", help="draw the emotions of each face of a video over time")
    kept.add_argument("--force", action="store_true", help="replace what is at --output and the other files")
    add_foreign_model_flags(parser)


def add_finding_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which faces are found, and how they are read."""
    faces = parser.add_argument_group("how faces are found")
    faces.add_argument(
        "--min-face",
        type=positive(int),
        metavar="PIXELS",
        help="width of the smallest face to find; larger is faster (default: a twentieth of the picture's "
        "shorter side, at least 24 in pictures and 48 in videos)",
    )
    add_detector_flag(faces)
    faces.add_argument(
        "--min-score",
        type=finite,
        metavar="SCORE",
        help="leave out faces of which the detector is less sure: haar gives about 0 to 15, yunet 0 to 1"
        " (default: none for haar, 0.6 for yunet)",
    )
    add_whole_flag(faces)
    faces.add_argument(
        "--views",
        type=int,
        choices=(1, 2, 4, 8),
        default=8,
        help="in how many views a face of a picture is read, mirrored and with its box shifted; in videos one",
    )


def add_smooth_flag(flags: Flags) -> None:
    """Add the flag that says how steady the emotions of a video are."""
    flags.add_argument(
        "--smooth",
        type=not_negative_seconds,
        default=0.3,
        metavar="SECONDS",
        help="time over which the probabilities of a face in a video are averaged; 0: not at all",
    )
