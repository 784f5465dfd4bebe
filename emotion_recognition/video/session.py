"""The one loop behind test.py and emotions.py: source -> what is read -> text, window and files."""

import datetime
import time
from collections import deque
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition import files
from emotion_recognition.cli.program import as_line
from emotion_recognition.video import overlay

# Frames over which the frames a second are counted.
COUNTED_FRAMES = 30
# Without a window, a camera's readings are printed so often.
PRINT_SECONDS = 1.0


class Session:
    """Reads one source after the other, and shows, prints and keeps what is read."""

    def __init__(self, recogniser, window, recorder, records, writer, smooth, heat=None):
        self.recogniser, self.window, self.heat = recogniser, window, heat
        self.recorder, self.records, self.writer, self.smooth = recorder, records, writer, smooth
        self.is_mirrored = self.is_paused = self.is_over = False

    def run(self, source) -> bool:
        """Read a source to its end; return False when the person wants to see no more."""
        summary = Summary(source.name, self.recogniser.emotions)
        try:
            with closing(self.steps(source)) as steps:
                for reading in steps:
                    summary.add(reading)
        finally:
            if source.is_video and summary.frames:
                print(summary)
        return not self.is_over

    def steps(self, source):
        """Read a source to its end, or until the person wants to see no more; yield what is read in each frame."""
        clock = Clock(source)
        reader = self.recogniser.follow(self.smooth) if source.is_video else self.recogniser
        if self.heat is not None:
            self.heat.start_video()
        # Whatever ends the loop, the source is released and the video completed.
        try:
            with closing(source.frames()) as frames:
                for frame in frames:
                    if frame is None:
                        self.is_over = self.window.is_visible and not self.window.wait()
                    else:
                        seconds = clock.next_frame()
                        reading = reader.read(frame, seconds)
                        self.is_over = not self.take(source, frame, reading, clock)
                        yield reading
                    if self.is_over:
                        return
        finally:
            self.writer.finish(self.recorder.close)

    def take(self, source, frame, reading, clock) -> bool:
        """Keep, print and show what was read in a frame; return False when the person wants to see no more."""
        drawn = None
        if self.recorder.keeps or self.window.is_visible:
            # The viewer of a video must not wait for maps; a file that is written can.
            is_watched = source.is_live or (source.is_video and self.window.is_visible)
            reading = self.with_maps(frame, reading, wait=not is_watched)
            drawn = self.draw(frame, reading)
        self.keep(source, drawn, reading, clock)
        if not source.is_video or (source.is_live and not self.window.is_visible and clock.is_time_to_print()):
            print_reading(source, reading, self.recogniser.emotions)
        return not self.window.is_visible or self.show(frame, drawn, reading, clock)

    def keep(self, source, drawn, reading, clock):
        """Hand a frame and what was read in it to the writer; a camera waits for no disk."""
        if self.recorder.keeps:
            run = self.writer.run_if_there_is_room if source.is_live else self.writer.run
            run(self.recorder.write, source, drawn, clock.seconds)
        if self.records.keeps:
            run = self.writer.run_surely if source.is_live else self.writer.run
            run(self.records.write, source, clock.number, clock.seconds, reading)

    def with_maps(self, frame, reading, wait):
        """Return the reading with the heat maps of its faces, if somebody wants them."""
        wanted = self.heat is not None and self.heat.is_on
        return replace(reading, maps=self.heat.maps(frame, reading, wait) if wanted else None)

    def draw(self, frame, reading):
        """Return the annotated frame."""
        emotions = self.recogniser.emotions
        if reading.maps:
            frame = overlay.draw_heat(frame, reading.boxes, reading.maps)
        return overlay.draw_faces(
            frame, reading.boxes, reading.probabilities, emotions, reading.winners, reading.numbers
        )

    def show(self, frame, drawn, reading, clock) -> bool:
        """Show a frame and obey keys: until it is due, or a picture until a key; False means the end."""
        is_video = clock.source.is_video
        while True:
            view = drawn
            if self.is_mirrored:
                # The frame is mirrored before drawing, so that text stays readable.
                view = self.draw(cv2.flip(frame, 1), reading.mirrored(frame.shape[1]))
            if is_video:
                view = overlay.draw_frame_rate(view, clock.frames_per_second())
            stands = self.is_paused or not is_video
            key = self.window.show(view, 0 if stands else clock.milliseconds_left())
            if key == "m":
                self.is_mirrored = not self.is_mirrored
            elif key == "s":
                save_snapshot(drawn)
            elif key == "h" and self.heat is not None:
                self.heat.is_on = not self.heat.is_on
                reading = self.with_maps(frame, reading, wait=stands)
                drawn = self.draw(frame, reading)
            elif key == " " and is_video:
                self.is_paused = not self.is_paused
                clock.pause(self.is_paused)
            if key == "q" or not (self.is_paused or (not is_video and key in ("m", "s", "h"))):
                return key != "q"


class Clock:
    """The number of a source's frame, from 0, and its time: of a file by its frames, of a camera by the wall clock."""

    def __init__(self, source):
        self.source = source
        self.seconds = 0.0
        self._started = time.monotonic()
        self.number = -1
        self._paused, self._printed = 0.0, -PRINT_SECONDS
        self._shown = deque(maxlen=COUNTED_FRAMES)

    def next_frame(self) -> float:
        """Return the time of the next frame in seconds."""
        self.number += 1
        now = time.monotonic()
        self._shown.append(now)
        self.seconds = now - self._started if self.source.is_live else self.number / self.source.frame_rate
        return self.seconds

    def frames_per_second(self) -> float:
        """Return how many frames a second came lately."""
        lasted = self._shown[-1] - self._shown[0]
        return (len(self._shown) - 1) / lasted if lasted else 0.0

    def milliseconds_left(self) -> int:
        """Return how long the frame stays until the next one is due, at least 1."""
        if self.source.is_live:
            return 1
        due = self._started + (self.number + 1) / self.source.frame_rate
        return max(1, round(1000 * (due - time.monotonic())))

    def pause(self, is_paused: bool):
        """Stand still, or go on where it stood."""
        if is_paused:
            self._paused = time.monotonic()
        else:
            self._started += time.monotonic() - self._paused
            self._shown.clear()
            self._shown.append(time.monotonic())

    def is_time_to_print(self) -> bool:
        """Return whether another second has gone by since this was last so."""
        is_time = self.seconds - self._printed >= PRINT_SECONDS
        if is_time:
            self._printed = self.seconds
        return is_time


class Summary:
    """Counts the faces of a video and averages their probabilities."""

    def __init__(self, name, emotions):
        self.name, self.emotions = as_line(name), emotions
        self.frames = self.faces = 0
        self.total = np.zeros(len(emotions))

    def add(self, reading):
        """Take the reading of the next frame."""
        self.frames += 1
        self.faces += len(reading.boxes)
        self.total += reading.probabilities.sum(axis=0)

    def __str__(self):
        average = f": {describe(self.total / self.faces, self.emotions)}" if self.faces else ""
        return f"{self.name}: {self.faces} faces in {self.frames} frames{average}"


def describe(probabilities, emotions) -> str:
    """Return emotions and probabilities in words, the most probable first."""
    order = np.argsort(-probabilities, kind="stable")
    return ", ".join(f"{emotions[index]} {probabilities[index]:.1%}" for index in order)


def print_reading(source, reading, emotions):
    """Print a line for each face of a picture, or of a camera at this moment, or that there is none."""
    name = as_line(source.name)
    if not reading.boxes:
        advice = "" if source.is_video else "; --whole auto reads such a picture as one face"
        print(f"{name}: no face found{advice}")
    for (x, y, width, height), row in zip(reading.boxes, reading.probabilities, strict=True):
        print(f"{name}: face at ({x}, {y}), {width}x{height}: {describe(row, emotions)}", flush=True)


def save_snapshot(frame):
    """Write the annotated frame into the current folder, under a name with date and time."""
    path = Path(f"snapshot_{datetime.datetime.now():%Y-%m-%d_%H%M%S_%f}.png")
    files.write_picture(path, frame)
    print(f"Wrote {path}")
