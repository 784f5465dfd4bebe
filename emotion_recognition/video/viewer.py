"""What a person sees in the window, and what the keys there change."""

from emotion_recognition.video.overlay import KEYS, annotate, draw_notes
from emotion_recognition.video.snapshot import save_snapshot


class Viewer:
    """The window, and what its keys change."""

    def __init__(self, window, heat):
        self.window, self.heat = window, heat
        self.is_mirrored = self.shows_help = False

    def show(self, source, playback, frame, faces, maps) -> str:
        """Show a frame, of a video until the next is due, a picture until a key; return what ends the source."""
        playback.next_frame()
        while True:
            view = annotate(frame.picture, faces, maps, self.is_mirrored)
            rate = [f"{playback.frames_per_second():.0f} frames/s"] if source.is_video else []
            stands = playback.is_paused or not source.is_video
            left = 0 if stands else playback.milliseconds_left(frame.seconds)
            match self.window.show(draw_notes(view, KEYS if self.shows_help else rate), left):
                case "quit" | "next" | "previous" as key:
                    return key
                case "snapshot":
                    save_snapshot(annotate(frame.picture, faces, maps))
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
