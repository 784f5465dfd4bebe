"""What was read, kept for analysis: rows in CSV or JSON lines as it goes, and a timeline at the end."""

import csv
import io
import json
from pathlib import Path

import numpy as np

from emotion_recognition.cli.program import as_line
from emotion_recognition.errors import UserError
from emotion_recognition.files import claim_output
from emotion_recognition.video.sources import keep_sources

COLUMNS = ("source", "frame", "seconds", "face", "x", "y", "width", "height", "emotion")

# However long a video is, its timeline keeps so many intervals, and the faces that were seen longest.
MOST_INTERVALS, MOST_FACES = 480, 64
SHORTEST_INTERVAL = 0.1


def make_rows(source, number: int, seconds: float, reading, emotions) -> list[dict]:
    """Return a dict for each face of a frame: `COLUMNS`, and the probability of each emotion under its name."""
    numbers = reading.numbers or range(1, len(reading.boxes) + 1)
    faces = zip(numbers, reading.boxes, reading.winners, reading.probabilities, strict=True)
    return [
        dict(zip(COLUMNS, (source.name, number, round(seconds, 3), face, *box, emotions[winner]), strict=True))
        | {emotion: round(float(value), 4) for emotion, value in zip(emotions, row, strict=True)}
        for face, box, winner, row in faces
    ]


def csv_lines(rows: list[dict]) -> str:
    """Return rows as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(row.values() for row in rows)
    return text.getvalue()


def json_lines(rows: list[dict]) -> str:
    """Return rows as lines of JSON."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class RowFile:
    """A file to which whole lines are appended as they come: whatever happens, it ends with a whole line."""

    def __init__(self, path, as_lines, heading: str = ""):
        self._path, self._as_lines, self._heading = Path(path), as_lines, heading
        self._file = None

    def write(self, rows: list[dict]):
        """Append rows; OSError, and none of them in the file, where the disk is full."""
        if self._file is None:
            # Not before: where nothing can be read, rows of an earlier run stay.
            # Without a buffer, so that what was written is in the system's hands even if this process is killed.
            self._file = self._path.open("wb", buffering=0)
            self._append(self._heading)
        self._append(self._as_lines(rows))

    def _append(self, text: str):
        # Names of files need not be UTF-8.
        data, end = memoryview(text.encode(errors="backslashreplace")), self._file.tell()
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            self._file.truncate(end)
            error.filename = str(self._path)
            raise

    def close(self):
        """Close the file, if it was ever opened."""
        if self._file is not None:
            self._file.close()


class Timeline:
    """Gathers the emotions of each face over the time of one video, in memory that does not grow with it."""

    def __init__(self, path, source, emotions):
        self._path, self._source, self._emotions = path, source, emotions
        self._interval, self._last = SHORTEST_INTERVAL, 0.0
        self._frames = np.zeros(MOST_INTERVALS, np.int64)
        self._faces = {}

    def write(self, seconds: float, reading):
        """Take what was read in a frame at this time."""
        while seconds >= MOST_INTERVALS * self._interval:
            self._interval *= 2
            self._frames = halve(self._frames)
            self._faces = {number: halve(sums) for number, sums in self._faces.items()}
        place, self._last = int(seconds / self._interval), seconds
        self._frames[place] += 1
        for number, row in zip(reading.numbers, reading.probabilities, strict=True):
            if number not in self._faces:
                self._forget_shortest(reading.numbers)
                self._faces[number] = np.zeros((MOST_INTERVALS, 1 + len(self._emotions)))
            self._faces[number][place] += (1, *row)

    def _forget_shortest(self, seen):
        others = [number for number in self._faces if number not in seen]
        if len(self._faces) >= MOST_FACES and others:
            del self._faces[min(others, key=lambda number: self._faces[number][:, 0].sum())]

    def close(self):
        """Draw the picture."""
        from emotion_recognition.evaluation import figures

        length = int(self._last / self._interval) + 1
        seen = {number: sums[:length] for number, sums in self._faces.items()}
        title = f"{as_line(self._source.name)}: {self._frames.sum():,} frames"
        figures.timeline(seen, self._frames[:length], self._interval, self._emotions, title, self._path)


def halve(sums: np.ndarray) -> np.ndarray:
    """Return sums over intervals (n, ...) as sums over intervals twice as long, with room for as many more."""
    return np.concatenate([sums[::2] + sums[1::2], np.zeros_like(sums[: len(sums) // 2])])


def check_records(arguments, sources):
    """Refuse what cannot be kept, before any work is done for it."""
    for flag in ("csv", "jsonl", "timeline"):
        path = getattr(arguments, flag)
        if path:
            keep_sources([path], sources, f"--{flag}")
            claim_output(path, arguments.force, f"--{flag}")
    outputs = arguments.csv, arguments.jsonl, arguments.timeline, arguments.output
    named = [Path(path).resolve() for path in outputs if path]
    if len(set(named)) < len(named):
        raise UserError("--csv, --jsonl, --timeline and --output name one file twice: give each a name of its own.")
    if arguments.timeline and (len(sources) > 1 or not sources[0].is_video):
        raise UserError("--timeline draws one video or camera: name a single one.")
    if arguments.timeline and Path(arguments.timeline).suffix.lower() != ".png":
        raise UserError(f"{arguments.timeline}: a timeline is a picture; name a --timeline that ends in .png.")


class Records:
    """Everything that is kept of what was read, as the arguments name it."""

    def __init__(self, arguments, sources, emotions):
        self._emotions = emotions
        self._files, self._timeline = [], None
        if arguments.csv:
            self._files.append(RowFile(arguments.csv, csv_lines, ",".join((*COLUMNS, *emotions)) + "\n"))
        if arguments.jsonl:
            self._files.append(RowFile(arguments.jsonl, json_lines))
        if arguments.timeline:
            self._timeline = Timeline(arguments.timeline, sources[0], emotions)
        self.keeps = bool(self._files or self._timeline)

    def write(self, source, number: int, seconds: float, reading):
        """Take what was read in a frame."""
        rows = make_rows(source, number, seconds, reading, self._emotions) if self._files else []
        for file in self._files:
            file.write(rows)
        if self._timeline:
            self._timeline.write(seconds, reading)

    def close(self):
        """Complete every file."""
        for file in self._files:
            file.close()
        if self._timeline:
            self._timeline.close()
