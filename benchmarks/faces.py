"""How many faces each detector finds, how often it errs, and how long it takes: the Haar cascade beside YuNet.

    python -m benchmarks.faces --data data                        PublicTest's faces in frames, upright and turned
    python -m benchmarks.faces --data data photo.jpg clip.mp4     and pictures and videos

300 faces of the split `validation`, 144 pixels wide, stand in the middle of frames of 640x480 pixels. A box is found
where its middle is at most a quarter of the face's width away and its width 0.6 to 1.6 of the face's; all others are
false. Then YuNet's boxes are held against those of the cascade, on upright faces that both find.
"""

import cv2
import numpy as np

from benchmarks.common import measure
from emotion_recognition.cli import options, program
from emotion_recognition.evaluation.results import read_faces
from emotion_recognition.faces.boxes import Box, middle, overlap
from emotion_recognition.faces.detectors import open_detector
from emotion_recognition.labels import EMOTIONS
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.recogniser import EmotionRecogniser
from emotion_recognition.video.sources import find_sources

FRAME, SIDE = (640, 480), 144
TURNS = 0, 15, 30


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help="pictures and videos")
    options.add_data_flag(parser)
    parser.add_argument("--yunet", default="yunet", metavar="FILE", help="YuNet's file")
    parser.add_argument("--faces", type=options.positive(int), default=300, help="so many faces in frames")
    arguments = parser.parse_args()
    detectors = {"haar": open_detector("haar"), "yunet": open_detector(arguments.yunet)}
    pictures = read_faces(arguments.data, ["validation"], EMOTIONS).faces.pictures[..., 0]
    chosen = np.random.default_rng(0).permutation(len(pictures))[: arguments.faces]
    measure_turns(detectors, pictures[chosen])
    for source in find_sources(arguments.sources) if arguments.sources else []:
        measure_source(detectors, source)


def measure_turns(detectors: dict, faces: np.ndarray) -> None:
    """Print what is found of faces, uint8 (n, 48, 48), in frames, and how the boxes of both detectors lie."""
    print(f"{len(faces)} faces in frames of {FRAME[0]}x{FRAME[1]}\n{'':12}turned   found   false   median ms")
    found: dict[tuple[str, int], list[list[Box]]] = {}
    for turn in TURNS:
        frames = [put_into_frame(face, turn) for face in faces]
        for name, detector in detectors.items():
            seconds: list[float] = []
            boxes = [[face.box for face in measure(seconds, detector.detect, frame)] for frame in frames]
            found[name, turn] = [[box for box in each if is_face(box)] for each in boxes]
            right = sum(map(bool, found[name, turn]))
            false = sum(map(len, boxes)) - sum(map(len, found[name, turn]))
            print(f"{name:12}{turn:6}{right:8}{false:8}{1000 * np.median(seconds):12.1f}")
    pairs = [
        (haar[0], yunet[0]) for haar, yunet in zip(found["haar", 0], found["yunet", 0], strict=True) if haar and yunet
    ]
    if pairs:
        ratio = np.median([haar[2] / yunet[2] for haar, yunet in pairs])
        ways = np.array([np.subtract(middle(yunet), middle(haar)) / haar[2] for haar, yunet in pairs])
        right, down = np.median(ways, axis=0)
        shared = np.median([overlap(haar, yunet) for haar, yunet in pairs])
        print(
            f"Medians of {len(pairs)} pairs: the cascade's box is {ratio:.2f} times as wide as YuNet's, which lies"
            f" {right:.3f} of its width to the right and {down:.3f} below; they overlap by {shared:.2f}."
        )


def measure_source(detectors: dict, source) -> None:
    """Print how many faces are found in the frames of a picture or a video; a video is followed from frame to frame."""
    with source:
        frames = [frame for frame in source if frame.picture is not None]
    height, width = frames[0].picture.shape[:2]
    print(f"\n{source.name}, {width}x{height}\n{'':12}frames   boxes   frames without   with several   median ms")
    for name, detector in detectors.items():
        recogniser = EmotionRecogniser(NoClassifier(), detector, views=1)
        follower = recogniser.follow()
        seconds: list[float] = []
        # The network is left out: what is measured is how faces are found.
        if source.is_video:
            read = [measure(seconds, follower.read, frame.picture, frame.seconds) for frame in frames]
        else:
            read = [measure(seconds, recogniser.read, frame.picture) for frame in frames]
        numbers = [len(faces) for faces in read]
        none, several = numbers.count(0), sum(number > 1 for number in numbers)
        print(f"{name:12}{len(frames):6}{sum(numbers):8}{none:17}{several:15}{1000 * np.median(seconds):12.1f}")


class NoClassifier(EmotionClassifier):
    """Reads nothing in faces."""

    def __init__(self) -> None:
        self.emotions = ("neutral", "happy")

    def probabilities(self, faces) -> np.ndarray:
        """Return the same for every face."""
        return np.full((len(faces), 2), 0.5, np.float32)


def put_into_frame(face: np.ndarray, turn: float) -> np.ndarray:
    """Return a gray frame, of the mean level of the face, with the face in its middle, turned by so many degrees."""
    frame = np.full(FRAME[::-1], round(face.mean()), np.uint8)
    large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    left, top = (FRAME[0] - SIDE) / 2, (FRAME[1] - SIDE) / 2
    matrix = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turn, 1) + np.array([[0, 0, left], [0, 0, top]])
    return cv2.warpAffine(large, matrix, FRAME, dst=frame, borderMode=cv2.BORDER_TRANSPARENT)


def is_face(box: Box) -> bool:
    """Return whether a box is that of the face in the middle of a frame."""
    away = np.abs(np.subtract(middle(box), np.array(FRAME) / 2)).max()
    return bool(away <= SIDE / 4 and 0.6 * SIDE <= box[2] <= 1.6 * SIDE)


if __name__ == "__main__":
    program.run(main)
