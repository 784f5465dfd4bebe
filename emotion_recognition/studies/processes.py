"""Many sources read by several processes at once, and handed over in their order."""

import functools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass

import cv2

from emotion_recognition.errors import UserError
from emotion_recognition.recogniser import EmotionRecogniser
from emotion_recognition.studies.reading import ReadingSettings, read_source
from emotion_recognition.studies.summary import SourceSummary, TrackSummary
from emotion_recognition.studies.table import Row, Table, encoded
from emotion_recognition.video.capture import Source

# Sources that are read, or wait for an earlier one, for each process: their rows are in memory.
MOST_AHEAD = 4

Prepare = Callable[[], AbstractContextManager]
AsLines = Callable[[Iterable[Row]], str]


@dataclass(frozen=True)
class ReadSource:
    """What another process has read: the lines for each table by its flag, and what they hold."""

    lines: dict[str, bytes]
    summary: SourceSummary
    tracks: list[TrackSummary]


@functools.cache
def open_once(settings: ReadingSettings) -> EmotionRecogniser:
    """Return the recogniser of this process."""
    return settings.open_recogniser()


def read(source: Source, settings: ReadingSettings, forms: dict[str, AsLines]) -> ReadSource:
    """Read a source in this process."""
    lines = {flag: bytearray() for flag in forms}

    def take(rows: list[Row]) -> None:
        for flag, as_lines in forms.items():
            lines[flag] += encoded(as_lines(rows))

    with source:
        summary, tracks = read_source(source, open_once(settings), settings, take)
    return ReadSource({flag: bytes(text) for flag, text in lines.items()}, summary, tracks)


def start_process(prepare: Prepare, threads: int, settings: ReadingSettings) -> None:
    """Make a new process ready: it ends with the one that has started it, even if that is killed."""
    cv2.setNumThreads(threads)
    with prepare():
        open_once(settings)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def read_in_processes(
    sources: Sequence[Source],
    jobs: int,
    settings: ReadingSettings,
    tables: Sequence[Table],
    prepare: Prepare,
) -> Generator[tuple[Source, ReadSource]]:
    """Yield each source and what it held, in the order of the sources, read by so many processes.

    `prepare`, a function of a module, sets up each new process, and is left when its recogniser is open. UserError
    where one of them dies.
    """
    forms = {table.flag: table.as_lines for table in tables}
    threads = max(1, (os.cpu_count() or 1) // jobs)
    executor = ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=start_process, initargs=(prepare, threads, settings)
    )
    left, running = iter(sources), deque[tuple[Source, Future[ReadSource]]]()
    try:
        while True:
            while len(running) < MOST_AHEAD * jobs and (source := next(left, None)):
                running.append((source, executor.submit(read, source, settings, forms)))
            if not running:
                break
            source, task = running[0]
            result = task.result()
            running.popleft()
            yield source, result
    except BrokenProcessPool as error:
        names = ", ".join([source.name for source, task in running if task.exception()][:jobs])
        raise UserError(
            f"A process has died (is the memory full?) while it read one of {names}: what came before is kept; go on "
            "with --continue, with fewer --jobs."
        ) from error
    except BaseException:
        # Nobody waits for what they are reading.
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
