"""How many views of a face pay, and where two emotions are too close to choose between them.

    python -m benchmarks.views --data data                    PublicTest alone
    python -m benchmarks.views --data data photo.jpg          and how the faces in pictures answer

Faces of the split `validation` are enlarged four times and read at their place and with their box shifted by 5 % in a
random direction. Their place is a random part of one of their pixels, since cut out along its pixels a face is sharper
than a detector's box would make it. `moves` is half the sum of the differences between both answers, the mean over all
faces: the part of the probability that goes to other emotions.
"""

import numpy as np

from benchmarks.common import measure
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.evaluation.results import read_faces
from emotion_recognition.faces.boxes import Box
from emotion_recognition.faces.views import DEFAULT_VIEWS, VIEWS
from emotion_recognition.images import FACE_SIZE, read_picture, to_gray
from emotion_recognition.models.classifier import EmotionClassifier
from emotion_recognition.places import shipped
from emotion_recognition.recogniser import CLEAR_LEAD, EmotionRecogniser

SHIFTED = 0.05
ENLARGED = 4
# Directions in which the box of each face in a picture is shifted.
DIRECTIONS = 16


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help="pictures with faces")
    options.add_data_flag(parser)
    parser.add_argument("--model", default=shipped("model.tflite"), help="model file")
    parser.add_argument("--detector", default="haar", help="what finds the faces in the pictures")
    parser.add_argument("--faces", type=options.positive(int), help="read only so many faces, chosen at random")
    arguments = parser.parse_args()
    with program.silent_start():
        recogniser = EmotionRecogniser(arguments.model, arguments.detector)
    measure_pictures(recogniser, arguments.pictures)
    faces, labels = read_labelled(arguments.data, recogniser.classifier, arguments.faces)
    report_leads(measure_faces(recogniser, faces, labels), labels)


def read_labelled(data: str, classifier: EmotionClassifier, number: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return faces of `validation`, uint8 (n, 48, 48), in random order, and the places of their emotions, (n,)."""
    faces = read_faces(data, ["validation"], classifier.emotions).faces
    chosen = np.random.default_rng(0).permutation(len(faces))[:number]
    return faces.pictures[chosen, :, :, 0], faces.labels[chosen]


def measure_pictures(recogniser: EmotionRecogniser, pictures: list[str]) -> None:
    """Print how far a shifted box moves the answers for the faces in some pictures."""
    grays = [to_gray(read_picture(picture)) for picture in pictures]
    found = [(gray, face.box) for gray in grays for face in recogniser.detector.detect(gray)]
    if not found:
        return
    print(f"{len(found)} faces in pictures, each shifted in {DIRECTIONS} directions")
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    first = 0.0
    for views in VIEWS:
        rows = [recogniser.classify(gray, [box], views) for gray, box in found]
        shifted = [recogniser.classify(gray, [shift(box, a) for a in angles], views) for gray, box in found]
        moves = np.mean([moved(row, others) for row, others in zip(rows, shifted, strict=True)])
        first = first or float(moves)
        print(f"{views} views: moves {moves:.1%}, {moves / first:.2f} of one view's")


def measure_faces(recogniser: EmotionRecogniser, faces: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Print the table of views over labelled faces; return the probabilities from as many views as are usual."""
    if not len(faces):
        raise UserError("There are no faces in `validation`: name another --data.")
    side = ENLARGED * FACE_SIZE
    generator = np.random.default_rng(1)
    angles = generator.uniform(0, 2 * np.pi, len(faces))
    boxes = [
        (side // 2 + right, side // 2 + down, side, side) for right, down in places_in_pixel(generator, len(faces))
    ]
    usual, first = np.empty(0), 0.0
    print(f"\n{len(faces)} faces of PublicTest\nviews  right  log loss  moves  part of one view's  ms a face")
    for views in VIEWS:
        seconds: list[float] = []
        pairs = [
            measure(seconds, recogniser.classify, enlarge(face), [box, shift(box, angle)], views)
            for face, box, angle in zip(faces, boxes, angles, strict=True)
        ]
        rows, shifted = np.swapaxes(pairs, 0, 1)
        moves = moved(rows, shifted).mean()
        first = first or moves
        loss = -np.log(rows[np.arange(len(labels)), labels]).mean()
        right = np.mean(rows.argmax(axis=1) == labels)
        milliseconds = 1000 * np.median(seconds) / 2
        print(f"{views:5}{right:7.1%}{loss:10.3f}{moves:7.1%}{moves / first:20.2f}{milliseconds:11.2f}")
        usual = rows if views == DEFAULT_VIEWS else usual
    return usual


def report_leads(rows: np.ndarray, labels: np.ndarray) -> None:
    """Print, for several leads of the best emotion, how many faces have less, and how often they are read right."""
    best, second = -np.sort(-rows, axis=1)[:, :2].T
    is_right, lead = rows.argmax(axis=1) == labels, best - second
    print(f"\nFrom {DEFAULT_VIEWS} views\nlead below  faces  of these right  of the last 0.05  of the others")
    for least in np.arange(0.05, 0.45, 0.05):
        below, band = lead < least, (lead < least) & (lead >= least - 0.05)
        if band.any() and not below.all():
            shares = [part.mean() for part in (below, is_right[below], is_right[band], is_right[~below])]
            print("{:10.2f}{:7.1%}{:16.1%}{:18.1%}{:15.1%}".format(least, *shares))
    print(f"CLEAR_LEAD in recogniser.py is {CLEAR_LEAD}: below it, faces are unclear.")


def enlarge(face: np.ndarray) -> np.ndarray:
    """Return a face, enlarged, in the middle of a picture twice as wide, which its edges fill."""
    import cv2

    side = ENLARGED * FACE_SIZE
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.pad(large, side // 2, mode="edge")


def places_in_pixel(generator: np.random.Generator, number: int) -> list[tuple[int, int]]:
    """Return (right, down) of so many random places in a pixel that was enlarged."""
    return [(int(right), int(down)) for right, down in generator.integers(0, ENLARGED, (number, 2))]


def shift(box: Box, angle: float) -> Box:
    """Return the box, shifted by 5 % of its width in a direction."""
    x, y, width, height = box
    right, down = SHIFTED * width * np.cos(angle), SHIFTED * width * np.sin(angle)
    return x + round(right), y + round(down), width, height


def moved(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how much of the probability differs between rows, 0 to 1, of one another's shape (n, emotions)."""
    return np.abs(rows - others).sum(axis=-1) / 2


if __name__ == "__main__":
    program.run(main)
