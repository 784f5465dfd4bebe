"""Occlusion maps of the faces in a video, made in a thread of their own: the video does not wait for them."""

import threading

import numpy as np

from emotion_recognition.faces.haar import crop_face
from emotion_recognition.images import to_gray

# In pixels: fewer and larger patches than those of explain.py, half the work (deletion area 0.166 instead of 0.160).
PATCH, STRIDE = 12, 6
# So many patches are classified at once: the faces of the next frame get their turn soon.
PATCHES_AT_ONCE = 16


class HeatMaps:
    """The newest maps of the faces in the frames of a video, and the maps of a picture's faces.

    `classify` turns uint8 (n, 48, 48) into probabilities (n, emotions); `is_on` may be changed at any time.
    """

    def __init__(self, classify, is_on=False):
        self.is_on = is_on
        # Maps made so far, for who wants to know how fast they are.
        self.count = 0
        self._classify = classify
        self._video, self._wanted, self._maps, self._error = 0, [], {}, None
        self._changed, self._is_closed, self._thread = threading.Condition(), False, None

    def start_video(self):
        """Take the faces from here on for those of another video, which numbers them from 1 again."""
        self._video += 1

    def maps(self, frame, reading, wait=False) -> list:
        """Return a map, float32 (48, 48), of what speaks for the emotion shown of each face in a frame.

        None stands for a face of a video that has no map yet; with `wait`, and in a picture, all are made now.
        """
        gray = to_gray(frame)
        faces = [crop_face(gray, box) for box in reading.boxes]
        if wait or reading.numbers is None:
            return [self._make(face, emotion) for face, emotion in zip(faces, reading.winners, strict=True)]
        with self._changed:
            if self._error is not None:
                raise self._error
            keys = [(self._video, number) for number in reading.numbers]
            self._maps = {key: self._maps.get(key) for key in keys}
            self._wanted = list(zip(keys, faces, reading.winners, strict=True))
            self._changed.notify()
            newest = list(self._maps.values())
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="heat maps", daemon=True)
            self._thread.start()
        return newest

    def close(self):
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self):
        try:
            while not self._is_closed:
                with self._changed:
                    self._changed.wait_for(lambda: self._wanted or self._is_closed)
                    wanted, self._wanted = self._wanted, []
                for key, face, emotion in wanted:
                    if self._is_closed:
                        break
                    importance = self._make(face, emotion)
                    with self._changed:
                        # Not of a face that has gone meanwhile.
                        if key in self._maps:
                            self._maps[key] = importance
        except Exception as error:
            self._error = error

    def _make(self, face, emotion) -> np.ndarray:
        # Importing it starts Keras, which reading alone does not need.
        from emotion_recognition.explanation.occlusion import occlusion_maps

        self.count += 1
        return occlusion_maps(self._classify_in_parts, [face], [emotion], PATCH, STRIDE)[0]

    def _classify_in_parts(self, faces):
        parts = range(0, len(faces), PATCHES_AT_ONCE)
        return np.concatenate([self._classify(faces[part : part + PATCHES_AT_ONCE]) for part in parts])
