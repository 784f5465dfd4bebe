"""Everything that is kept of what was read: annotated pictures and videos, rows, a timeline."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.files import check_writable, claim_output
from emotion_recognition.images import SUFFIXES
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.recorder import WRITTEN_VIDEO_SUFFIXES, Recorder, name_targets
from emotion_recognition.video.sources import VIDEO_SUFFIXES, keep_sources
from emotion_recognition.video.table import STANDARD_OUTPUT, Table, check_ending, make_rows
from emotion_recognition.video.timeline import Timeline, check_timeline

# Frames that wait to be written: more would only fill memory while the disk cannot follow.
MOST_WAITING = 16


class Outputs:
    """Writes what is kept, in a thread of its own: `with Outputs(...) as outputs`.

    Before any work, UserError where something would be overwritten (`force` allows it, but never what is read), cannot
    be written or does not fit the sources. What fails while writing is raised at the next call.
    """

    def __init__(
        self,
        output=None,
        csv=None,
        jsonl=None,
        timeline=None,
        *,
        sources: Sequence[Source],
        emotions: Sequence[str],
        force: bool = False,
    ):
        check_tables(output, csv, jsonl, timeline, sources, force)
        targets = find_targets(output, sources, force)
        self.keeps_pictures = bool(targets)
        self._recorder = Recorder(targets)
        named = (("--csv", csv), ("--jsonl", jsonl))
        self._tables = [Table(path, flag, tuple(emotions)) for flag, path in named if path]
        self._timeline = Timeline(timeline, sources[0].name, tuple(emotions)) if timeline else None
        self._current: Source | None = None
        self._failure: BaseException | None = None
        self._places = threading.Semaphore(MOST_WAITING)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def write(self, source: Source, frame: Frame, faces: list, annotated: np.ndarray | None):
        """Keep a frame of a source and what was read in it; `annotated` is uint8 (height, width, 3), blue-green-red.

        Waits while too many frames wait to be written, except for a live source: there the picture is left out then.
        """
        if source is not self._current:
            self.complete()
            self._current = source
        self._raise_failure()
        has_place = self._places.acquire(blocking=not source.is_live)
        self._hand_over(self._keep, source, frame, faces, annotated if has_place else None, has_place=has_place)

    def complete(self):
        """Wait for all that was handed over, and complete the video of the current source.

        Called at the end of each source, so that what fails is told of the right one; else with the next source's first
        frame.
        """
        self._executor.submit(self._try, self._recorder.close, always=True).result()
        self._raise_failure()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        for close in [self._recorder.close, *(table.close for table in self._tables)]:
            self._executor.submit(self._try, close, always=True)
        if self._timeline:
            self._executor.submit(self._try, self._timeline.close)
        self._executor.shutdown()
        # Of two failures the first one is what a person has to know; Ctrl-C is none.
        if kind is None or not issubclass(kind, Exception):
            self._raise_failure()

    def _hand_over(self, task, *arguments, has_place: bool):
        def give_back(_: Future):
            if has_place:
                self._places.release()

        try:
            self._executor.submit(self._try, task, *arguments).add_done_callback(give_back)
        except BaseException:
            give_back(None)
            raise

    def _try(self, task, *arguments, always=False):
        """Run a task in the thread; after a failure, until it was raised, only what closes files."""
        try:
            if self._failure is None or always:
                task(*arguments)
        except BaseException as error:
            self._failure = self._failure or error

    def _raise_failure(self):
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _keep(self, source, frame, faces, annotated):
        if self.keeps_pictures and annotated is not None:
            self._recorder.write(source, annotated, frame.seconds)
        if self._tables:
            rows = make_rows(source.name, frame.number, frame.seconds, faces)
            for table in self._tables:
                table.write(rows)
        if self._timeline:
            self._timeline.write(frame.seconds, faces)


def check_tables(output, csv, jsonl, timeline, sources, force):
    """Refuse tables and timelines that cannot be kept."""
    for flag, path in (("--csv", csv), ("--jsonl", jsonl)):
        if path:
            check_ending(path, flag)
    if timeline:
        check_timeline(timeline, sources)
    for flag, path in (("--csv", csv), ("--jsonl", jsonl), ("--timeline", timeline)):
        if path and str(path) != STANDARD_OUTPUT:
            keep_sources([path], sources, flag)
            claim_output(path, force, flag)
    named = [Path(path).resolve() for path in (output, csv, jsonl, timeline) if path]
    if len(set(named)) < len(named):
        raise UserError("--csv, --jsonl, --timeline and --output name one file twice: give each a name of its own.")


def find_targets(output, sources, force) -> dict[Source, Path]:
    """Return the file for each source's annotated picture or video; none without an output."""
    if output is None:
        return {}
    output = Path(output)
    suffix = output.suffix.lower()
    if suffix in SUFFIXES + VIDEO_SUFFIXES and not output.is_dir():
        wanted = WRITTEN_VIDEO_SUFFIXES if sources[0].is_video else SUFFIXES
        if len(sources) > 1:
            raise UserError(f"{output} is one file, but there are {len(sources)} sources: name a folder as --output.")
        if suffix not in wanted:
            raise UserError(f"{output} does not fit {sources[0].name}: name an --output that ends in {wanted[0]}.")
        keep_sources([output], sources)
        claim_output(output, force)
        return {sources[0]: output}
    if output.is_file():
        raise UserError(f"{output} is a file: name a folder, a picture or a video as --output.")
    if suffix and not output.is_dir():
        raise UserError(
            f"{output} has an unknown ending: name a picture ({', '.join(SUFFIXES)}), a video "
            f"({', '.join(WRITTEN_VIDEO_SUFFIXES)}) or a folder as --output."
        )
    targets = name_targets(output, sources)
    keep_sources(targets.values(), sources)
    if output.is_dir() and any(output.iterdir()) and not force:
        raise UserError(f"{output} exists already: name another --output, or write into it with --force.")
    check_writable(output)
    return targets
