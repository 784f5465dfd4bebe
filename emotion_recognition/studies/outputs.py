"""Everything that is kept of what was read: annotated pictures and videos, rows, a timeline."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from emotion_recognition.errors import UserError, as_line
from emotion_recognition.files import check_writable, claim_output
from emotion_recognition.recogniser import Face
from emotion_recognition.studies.journal import check_can_continue
from emotion_recognition.studies.processes import ReadSource
from emotion_recognition.studies.reading import ReadingSettings
from emotion_recognition.studies.study import Study, check_files
from emotion_recognition.studies.summary import SourceSummary, TrackSummary
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.recorder import WRITTEN_PICTURE_SUFFIXES, WRITTEN_VIDEO_SUFFIXES, Recorder, name_targets
from emotion_recognition.video.sources import Unreadable, keep_sources
from emotion_recognition.video.timeline import Timeline, check_timeline

# Frames that wait to be written: more would only fill memory while the disk cannot follow.
MOST_WAITING = 16
# Of more files only the number is told.
MOST_NAMED = 4

File = str | Path | None


class Outputs:
    """Writes what is kept, in a thread of its own: `with Outputs(...) as outputs`.

    Before any work, UserError where something would be overwritten (`force` allows it, but never what is read), cannot
    be written or does not fit the sources. What fails while writing is raised at the next call.
    """

    def __init__(
        self,
        output: File = None,
        csv: File = None,
        jsonl: File = None,
        timeline: File = None,
        table: File = None,
        summary: File = None,
        report: File = None,
        *,
        sources: Sequence[Source],
        emotions: Sequence[str],
        settings: ReadingSettings | None = None,
        continues: bool = False,
        force: bool = False,
    ) -> None:
        named = {"--table": table, "--csv": csv, "--jsonl": jsonl, "--summary": summary, "--report": report}
        files: dict[str, str | Path] = {flag: path for flag, path in named.items() if path is not None}
        if timeline is not None:
            check_timeline(timeline, list(sources))
        # Only files of an earlier run are gone on with.
        may_exist = force or (continues and check_can_continue(files, sources, emotions))
        check_files(files, {"--output": output, "--timeline": timeline}, sources, may_exist)
        targets = find_targets(output, sources, may_exist)
        self.keeps_pictures = bool(targets)
        self.study = Study(files, sources, emotions, settings or ReadingSettings(), continues)
        self._recorder = Recorder(targets)
        self._timeline = Timeline(timeline, sources[0].name, tuple(emotions)) if timeline else None
        self._current: Source | None = None
        # The number of the last frame of each source that was kept.
        self._kept: dict[Source, int] = {}
        self._failure: BaseException | None = None
        self._places = threading.Semaphore(MOST_WAITING)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")

    def write(self, source: Source, frame: Frame, faces: list[Face], annotated: np.ndarray | None) -> None:
        """Keep a frame of a source and what was read in it; `annotated` is uint8 (height, width, 3), blue-green-red.

        Waits while too many frames wait to be written, except for a live source: there the picture is left out then.
        Of a file that is read twice, each frame is a row once.
        """
        if source is not self._current:
            self.complete()
            self._current = source
        self._raise_failure()
        has_place = self._places.acquire(blocking=not source.is_live)
        last = self._kept.get(source, -1)
        is_new = source.is_live or frame.number > last
        self._kept[source] = max(frame.number, last)
        try:
            task = self._submit(self._keep, source, frame, faces, annotated if has_place else None, is_new)
        except BaseException:
            if has_place:
                self._places.release()
            raise
        if has_place:
            task.add_done_callback(lambda _: self._places.release())
        # A picture that cannot be written is told of here, not with the next one.
        if not source.is_video:
            self.complete()

    def complete(self) -> None:
        """Wait for all that was handed over, and complete the video of the current source.

        Called at the end of each source, so that what fails is told of the right one.
        """
        self._submit(self._recorder.close, always=True).result()
        self._raise_failure()

    def end_source(self, summary: SourceSummary, tracks: list[TrackSummary], is_done: bool = True) -> None:
        """Wait as `complete` does, and take what the source held; unless it `is_done`, --continue reads it again."""
        self.complete()
        # Nothing is known of a source that was left before its first frame.
        if summary.frames or is_done:
            self._submit(self.study.end_source, summary, tracks, is_done).result()
            self._raise_failure()

    def append(self, read: ReadSource) -> None:
        """Keep what another process has read."""
        if read.summary.frames:
            self._submit(self.study.append, read.lines).result()
        self.end_source(read.summary, read.tracks)

    def __enter__(self) -> "Outputs":
        return self

    def __exit__(self, kind: type | None, *error: object) -> None:
        # Where nothing was read, a timeline of an earlier run stays, as rows do.
        timelines = [self._timeline] if self._timeline and self._kept else []
        for close in (self._recorder.close, self.study.close, *(timeline.close for timeline in timelines)):
            self._submit(close, always=True)
        self._executor.shutdown()
        # Of two failures the first one is what a person has to know; Ctrl-C is none.
        if kind is None or not issubclass(kind, Exception):
            self._raise_failure()
        files = [*self._recorder.written, *self.study.written, *(timeline.path for timeline in timelines)]
        names = ", ".join(map(str, files[:MOST_NAMED]))
        others = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
        if files:
            print(as_line(f"Wrote {names}{others}"))
        if kind is KeyboardInterrupt and self.study.has_journal:
            print("The same command with --continue goes on from here.")

    def _submit(self, task: Callable, *arguments: object, always: bool = False) -> Future[None]:
        """Run a task in the thread; after a failure, until that was raised, only what closes files."""

        def run() -> None:
            try:
                if self._failure is None or always:
                    task(*arguments)
            except BaseException as error:
                self._failure = self._failure or error

        return self._executor.submit(run)

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _keep(self, source: Source, frame: Frame, faces: list[Face], picture: np.ndarray | None, is_new: bool) -> None:
        if self.keeps_pictures and picture is not None:
            self._recorder.write(source, picture, frame.seconds)
        if is_new and self.study.tables:
            self.study.write(source, frame, faces)
        if is_new and self._timeline:
            self._timeline.write(frame.seconds, faces)


def find_targets(output: File, sources: Sequence[Source], force: bool) -> dict[Source, Path]:
    """Return the file for each source's annotated picture or video; none without an output.

    A name without an ending, or with a slash at its end, is a folder. UserError where it does not fit the sources.
    """
    # Of a source that cannot be read, its own reason is told.
    if output is None or all(isinstance(source, Unreadable) for source in sources):
        return {}
    is_folder = Path(output).is_dir() or str(output).endswith(("/", "\\")) or not Path(output).suffix
    output = Path(output)
    if not is_folder:
        wanted = WRITTEN_VIDEO_SUFFIXES if sources[0].is_video else WRITTEN_PICTURE_SUFFIXES
        if output.suffix.lower() not in WRITTEN_VIDEO_SUFFIXES + WRITTEN_PICTURE_SUFFIXES:
            kind = "videos" if sources[0].is_video else "pictures"
            raise UserError(
                f"{output} has an ending that cannot be written: {kind} are written as {', '.join(wanted)}; the name "
                "of a folder ends with a slash."
            )
        if len(sources) > 1:
            raise UserError(f"{output} is one file, but there are {len(sources)} sources: name a folder as --output.")
        if output.suffix.lower() not in wanted:
            raise UserError(f"{output} does not fit {sources[0].name}: name an --output that ends in {wanted[0]}.")
        keep_sources([output], sources)
        claim_output(output, force)
        return {sources[0]: output}
    if output.is_file():
        raise UserError(f"{output} is a file: name a folder, a picture or a video as --output.")
    targets = name_targets(output, sources)
    keep_sources(targets.values(), sources)
    if output.is_dir() and any(output.iterdir()) and not force:
        raise UserError(f"{output} exists already: name another --output, or write into it with --force.")
    check_writable(output)
    return targets
