"""How far all sources are, with the time that is left: a bar on a terminal, else a line now and then."""

import logging
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from emotion_recognition.errors import as_line
from emotion_recognition.video.capture import Frame, Source

logger = logging.getLogger(__name__)

# Without a terminal, a line is written so often.
LINE_SECONDS = 60.0


class Progress:
    """The progress of a run: `with Progress(sources) as progress`. A single source, and live ones, have none.

    Sources count by the size of their files, since nothing else is known of all of them before they are read.
    """

    def __init__(self, sources: Sequence[Source], is_wanted: bool = True) -> None:
        self._sizes = {source: size_of(source) for source in sources}
        self._done, self._number, self._count = 0.0, 0, len(sources)
        self._started = self._told = time.monotonic()
        self._bar: Any = None
        if is_wanted and len(sources) > 1:
            # Imported here, for a single picture is read in the time that this takes.
            from tqdm import tqdm

            self._bar = tqdm(
                desc=self._describe(),
                total=sum(self._sizes.values()),
                disable=not sys.stderr.isatty(),
                file=sys.stderr,
                leave=False,
                bar_format="{desc} {percentage:3.0f}%|{bar}| {remaining} left",
            )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def see(self, source: Source, frame: Frame) -> None:
        """Note that this frame of a source has been read."""
        if source.seconds:
            self._show(self._sizes.get(source, 0.0) * min(1.0, frame.seconds / source.seconds))

    def end(self, source: Source) -> None:
        """Note that a source has been read."""
        self._done, self._number = self._done + self._sizes.pop(source, 0.0), self._number + 1
        self._show(0.0)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        with self._aside():
            print(text, flush=True)

    def warn(self, sentence: str) -> None:
        """Print, on standard error, what a person can mend."""
        with self._aside():
            print(as_line(sentence), file=sys.stderr)

    def _aside(self) -> AbstractContextManager[Any]:
        """Return what keeps the bar out of the way while something is printed."""
        return nullcontext() if self._bar is None else self._bar.external_write_mode()

    def _show(self, part: float) -> None:
        """Show how far it is, with a part of the current source."""
        if self._bar is None:
            return
        done = self._done + part
        self._bar.set_description_str(self._describe(), refresh=False)
        self._bar.update(done - self._bar.n)
        now = time.monotonic()
        if self._bar.disable and now - self._told >= LINE_SECONDS:
            self._told = now
            left = (now - self._started) * (self._bar.total - done) / done if done else 0.0
            logger.info("%s, about %s left.", self._describe(), self._bar.format_interval(left))

    def _describe(self) -> str:
        return f"{self._number} of {self._count} sources are read"


def size_of(source: Source) -> float:
    """Return the size of a source's file in bytes, at least 1."""
    try:
        return max(1.0, float(source.path.stat().st_size)) if source.path else 1.0
    except OSError:
        return 1.0
