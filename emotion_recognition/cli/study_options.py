"""The flags of test.py for studies: many files, and tables of what they hold."""

from argparse import ArgumentParser, Namespace

from emotion_recognition.cli.options import Flags, not_negative_seconds, positive


def add_study_flags(parser: ArgumentParser) -> None:
    """Add the flags that choose frames, share the work, and keep tables."""
    kept = parser.add_argument_group("tables of many files")
    kept.add_argument("--table", metavar="FILE", help="keep the rows as .csv, .csv.gz, .jsonl or .parquet")
    kept.add_argument("--summary", metavar="FILE", help="keep a row for each source, and beside it one for each track")
    kept.add_argument("--report", metavar="FILE.html", help="keep a page to look at and to print: all sources")
    add_frame_flags(kept)
    jobs = "read so many files at a time (more than one: without a window)"
    kept.add_argument("--jobs", type=positive(int), default=1, metavar="N", help=jobs)
    kept.add_argument(
        "--continue", action="store_true", dest="continues", help="leave out the files that the tables hold whole"
    )


def check_study_flags(parser: ArgumentParser, arguments: Namespace) -> Namespace:
    """Return the arguments; end with a sentence where flags do not go together."""
    if arguments.continues and arguments.force:
        parser.error("--continue goes on and --force begins anew: name one of them")
    if arguments.jobs > 1:
        unseen = [flag for flag in ("output", "timeline", "heat") if getattr(arguments, flag)]
        if unseen or not arguments.sources or any("://" in name for name in arguments.sources):
            what = f"without --{unseen[0]}" if unseen else "and no camera or stream"
            parser.error(f"--jobs reads files into tables, {what}: leave out one of them")
    return check_frame_flags(parser, arguments)


def add_frame_flags(flags: Flags) -> None:
    """Add the flags that choose frames of videos, and those that have rows."""
    flags.add_argument("--all-frames", action="store_true", help="keep a row for each frame without a face too")
    flags.add_argument(
        "--every", type=not_negative_seconds, default=0.0, metavar="SECONDS", help="read a frame of videos so often"
    )
    flags.add_argument("--start", type=not_negative_seconds, default=0.0, metavar="SECONDS", help="begin videos here")
    flags.add_argument("--end", type=not_negative_seconds, metavar="SECONDS", help="end videos before this time")


def check_frame_flags(parser: ArgumentParser, arguments: Namespace) -> Namespace:
    """Return the arguments; end with a sentence where there is no time between --start and --end."""
    if arguments.end is not None and arguments.end <= arguments.start:
        parser.error(f"--end {arguments.end:g} must come after --start {arguments.start:g}")
    return arguments
