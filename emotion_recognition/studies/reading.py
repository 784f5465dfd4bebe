"""One source read from its first frame to its last: what test.py, its processes and archive.py have in common.

settings = ReadingSettings()
recogniser = settings.open_recogniser()
for source in find_sources(["clip.mp4"]):
    rows = []
    with source:
        summary, tracks = read_source(source, recogniser, settings, rows.extend)
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from emotion_recognition import __version__
from emotion_recognition.errors import UserError
from emotion_recognition.faces.detectors import open_detector
from emotion_recognition.faces.views import DEFAULT_VIEWS
from emotion_recognition.models.lite import file_digest
from emotion_recognition.recogniser import MODEL, SMOOTH, EmotionRecogniser, Face
from emotion_recognition.studies.glance import Glance
from emotion_recognition.studies.summary import (
    NO_FACE,
    PARTLY_READ,
    READ,
    UNREADABLE,
    SourceSummary,
    Tally,
    TrackSummary,
)
from emotion_recognition.studies.table import Row, make_rows
from emotion_recognition.video.capture import Frame, Source


@dataclass(frozen=True)
class ReadingSettings:
    """All that decides what is read in a source: plain values, which another process or machine can be given.

    The first ones are those of `EmotionRecogniser` and its detector. `smooth` is the time in seconds over which the
    probabilities of a face in a video are averaged. Of a video file, `every` reads a frame each so many seconds (0:
    all), from `start` to before `end`, in seconds. With `all_frames`, a frame without a face is a row too. Where a
    `report` will be written, a picture of each source is kept for it, blurred unless `blur` is False.
    """

    model: str | Path = MODEL
    emotions: str | None = None
    pixel_range: str | None = None
    detector: str | Path = "haar"
    min_face: int | None = None
    min_score: float | None = None
    whole: str = "never"
    views: int = DEFAULT_VIEWS
    smooth: float = SMOOTH
    every: float = 0.0
    start: float = 0.0
    end: float | None = None
    all_frames: bool = False
    report: str | Path | None = None
    blur: bool | None = None

    def open_recogniser(self) -> EmotionRecogniser:
        """Return a recogniser with these settings; UserError says what is wrong with a file."""
        detector = open_detector(self.detector, self.min_face, self.min_score)
        return EmotionRecogniser(
            self.model,
            detector,
            whole=self.whole,
            views=self.views,
            emotions=self.emotions,
            pixel_range=self.pixel_range,
        )

    def model_digest(self) -> str:
        """Return the SHA-256 of the model's file; "" for a classifier that is loaded already."""
        return digest_of(str(self.model)) if isinstance(self.model, str | Path) else ""


class SourceReader:
    """Reads one source, once: `for frame, faces in reader`; afterwards, `summary` and `tracks` tell what it held.

    `is_done` tells whether there is nothing more to read in it: it has ended or broken off. Who leaves a video before,
    and will not come back, sets it.
    """

    def __init__(self, source: Source, recogniser: EmotionRecogniser, settings: ReadingSettings) -> None:
        self.is_done = self._has_ended = False
        self._source, self._recogniser, self._settings = source, recogniser, settings
        self._tally, self._failure = Tally(recogniser.emotions), ""
        self._glance = Glance(recogniser.emotions, settings.blur is not False) if settings.report else None
        source.choose(settings.every, settings.start, settings.end)

    def __iter__(self) -> Iterator[tuple[Frame, list[Face]]]:
        """Yield frames and their faces; the picture is None where a camera has nothing new.

        UserError, which names the source, where it cannot be read or breaks off.
        """
        source, follower = self._source, self._recogniser.follow(self._settings.smooth)
        try:
            for frame in source:
                faces: list[Face] = []
                if frame.picture is not None:
                    faces = (
                        follower.read(frame.picture, frame.seconds)
                        if source.is_video
                        else self._recogniser.read(frame.picture)
                    )
                    self._tally.add(frame.seconds, faces)
                    if self._glance:
                        self._glance.add(frame, faces)
                yield frame, faces
        except (UserError, OSError) as error:
            reason = str(error) if isinstance(error, UserError) else f"{error.strerror or error}"
            raise self.break_off(reason) from error
        self.is_done = self._has_ended = True

    def break_off(self, reason: str) -> UserError:
        """Note that nothing more can be read, or kept, of this source; return the error to raise, which names it."""
        name, path = self._source.name, self._source.path
        # Of a file in the folder "." or "./photos", the path is written shorter than the name.
        is_named = name in reason or (path is not None and str(path) in reason)
        self._failure, self.is_done = reason if is_named else f"{name}: {reason}", True
        return UserError(self._failure)

    def summary(self) -> SourceSummary:
        """Return what was read so far."""
        source, tally = self._source, self._tally
        is_whole = not self._failure and (self._has_ended or source.is_live or not source.is_video)
        status = PARTLY_READ if tally.frames else UNREADABLE
        if is_whole:
            status = READ if tally.frames_with_face else NO_FACE
        rate = source.file_rate if source.is_video and tally.frames else None
        return SourceSummary(
            source=source.name,
            status=status,
            reason=self._failure or (None if is_whole else "it was left before its end"),
            frames=tally.frames,
            rate=rate and round(rate, 3),
            seconds=round(tally.last - tally.first + 1 / rate, 3) if rate else None,
            frames_with_face=tally.frames_with_face,
            model=self._settings.model_digest(),
            version=__version__,
            timeline=self._glance.timeline() if self._glance else [],
            thumbnail=self._glance.thumbnail() if self._glance else "",
            **tally.values(),
        )

    def tracks(self) -> list[TrackSummary]:
        """Return what was read so far of each track."""
        return self._tally.tracks(self._source.name)


def read_source(
    source: Source, recogniser: EmotionRecogniser, settings: ReadingSettings, take: Callable[[list[Row]], object]
) -> tuple[SourceSummary, list[TrackSummary]]:
    """Read a whole source, and hand the rows of each frame (see `table.make_rows`) to `take`, in order.

    A source that cannot be read, or breaks off, raises nothing: the status and the reason of the summary tell it. What
    `take` raises is passed on. `recogniser` may serve any number of sources, one after the other.
    """
    reader = SourceReader(source, recogniser, settings)
    emotions = recogniser.emotions if settings.all_frames else ()
    frames = iter(reader)
    while True:
        try:
            frame, faces = next(frames)
        except (StopIteration, UserError):
            return reader.summary(), reader.tracks()
        take(make_rows(source.name, frame.number, frame.seconds, faces, emotions))


@cache
def digest_of(model: str) -> str:
    """Return the SHA-256 of a model's file; it is read once."""
    return file_digest(model)
