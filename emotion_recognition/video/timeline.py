"""The emotions of each face over the time of a video, gathered as it goes and drawn at its end."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from emotion_recognition.errors import UserError, as_line
from emotion_recognition.files import written_whole
from emotion_recognition.labels import hex_colour
from emotion_recognition.recogniser import Face
from emotion_recognition.video.capture import Source
from emotion_recognition.video.sources import Unreadable

# However long a video is, its timeline keeps so many intervals, and the faces that were seen longest.
MOST_INTERVALS, MOST_FACES = 480, 64
SHORTEST_INTERVAL = 0.1
# More faces would make the picture taller than a page.
MOST_DRAWN = 8
# What is seen for less is most often no face, or one that was lost and found again.
SHORTEST_SECONDS = 1.0


def check_timeline(path: str | Path, sources: Sequence[Source]) -> None:
    """Refuse a timeline that is no PNG picture, or of other than one video or camera."""
    # Of a source that cannot be read, its own reason is told.
    if len(sources) > 1 or not (sources[0].is_video or isinstance(sources[0], Unreadable)):
        raise UserError("--timeline draws one video or camera: name a single one.")
    if Path(path).suffix.lower() != ".png":
        raise UserError(f"{path}: a timeline is a picture; name a --timeline that ends in .png.")
    if find_spec("matplotlib") is None:
        raise UserError("--timeline draws with Matplotlib: install it with `pip install matplotlib`.")


class Timeline:
    """Gathers the emotions of the faces of the source `name`, in memory that does not grow with its length."""

    def __init__(self, path: str | Path, name: str, emotions: tuple[str, ...]) -> None:
        self.path, self._name, self._emotions = path, name, emotions
        self.interval = SHORTEST_INTERVAL
        self._first: float | None = None
        # Seconds from the first frame to the last one.
        self._length = 0.0
        # In how many frames of an interval a face was seen, and the sum of its probabilities there.
        self.frames = np.zeros(MOST_INTERVALS, np.int64)
        self.faces: dict[int, np.ndarray] = {}
        # How many faces are not drawn: those that were seen too short, and others of too many.
        self._short = self._others = 0

    def write(self, seconds: float, faces: list[Face]) -> None:
        """Take the faces of the frame at this time."""
        self._first = seconds if self._first is None else self._first
        self._length = seconds - self._first
        while self._length >= MOST_INTERVALS * self.interval:
            self.interval *= 2
            self.frames = halve(self.frames)
            self.faces = {track: halve(sums) for track, sums in self.faces.items()}
        place = int(self._length / self.interval)
        self.frames[place] += 1
        seen = {face.track: face.probabilities for face in faces if face.track is not None}
        for track, probabilities in seen.items():
            if track not in self.faces:
                self._forget_shortest(seen)
                self.faces[track] = np.zeros((MOST_INTERVALS, 1 + len(self._emotions)))
            self.faces[track][place] += (1, *probabilities.values())

    def _forget_shortest(self, seen: dict) -> None:
        others = [track for track in self.faces if track not in seen]
        if len(self.faces) >= MOST_FACES and others:
            self._leave_out(min(others, key=self._seconds))

    def _seconds(self, track: int) -> float:
        """Return for how long a face was seen."""
        return float(self.faces[track][:, 0].sum() * self._length / max(1, self.frames.sum() - 1))

    def _leave_out(self, track: int) -> None:
        is_short = self._seconds(track) < SHORTEST_SECONDS
        self._short, self._others = self._short + is_short, self._others + (not is_short)
        del self.faces[track]

    def close(self) -> None:
        """Draw the picture: the faces that were seen longest, in the order of their numbers."""
        # Imported here: Matplotlib takes a second to start, and few runs draw a timeline.
        import matplotlib
        from matplotlib.figure import Figure
        from matplotlib.patches import Patch

        for place, track in enumerate(sorted(self.faces, key=self._seconds, reverse=True)):
            if place >= MOST_DRAWN or self._seconds(track) < SHORTEST_SECONDS:
                self._leave_out(track)
        length = int(self._length / self.interval) + 1
        frames, edges = self.frames[:length], (self._first or 0.0) + np.arange(length + 1) * self.interval
        # Between two frames that are farther apart than an interval, nothing new is known.
        known = np.maximum.accumulate(np.where(frames > 0, np.arange(length), 0))
        colours = [hex_colour(emotion) for emotion in self._emotions]
        # Names of files may hold dollars, between which Matplotlib would read a formula.
        with matplotlib.rc_context({"text.parse_math": False}), written_whole(self.path) as temporary:
            figure = Figure(figsize=(10, 1.8 + 1.5 * max(1, len(self.faces))), layout="constrained")
            rows = figure.subplots(max(1, len(self.faces)), 1, sharex=True, squeeze=False)[:, 0]
            for axes, track in zip(rows, sorted(self.faces), strict=False):
                draw_face(axes, self.faces[track][known], edges, colours)
                share = self.faces[track][:, 0].sum() / max(1, frames.sum())
                axes.set_title(f"face {track}, seen {share:.0%} of the time", loc="left", size=10)
            for axes in rows:
                axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1), ylabel="probability")
            if not self.faces:
                text = "no face was seen for a second" if self._short else "no face was seen"
                rows[0].text(0.5, 0.5, text, ha="center", va="center", transform=rows[0].transAxes)
            rows[-1].set_xlabel("seconds")
            figure.suptitle("\n".join([f"{as_line(self._name)}: {frames.sum():,} frames", *self.left_out()]), size=12)
            handles = [Patch(color=colour, label=name) for name, colour in zip(self._emotions, colours, strict=True)]
            title = "A face is a track, not a person. Its areas add up to 1; where there is none, it was not seen."
            figure.legend(handles=handles, title=title, loc="outside lower center", ncols=len(handles), frameon=False)
            figure.savefig(temporary, dpi=120)

    def left_out(self) -> list[str]:
        """Return in a line, if there are any, how many faces are not drawn, and why."""
        counts = {"seen for less than a second": self._short, "seen shorter than these": self._others}
        parts = [f"{count} face{'s' * (count > 1)} {why}" for why, count in counts.items() if count]
        return [f"not drawn: {', '.join(parts)}"] if parts else []


def draw_face(axes: Any, sums: np.ndarray, edges: np.ndarray, colours: list[str]) -> None:
    """Draw the mean probabilities of a face as areas above each other, with gaps where it was not seen."""
    heights = np.cumsum(sums[:, 1:] / np.maximum(sums[:, :1], 1), axis=1)
    for place, colour in enumerate(colours):
        lower = heights[:, place - 1] if place else np.zeros(len(sums))
        axes.stairs(heights[:, place], edges, baseline=lower, fill=True, color=colour)


def halve(sums: np.ndarray) -> np.ndarray:
    """Return sums over intervals (n, ...) as sums over intervals twice as long, with room for as many more."""
    return np.concatenate([sums[::2] + sums[1::2], np.zeros_like(sums[: len(sums) // 2])])
