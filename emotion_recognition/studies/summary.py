"""What a source held, summed up: a row for each source, and one for each track."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from emotion_recognition.recogniser import Face

READ, NO_FACE, PARTLY_READ, UNREADABLE = "read", "no face", "partly read", "unreadable"


@dataclass(frozen=True)
class TrackSummary:
    """A track: a face that was followed through a video, or one of the faces of a picture. It is not a person.

    `first` and `last` are the times in seconds of its first and last frame, `frames` is how many it was seen in,
    `mean_width` is that of its box in pixels, `mean_score` that of the detector, None where it gives none, and
    `share_unclear` the share of its frames in which two emotions were too close to choose. `means` has the mean
    probability of each emotion, `shares` the share of its frames in which it was the one shown; all shares are 0 to 1.
    """

    source: str
    face: int
    first: float
    last: float
    frames: int
    mean_width: float
    mean_score: float | None
    share_unclear: float
    means: dict[str, float]
    shares: dict[str, float]

    def row(self) -> dict[str, Any]:
        """Return the columns of a table: each emotion has one of its own."""
        return flat(asdict(self))


@dataclass(frozen=True)
class SourceSummary:
    """A picture or a video.

    `status` is "read", "no face", "partly read" or "unreadable", and `reason` says why it is one of the last two.
    `frames` is how many were read, `rate` the frames a second that a video states, `seconds` the time from its first
    frame read to the end of its last one (None for a picture). `tracks` is how many tracks it has. `mean_score`,
    `share_unclear`, `means` and `shares` are those of `TrackSummary`, over all faces in all frames; None without any
    face. `model` is the SHA-256 of the model's file, `version` that of this package. `timeline` and `thumbnail` are for
    a report (see `glance.Glance`), and no columns.
    """

    source: str
    status: str
    reason: str | None
    frames: int
    rate: float | None
    seconds: float | None
    frames_with_face: int
    tracks: int
    mean_score: float | None
    share_unclear: float | None
    means: dict[str, float | None]
    shares: dict[str, float | None]
    model: str
    version: str
    timeline: list[list[float]] = field(default_factory=list)
    thumbnail: str = ""

    def row(self) -> dict[str, Any]:
        """Return the columns of a table: each emotion has one of its own."""
        values = flat(asdict(self))
        del values["timeline"], values["thumbnail"]
        with_face = values.pop("frames_with_face")
        seen = with_face / self.frames if self.frames else None
        before = ("source", "status", "reason", "frames", "rate", "seconds")
        return {name: values.pop(name) for name in before} | {"share_with_face": rounded(seen)} | values


def summary_columns(emotions: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the columns of a table of sources, and of one of tracks."""
    averages = Averages().values(emotions)
    source = SourceSummary("", READ, None, 0, None, None, 0, 0, **averages, model="", version="")
    return list(source.row()), list(TrackSummary("", 0, 0, 0, 0, 0, **averages).row())


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Return a summary's values with a column mean_EMOTION and share_EMOTION for each emotion, at the end."""
    means, shares = values.pop("means"), values.pop("shares")
    return (
        values
        | {f"mean_{emotion}": value for emotion, value in means.items()}
        | {f"share_{emotion}": value for emotion, value in shares.items()}
    )


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Return a number as it is written; None stays None."""
    return None if value is None else round(value, digits)


class Averages:
    """Sums over faces, and what they are on average."""

    def __init__(self) -> None:
        self.faces = self._scored = self._unclear = 0
        self._scores = 0.0
        self._probabilities: Counter[str] = Counter()
        self._shown: Counter[str] = Counter()

    def add(self, face: Face) -> None:
        """Take a face of a frame."""
        self.faces += 1
        self._unclear += face.unclear is not None
        if face.score is not None:
            self._scored, self._scores = self._scored + 1, self._scores + face.score
        self._probabilities.update(face.probabilities)
        self._shown[face.emotion] += 1

    def values(self, emotions: Sequence[str]) -> dict[str, Any]:
        """Return mean score, share of unclear ones, means and shares; None where there is nothing to average."""

        def share(value: float) -> float | None:
            return rounded(value / self.faces) if self.faces else None

        return {
            "mean_score": rounded(self._scores / self._scored) if self._scored else None,
            "share_unclear": share(self._unclear),
            "means": {emotion: share(self._probabilities[emotion]) for emotion in emotions},
            "shares": {emotion: share(self._shown[emotion]) for emotion in emotions},
        }


@dataclass
class TrackTally:
    """What was counted of one track: its first and last time in seconds, and the sum of its widths in pixels."""

    first: float
    last: float = 0.0
    total_width: int = 0
    averages: Averages = field(default_factory=Averages)


class Tally:
    """Counts what is in the frames of one source, in memory that grows only with the number of its tracks."""

    def __init__(self, emotions: Sequence[str]) -> None:
        self.frames = self.frames_with_face = 0
        self.first = self.last = 0.0
        self.all = Averages()
        self._emotions = tuple(emotions)
        self._tracks: dict[int, TrackTally] = {}

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Take the faces of the frame at this time."""
        if self.frames == 0:
            self.first = seconds
        self.last = seconds
        self.frames += 1
        self.frames_with_face += bool(faces)
        for place, face in enumerate(faces, start=1):
            track = self._tracks.setdefault(face.track or place, TrackTally(first=seconds))
            track.last = seconds
            track.total_width += face.box[2]
            track.averages.add(face)
            self.all.add(face)

    def tracks(self, source: str) -> list[TrackSummary]:
        """Return a summary for each track, by its number."""
        return [
            TrackSummary(
                source,
                number,
                round(track.first, 3),
                round(track.last, 3),
                track.averages.faces,
                round(track.total_width / track.averages.faces, 1),
                **track.averages.values(self._emotions),
            )
            for number, track in sorted(self._tracks.items())
        ]

    def values(self) -> dict[str, Any]:
        """Return the averages of all faces, and the number of tracks."""
        return {"tracks": len(self._tracks), **self.all.values(self._emotions)}
