"""Maps of what decides, over the faces of a video: made in a thread of their own, so that the video does not wait."""

import threading
from collections.abc import Callable

import numpy as np

from emotion_recognition.faces.boxes import crop_face
from emotion_recognition.images import to_gray
from emotion_recognition.recogniser import Face

Key = tuple[int, int | None]


class HeatMaps:
    """The newest maps of the faces in the frames of a video, and the maps of a picture's faces.

    `explain` turns a crop, uint8 (48, 48), and the name of an emotion into a map of what speaks for it, float32
    (48, 48). `is_on` may be changed at any time.
    """

    def __init__(self, explain: Callable[[np.ndarray, str], np.ndarray], is_on: bool = False) -> None:
        self.is_on = is_on
        # Maps made so far, for who wants to know how fast they are.
        self.count = 0
        self._explain = explain
        self._video = 0
        self._wanted: list[tuple[Key, np.ndarray, str]] = []
        self._maps: dict[Key, np.ndarray | None] = {}
        self._error: Exception | None = None
        self._changed, self._is_closed = threading.Condition(), False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "HeatMaps":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start_video(self) -> None:
        """Take the faces from here on for those of another video, which numbers them from 1 again."""
        self._video += 1

    def maps(self, picture: np.ndarray, faces: list[Face], wait: bool = False) -> list[np.ndarray | None]:
        """Return a map for each face in a picture, blue-green-red.

        None stands for a face of a video that has no map yet; with `wait`, and in a picture, all are made now. There
        are no maps while `is_on` is False.
        """
        if not self.is_on:
            return []
        gray = to_gray(picture)
        crops = [crop_face(gray, face.box) for face in faces]
        if wait or any(face.track is None for face in faces):
            return [self._make(crop, face.emotion) for crop, face in zip(crops, faces, strict=True)]
        with self._changed:
            if self._error is not None:
                raise self._error
            keys = [(self._video, face.track) for face in faces]
            self._maps = {key: self._maps.get(key) for key in keys}
            self._wanted = list(zip(keys, crops, (face.emotion for face in faces), strict=True))
            self._changed.notify()
            newest = list(self._maps.values())
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="heat maps", daemon=True)
            self._thread.start()
        return newest

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        try:
            while not self._is_closed:
                with self._changed:
                    self._changed.wait_for(lambda: self._wanted or self._is_closed)
                    wanted, self._wanted = self._wanted, []
                for key, crop, emotion in wanted:
                    if self._is_closed:
                        break
                    importance = self._make(crop, emotion)
                    with self._changed:
                        # Not of a face that has gone meanwhile.
                        if key in self._maps:
                            self._maps[key] = importance
        except Exception as error:
            self._error = error

    def _make(self, crop: np.ndarray, emotion: str) -> np.ndarray:
        self.count += 1
        return self._explain(crop, emotion)
