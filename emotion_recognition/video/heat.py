"""Maps of what decides, over the faces of a video: made in a thread of their own, so that the video does not wait."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

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
        # Of each face its newest map, and the one that is being made.
        self._maps: dict[Key, np.ndarray | None] = {}
        self._making: dict[Key, Future[np.ndarray]] = {}
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="heat maps")

    def __enter__(self) -> "HeatMaps":
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown(cancel_futures=True)

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
        keys = [(self._video, face.track) for face in faces]
        for gone in self._making.keys() - set(keys):
            self._making.pop(gone).cancel()
        self._maps = {key: self._maps.get(key) for key in keys}
        for key, crop, face in zip(keys, crops, faces, strict=True):
            making = self._making.get(key)
            if making and making.done():
                self._maps[key] = making.result()
            if making is None or making.done():
                self._making[key] = self._executor.submit(self._make, crop, face.emotion)
        return list(self._maps.values())

    def _make(self, crop: np.ndarray, emotion: str) -> np.ndarray:
        self.count += 1
        return self._explain(crop, emotion)
