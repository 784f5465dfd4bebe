"""What a person sees in the window and in files, and what the keys of the window change."""

import numpy as np

from emotion_recognition.video.blur import NOTE, VideoBlur
from emotion_recognition.video.overlay import KEYS, annotate, draw_notes
from emotion_recognition.video.snapshot import save_snapshot


class Viewer:
    """The window, and what its keys change; with `is_blurred`, no face can be recognised there and in files."""

    def __init__(self, window, heat, is_blurred=False):
        self.window, self.heat = window, heat
        self.is_mirrored = self.shows_help = False
        self._blur = VideoBlur() if is_blurred else None
        if is_blurred:
            print(NOTE)

    def start_video(self) -> None:
        """Take the frames from here on for those of another source."""
        self.heat.start_video()
        self._blur = VideoBlur() if self._blur else None

    def draw(self, frame, faces, maps, is_mirrored=False) -> np.ndarray:
        """Return the annotated picture of a frame, uint8 (height, width, 3)."""
        picture = self._blur.blur(frame.picture, faces, frame.seconds) if self._blur else frame.picture
        return annotate(picture, faces, maps, is_mirrored)

    def show(self, source, playback, frame, faces, maps) -> str:
        """Show a frame, of a video until the next is due, a picture until a key; return what ends the source."""
        playback.next_frame()
        while True:
            view = self.draw(frame, faces, maps, self.is_mirrored)
            rate = [f"{playback.frames_per_second():.0f} frames/s"] if source.is_video else []
            stands = playback.is_paused or not source.is_video
            left = 0 if stands else playback.milliseconds_left(frame.seconds)
            match self.window.show(draw_notes(view, KEYS if self.shows_help else rate), left):
                case "quit" | "next" | "previous" as key:
                    return key
                case "snapshot":
                    save_snapshot(self.draw(frame, faces, maps))
                case "mirror":
                    self.is_mirrored = not self.is_mirrored
                case "help":
                    self.shows_help = not self.shows_help
                case "heat":
                    self.heat.is_on = not self.heat.is_on
                    maps = self.heat.maps(frame.picture, faces, wait=stands)
                case "pause":
                    playback.pause()
            if source.is_video and not playback.is_paused:
                return ""
