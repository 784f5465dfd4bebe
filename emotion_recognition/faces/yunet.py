"""Finding faces with YuNet (Wu, Peng and Yu, 2023), a small network that OpenCV runs: gray picture -> faces.

Its file, 230 KB under the MIT licence, is in OpenCV's model zoo: github.com/opencv/opencv_zoo. It is no part of the
project.
"""

import threading
from pathlib import Path

import cv2
import numpy as np

from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Detection, clip_box, distinct, shrink, smallest_width
from emotion_recognition.images import FACE_SIZE, to_gray
from emotion_recognition.places import cache_folder, shipped

# What the files in the model zoo are called; their names end in the date.
NAMES = "face_detection_yunet*.onnx"
ZOO = "github.com/opencv/opencv_zoo, models/face_detection_yunet"

# Below this probability most of what is found is no face.
MIN_SCORE = 0.6
# A picture is shrunken until its smallest wanted face has this width in pixels.
SIZE = 24

# From YuNet's box, upright and close, to the square of a Haar box, which the network has learned: its side is so many
# times the geometric mean of width and height, and its middle so many of these means above that of eyes and mouth.
# Medians over 900 boxes that both detectors find around PublicTest's faces (benchmarks/faces.py measures them).
SIDE, RAISED = 1.08, 0.087


class YuNetDetector:
    """Finds faces, turned and half-hidden ones too. The file is read once, here; UserError where it is no YuNet.

    `smallest` is the width of the smallest face that is wanted, in pixels; without it, a twentieth of the picture's
    shorter side. The score of a face is its probability; those below `min_score` are left out. Boxes are squares as
    those of the Haar cascade.
    """

    def __init__(self, path: str | Path, smallest: int | None = None, min_score: float | None = None) -> None:
        if not Path(path).is_file():
            raise UserError(f"{path} is not there: YuNet's file is in OpenCV's model zoo ({ZOO}).")
        # From memory, as OpenCV opens no file whose name is not UTF-8.
        content = np.frombuffer(Path(path).read_bytes(), np.uint8)
        self._smallest, self._min_score = smallest, MIN_SCORE if min_score is None else min_score
        try:
            self._network = cv2.FaceDetectorYN.create("onnx", content, np.empty(0, np.uint8), (320, 320))
            # What is no YuNet is noticed when it is asked; what is damaged may see faces where there is nothing.
            is_right = self._network.detect(np.zeros((320, 320, 3), np.uint8))[1] is None
        except (cv2.error, AttributeError, SystemError):
            is_right = False
        if not is_right:
            raise UserError(
                f"{path} is no YuNet face detector that OpenCV {cv2.__version__} can run, or it is damaged: copy it"
                f" again from OpenCV's model zoo ({ZOO})."
            )
        self._network.setScoreThreshold(self._min_score)
        # The network keeps the size of the picture: of two threads, one would look with that of the other.
        self._lock = threading.Lock()

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """Return the faces in a picture, uint8, gray or blue-green-red, from left to right; often none."""
        return self._detect(picture, smallest_width(self._smallest, picture.shape[:2]))

    def detect_quickly(self, picture: np.ndarray) -> list[Detection]:
        """Return the same for a frame of a video, from as few pixels as its smallest face needs."""
        return self._detect(picture, smallest_width(self._smallest, picture.shape[:2], least=FACE_SIZE))

    def _detect(self, picture: np.ndarray, smallest: int) -> list[Detection]:
        gray = to_gray(picture)
        scale = min(1.0, SIZE / smallest)
        shrunken = shrink(gray, scale)
        with self._lock:
            self._network.setInputSize(shrunken.shape[::-1])
            found = self._network.detect(cv2.cvtColor(shrunken, cv2.COLOR_GRAY2BGR))[1]
        rows = np.empty((0, 15)) if found is None else found[np.isfinite(found).all(axis=1)]
        faces = [as_detection(row, scale, gray.shape) for row in rows]
        return distinct([face for face in faces if min(face.box[2:]) >= smallest])


def as_detection(row: np.ndarray, scale: float, shape: tuple[int, ...]) -> Detection:
    """Return a row of YuNet's, found in a picture at a scale, as a face in the picture (height, width) itself.

    A row has the box, five points (eyes, nose, corners of the mouth; left in the picture comes first), and the score.
    """
    width, height = row[2:4] / scale
    landmarks = row[4:14].reshape(5, 2) / scale
    mean = np.sqrt(width * height)
    x, y = landmarks[[0, 1, 3, 4]].mean(axis=0) - (SIDE * mean / 2, (SIDE / 2 + RAISED) * mean)
    box = clip_box((x, y, SIDE * mean, SIDE * mean), *shape[::-1])
    return Detection(box, float(row[14]), tuple((float(across), float(down)) for across, down in landmarks))


def find_file() -> Path:
    """Return YuNet's file beside the scripts or in the user's cache folder, the newest by its name; else UserError."""
    folders = [shipped("model.h5").parent, cache_folder()]
    found = [path for folder in folders for path in sorted(folder.glob(NAMES), reverse=True)]
    if not found:
        raise UserError(
            f"YuNet's file, {NAMES}, is neither in {folders[0]} nor in {folders[1]}: take it from OpenCV's model zoo"
            f" ({ZOO}), or name it with --detector FILE.onnx."
        )
    return found[0]
