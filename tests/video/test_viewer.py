"""What the keys of the window change, and what is drawn of a frame."""

from types import SimpleNamespace

import numpy as np

from emotion_recognition.recogniser import Face
from emotion_recognition.video.capture import Frame
from emotion_recognition.video.playback import Playback
from emotion_recognition.video.viewer import Viewer
from emotion_recognition.video.window import NoWindow


def test_a_blurred_face_is_so_everywhere_and_is_forgotten_with_its_video():
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    face = Face((100, 60, 80, 80), {"happy": 1.0}, "happy", track=1)
    started = []
    viewer = Viewer(NoWindow(), SimpleNamespace(start_video=lambda: started.append(True)), is_blurred=True)

    def has_details(faces, is_mirrored=False):
        drawn = viewer.draw(Frame(noise, 0, 0.5), faces, [], is_mirrored)
        inside = drawn[70:130, 130:170] if is_mirrored else drawn[70:130, 120:160]
        return len(np.unique(inside.reshape(-1, 3), axis=0)) > 100

    assert not has_details([face]) and not has_details([face], is_mirrored=True)
    assert not has_details([]), "it was lost only now"
    viewer.start_video()
    assert has_details([]) and not has_details([face]) and started == [True]
    assert (noise == np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)).all()


def test_the_keys_stand_in_a_picture_when_they_are_asked_for():
    shown, keys = [], ["help", "help", "quit"]
    window = SimpleNamespace(show=lambda picture, milliseconds: shown.append(picture) or keys.pop(0))
    source, picture = SimpleNamespace(is_video=False), np.full((200, 300, 3), 128, np.uint8)
    assert Viewer(window, None).show(source, Playback(source), Frame(picture, 0, 0.0), [], []) == "quit"
    assert [(each == picture).all() for each in shown] == [True, False, True]
