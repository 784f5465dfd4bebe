"""How well faces are followed: two people walk through scenes that are drawn here, so that the truth is known.

    python -m benchmarks.tracks one_face.jpg group_photo.jpg    the largest face of each picture is a person

Switches: how often the number of one person goes to the other. Fragments: numbers beyond one for each time that
somebody comes in. No clock is asked: the same packages give the same counts on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from benchmarks.common import FRAME_RATE
from emotion_recognition import EmotionRecogniser, Face
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.faces.boxes import Box, overlap, shared_pixels
from emotion_recognition.images import read_picture

# In pixels. The head around a face goes so far beyond its box, as a part of its width.
WIDTH, HEIGHT, FACE, MARGIN = 960, 540, 110, 0.45
# A face that is covered by more than this part is not asked for; a box belongs to the face that it overlaps so much.
COVERED, SAME = 0.3, 0.4
# A head that is turned away is drawn so narrow that no detector finds it.
TURNED = 0.4

Route = list[tuple[float, float, float]]


@dataclass(frozen=True)
class Scene:
    """Where two people are: the first one stands in front. A route has (seconds, x, y) of the middle of a face.

    `covers` are boxes before both, each from one second to another; `turns` are the seconds in which the second person
    looks away; `stays` counts how often people come in.
    """

    name: str
    routes: tuple[Route, Route]
    stays: int = 2
    covers: list[tuple[float, float, Box]] = field(default_factory=list)
    turns: tuple[float, float] = (0, 0)


STANDS: Route = [(0, 200, 270), (6, 200, 270)]
LEFT_TO_RIGHT: Route = [(0, 150, 270), (5, 810, 270)]
GOES_UP: Route = [(2, 480, 270), (3, 480, -200)]
HAND, PILLAR = (2, 3, (540, 200, 160, 180)), (0, 6, (520, 0, 130, HEIGHT))
SCENES = [
    Scene("they cross", (LEFT_TO_RIGHT, [(0, 810, 280), (5, 150, 280)])),
    Scene("they cross slowly", ([(0, 300, 270), (7, 660, 270)], [(0, 660, 290), (7, 300, 290)])),
    Scene("one walks past the other", (LEFT_TO_RIGHT, [(0, 480, 290), (5, 480, 290)])),
    Scene("they meet and turn back", ([(0, 250, 270), (3, 440, 270), (6, 250, 270)],
                                      [(0, 710, 290), (3, 520, 290), (6, 710, 290)])),
    Scene("a hand before a face for 1 s", (STANDS, [(0, 600, 270), (6, 640, 270)]), covers=[HAND]),
    Scene("behind a pillar for 1.5 s", (STANDS, [(0, 350, 270), (6, 870, 270)]), covers=[PILLAR]),
    Scene("stops behind a pillar", (STANDS, [(1, 400, 270), (2, 585, 270), (2.5, 585, 270), (4, 860, 270)]),
          covers=[PILLAR]),
    Scene("a head turns away for 1.8 s", (STANDS, [(0, 600, 270), (2, 600, 270), (4, 650, 285), (6, 650, 285)]),
          turns=(2, 3.8)),
    Scene("leaves and comes back after 4 s",
          (STANDS, [(0, 700, 270), (2, 1100, 270), (6, 1100, 270), (8, 700, 270)]), stays=3),
    Scene("takes a place 1 s later", (GOES_UP, [(2, 1100, 270), (3.5, 480, 270), (6, 480, 270)])),
    Scene("takes a place 3 s later", (GOES_UP, [(4, 1100, 270), (6, 480, 270), (8, 480, 270)])),
]  # fmt: skip


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("pictures", nargs=2, metavar="PICTURE", help="pictures of two people")
    options.add_model_flag(parser)
    parser.add_argument("--detector", default="haar", help="what finds faces: haar, yunet, or a file of either")
    parser.add_argument("--rate", type=options.positive(float), default=FRAME_RATE, help="frames a second")
    arguments = parser.parse_args()
    with program.silent_start():
        recogniser = EmotionRecogniser(arguments.model, arguments.detector, views=1)
    people = [cut_person(path, recogniser) for path in arguments.pictures]
    print(f"{'':34}{'stays':>7}{'tracks':>8}{'switches':>10}{'fragments':>11}{'found':>8}")
    sums = np.zeros(4, int)
    for scene in SCENES:
        counts, found = follow(scene, people, recogniser, arguments.rate)
        sums += counts
        print(f"{scene.name:34}{counts[0]:7}{counts[1]:8}{counts[2]:10}{counts[3]:11}{found:8.0%}")
    print(f"{'all':34}{sums[0]:7}{sums[1]:8}{sums[2]:10}{sums[3]:11}")


def cut_person(path: str, recogniser: EmotionRecogniser) -> tuple[np.ndarray, np.ndarray]:
    """Return the head of the largest face in a picture, uint8 (height, width, 3), and its opacity, 0 to 1."""
    picture = read_picture(path)
    boxes = [face.box for face in recogniser.read(picture)]
    if not boxes:
        raise UserError(f"{path} shows no face: name a picture of a person.")
    x, y, width, _ = max(boxes, key=lambda box: box[2])
    margin = round(MARGIN * width)
    side, size = width + 2 * margin, round((1 + 2 * MARGIN) * FACE)
    padded = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    head = cv2.resize(padded[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_AREA)
    opacity = np.zeros((size, size), np.float32)
    cv2.ellipse(opacity, (size // 2, size // 2), (round(0.36 * size), round(0.46 * size)), 0, 0, 360, 1.0, -1)
    return head, cv2.GaussianBlur(opacity, (0, 0), 3)[..., np.newaxis]


def draw_scene(scene: Scene, people: list, rate: float) -> Iterator[tuple[np.ndarray, float, list[Box | None]]]:
    """Yield frames, uint8 (height, width, 3), with their seconds and the box of each face, None where it is hidden."""
    background = cv2.resize(np.random.default_rng(0).integers(90, 200, (6, 10, 3), np.uint8), (WIDTH, HEIGHT))
    for number in range(round(rate * max(route[-1][0] for route in scene.routes))):
        seconds, frame = number / rate, background.copy()
        boxes = [face_box(route, seconds) for route in scene.routes]
        is_turned = scene.turns[0] <= seconds < scene.turns[1]
        covers = [box for begin, end, box in scene.covers if begin <= seconds < end]
        for (head, opacity), box, narrow in zip(people[::-1], boxes[::-1], (is_turned, False), strict=True):
            paste(frame, head, opacity, box, TURNED if narrow else 1.0)
        for x, y, width, height in covers:
            frame[y : y + height, x : x + width] = 70
        inside = (0, 0, WIDTH, HEIGHT)
        first, second = boxes
        yield frame, seconds, [
            first if is_visible(first, covers, inside) else None,
            second if is_visible(second, [*covers, first], inside) and not is_turned else None,
        ]  # fmt: skip


def face_box(route: Route, seconds: float) -> Box:
    """Return where a face is at a time."""
    times, *places = zip(*route, strict=True)
    x, y = (round(float(np.interp(seconds, times, place)) - FACE / 2) for place in places)
    return x, y, FACE, FACE


def is_visible(box: Box, covers: list[Box], inside: Box) -> bool:
    """Return whether most of a box, all but `COVERED`, is inside the frame, and each cover hides no more than that."""
    pixels = box[2] * box[3]
    is_covered = any(shared_pixels(box, cover) > COVERED * pixels for cover in covers)
    return not is_covered and shared_pixels(box, inside) > (1 - COVERED) * pixels


def paste(frame: np.ndarray, head: np.ndarray, opacity: np.ndarray, box: Box, narrow: float) -> None:
    """Draw a head around the box of its face, as far as it is inside the frame."""
    size = len(head)
    width = round(narrow * size)
    head, opacity = cv2.resize(head, (width, size)), cv2.resize(opacity, (width, size))[..., np.newaxis]
    left, top = box[0] + (box[2] - width) // 2, box[1] + (box[3] - size) // 2
    x, y = max(0, left), max(0, top)
    area = frame[y : max(0, top + size), x : max(0, left + width)]
    part = slice(y - top, y - top + area.shape[0]), slice(x - left, x - left + area.shape[1])
    area[:] = np.rint(opacity[part] * head[part] + (1 - opacity[part]) * area)


def follow(scene: Scene, people: list, recogniser: EmotionRecogniser, rate: float) -> tuple[list[int], float]:
    """Return stays, tracks, switches and fragments of a scene, and how much of what is visible was found."""
    follower, wanted = recogniser.follow(), 0
    seen: list[tuple[int | None, int]] = []
    for frame, seconds, truth in draw_scene(scene, people, rate):
        faces = follower.read(frame, seconds)
        wanted += sum(box is not None for box in truth)
        seen += [(face.track, person) for face in faces if (person := whose(face, truth)) is not None]
    return [scene.stays, len({track for track, _ in seen}), *count(seen, scene.stays)], len(seen) / wanted


def whose(face: Face, truth: list[Box | None]) -> int | None:
    """Return the place of the person whose face it is, None where no visible one lies there."""
    shares = [overlap(face.box, box) if box else 0.0 for box in truth]
    return int(np.argmax(shares)) if max(shares) >= SAME else None


def count(seen: list[tuple[int | None, int]], stays: int) -> tuple[int, int]:
    """Return switches and fragments of what was seen: (track, person) in the order of time."""
    tracks = {track for track, _ in seen}
    persons = {track: [person for other, person in seen if other == track] for track in tracks}
    switches = sum(before != after for each in persons.values() for before, after in pairwise(each))
    return switches, max(0, len(tracks) - stays)


if __name__ == "__main__":
    program.run(main)
