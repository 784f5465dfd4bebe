"""What a person sees in the window and in files, and what the keys of the window change."""

import datetime

import numpy as np

from emotion_recognition.files import write_picture
from emotion_recognition.recogniser import Face
from emotion_recognition.video.blur import NOTE, VideoBlur
from emotion_recognition.video.capture import Frame, Source
from emotion_recognition.video.heat import HeatMaps
from emotion_recognition.video.overlay import KEYS, Maps, annotate, draw_notes
from emotion_recognition.video.playback import Playback
from emotion_recognition.video.window import Window


class Viewer:
    """The window, and what its keys change; with `is_blurred`, no face can be recognised there and in files."""

    def __init__(self, window: Window, heat: HeatMaps, is_blurred: bool = False) -> None:
        self.window, self.heat = window, heat
        self.is_mirrored = self.shows_help = False
        self._blur = VideoBlur() if is_blurred else None
        if is_blurred:
            print(NOTE)

    def start_video(self) -> None:
        """Take the frames from here on for those of another source."""
        self.heat.start_video()
        self._blur = VideoBlur() if self._blur else None

    def draw(self, frame: Frame, faces: list[Face], maps: Maps, is_mirrored: bool = False) -> np.ndarray:
        """Return the annotated picture of a frame, uint8 (height, width, 3)."""
        picture = pixels_of(frame)
        picture = self._blur.blur(picture, faces, frame.seconds) if self._blur else picture
        return annotate(picture, faces, maps, is_mirrored)

    def show(self, source: Source, playback: Playback, frame: Frame, faces: list[Face], maps: Maps) -> str:
        """Show a frame, of a video until the next is due, a picture until a key; return what ends the source."""
        playback.next_frame()
        while True:
            view = self.draw(frame, faces, maps, self.is_mirrored)
            rate = [f"{playback.frames_per_second():.0f} frames/s"] if source.is_video else []
            stands = playback.is_paused or not source.is_video
            left = 0 if stands else playback.milliseconds_left(frame.seconds)
            key = self.window.show(draw_notes(view, KEYS if self.shows_help else rate), left)
            match key:
                case "quit" | "next" | "previous":
                    return key
                case "snapshot":
                    save_snapshot(self.draw(frame, faces, maps))
                case "mirror":
                    self.is_mirrored = not self.is_mirrored
                case "help":
                    self.shows_help = not self.shows_help
                case "heat":
                    self.heat.is_on = not self.heat.is_on
                case "pause":
                    playback.pause()
            if source.is_video and not playback.is_paused:
                return ""
            if key in ("heat", "pause"):
                # While a video plays, its maps are those of earlier frames.
                maps = self.heat.maps(pixels_of(frame), faces, wait=True)


def save_snapshot(picture: np.ndarray) -> None:
    """Write a picture, uint8 (height, width, 3), into the current folder, under a name with date and time; say so."""
    path = f"snapshot_{datetime.datetime.now():%Y-%m-%d_%H%M%S_%f}.png"
    try:
        write_picture(path, picture)
        print(f"Wrote {path}")
    except OSError as error:
        # What is recorded meanwhile goes on.
        print(f"{path} cannot be written here ({error.strerror}): start from another folder.")


def pixels_of(frame: Frame) -> np.ndarray:
    """Return the picture of a frame that has one; a camera with nothing new shows nothing."""
    assert frame.picture is not None
    return frame.picture
