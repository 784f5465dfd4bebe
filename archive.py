"""Read the emotions of faces in an archive of videos and pictures, on all cores of a machine or of a cluster.

    python archive.py videos/ --output tables/          a table for each video, and their summaries
    python archive.py list.txt --output tables/         the same for the paths in a file, one a line
    python archive.py videos/ --output tables/          once more: goes on with what is left
    python archive.py videos/ --output tables/ --cluster auto      on the Ray cluster that this machine belongs to

Every machine of a cluster has to see the videos and the tables under the same path.
"""

import os
import signal
from dataclasses import fields
from pathlib import Path

from emotion_recognition.cli import options, program, recognition_options, study_options
from emotion_recognition.errors import UserError

# Ray would send its makers a report on each run, and print tracebacks beside our sentences.
SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
}


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument(
        "sources", metavar="FOLDER|LIST", help="folder of videos and pictures, or a file that lists them"
    )
    parser.add_argument("--output", required=True, metavar="TABLES", help="folder of tables to write, or to go on with")
    options.add_model_flag(parser)
    where = parser.add_argument_group("who reads").add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=options.positive(int), metavar="N", help="workers here (default: one for each core)"
    )
    where.add_argument("--cluster", metavar="ADDRESS", help="Ray cluster that reads: HOST:PORT, or auto for this one")
    recognition_options.add_finding_flags(parser)
    frames = parser.add_argument_group("which frames")
    recognition_options.add_smooth_flag(frames)
    study_options.add_frame_flags(frames)
    options.add_foreign_model_flags(parser)
    return study_options.check_frame_flags(parser, parser.parse_args())


def main():
    arguments = parse_args()
    # Imported here, so that --help answers at once.
    from emotion_recognition.archive import cluster
    from emotion_recognition.archive.tables import Tables
    from emotion_recognition.faces.detectors import DETECTORS
    from emotion_recognition.studies.parquet import check_pyarrow
    from emotion_recognition.studies.progress import Progress
    from emotion_recognition.studies.reading import ReadingSettings
    from emotion_recognition.video.sources import Unreadable

    for name, value in SILENT.items():
        os.environ.setdefault(name, value)
    check_pyarrow(arguments.output)
    sources = find_sources(arguments.sources, arguments.output)
    names = {field.name for field in fields(ReadingSettings)} & vars(arguments).keys()
    chosen = {name: getattr(arguments, name) for name in names}
    # Workers run in another folder.
    chosen["model"] = Path(arguments.model).absolute()
    if arguments.detector not in DETECTORS:
        chosen["detector"] = Path(arguments.detector).absolute()
    settings = ReadingSettings(**chosen)
    # What is wrong with the model is told before anything is begun.
    with program.silent_start():
        recogniser = settings.open_recogniser()
    tables = Tables.begin(arguments.output, arguments.sources, settings, recogniser.emotions)
    unreadable = {source.name: source.reason for source in sources if isinstance(source, Unreadable)}
    left = [source for source in tables.left(sources) if source.name not in unreadable]
    print(f"{len(sources)} sources, {len(sources) - len(left) - len(unreadable)} of them read already.", flush=True)

    if left:
        with program.silent_start():
            cluster.start(arguments.cluster, arguments.jobs)
        # Ray has taken it, and would end the process without a word.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Progress(left) as progress, tables.open_list() as listed:
        listed.writerows(unreadable.items())
        for reason in unreadable.values():
            progress.warn(reason)
        for source, problem in cluster.read_all(left, tables):
            progress.end(source)
            if problem:
                unreadable[source.name] = problem.reason
                listed.writerow((source.name, problem.reason))
                progress.warn(problem.reason)
    unreadable = tables.complete(sources, unreadable)
    print(f"Wrote {arguments.output}: {len(sources) - len(unreadable)} sources are read.")
    if unreadable:
        print(f"{len(unreadable)} could not be read to the end: {tables.folder / 'unreadable.csv'} lists them.")
    return program.SOME_UNREADABLE if unreadable else 0


def find_sources(name, output):
    """Return all videos and pictures below a folder, or on a list, one path a line."""
    from emotion_recognition.video import sources

    names = [name]
    if not Path(name).is_dir():
        try:
            # Some editors put a mark before the first line, which is no part of a path.
            with Path(name).open(encoding="utf-8-sig", errors="surrogateescape") as file:
                start = file.read(1000)
                if "\0" in start:
                    raise UserError(f"{name} is no list: name a folder, or a text in UTF-8 with a path on each line.")
                lines = (start + file.read()).split("\n")
        except FileNotFoundError as error:
            raise UserError(f"{name} is not there: name a folder, or a file that lists paths.") from error
        # A path that stands there twice is one source.
        names = list(dict.fromkeys(line for line in lines if line.strip()))
    found = sources.find_sources(names, output=output) if names else []
    if not found:
        raise UserError(f"{name} names no videos or pictures: write a path on each line.")
    for source in found:
        if source.is_live:
            raise UserError(f"{source.name} is a stream: leave it out.")
    if all(isinstance(source, sources.Unreadable) for source in found):
        raise UserError(found[0].reason)
    return found


if __name__ == "__main__":
    program.run(main)
