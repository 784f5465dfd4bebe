"""Write a study's worth of short videos, made from a few photos and clips: always the same ones.

    python -m benchmarks.study_videos study/                 200 videos of two seconds
    python -m benchmarks.study_videos study/ --media photos/ --videos 20

Each video shows a clip from another moment on, or a part of a photo that moves, mirrored or not, darker or brighter.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.common import PROJECT
from emotion_recognition.cli import options, program
from emotion_recognition.errors import UserError
from emotion_recognition.files import claim_folder
from emotion_recognition.images import read_picture

MEDIA = PROJECT.parent / "shared" / "media"
SIZE, FRAME_RATE = (480, 360), 25
# How much larger than a frame the part of a photo is in which it moves.
ROOM = 1.25


def main() -> None:
    parser = program.parser(__doc__)
    parser.add_argument("output", help="folder to write")
    parser.add_argument("--media", default=MEDIA, help="folder of photos (.jpg) and clips (.mp4)")
    parser.add_argument("--videos", type=options.positive(int), default=200, help="how many videos")
    parser.add_argument("--seconds", type=options.positive(float), default=2.0, help="how long each is")
    arguments = parser.parse_args()
    output = Path(arguments.output)
    claim_folder(output)
    write_study(output, Path(arguments.media), arguments.videos, round(arguments.seconds * FRAME_RATE))
    print(f"Wrote {arguments.videos} videos into {output}")


def write_study(output: Path, media: Path, videos: int, frames: int) -> None:
    """Write so many videos of so many frames into a folder; UserError where there is nothing to make them from."""
    sources = sorted(path for path in media.glob("*") if path.suffix in (".jpg", ".mp4"))
    if not sources:
        raise UserError(f"{media} holds no .jpg and no .mp4: name a folder of photos and clips with --media.")
    output.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for number in tqdm(range(videos)):
        source = sources[number % len(sources)]
        is_mirrored, light = generator.random() < 0.5, generator.uniform(0.7, 1.2)
        pictures = clip_frames(source, generator) if source.suffix == ".mp4" else photo_frames(source, generator)
        path = output / f"{number:03}_{source.stem}.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FRAME_RATE, SIZE)
        for _, picture in zip(range(frames), pictures, strict=False):
            lit = cv2.convertScaleAbs(picture, alpha=light)
            writer.write(cv2.flip(lit, 1) if is_mirrored else lit)
        writer.release()


def cover(picture: np.ndarray, room: float) -> np.ndarray:
    """Return a picture scaled so that it covers so many frames in width and height, or more in one of them."""
    scale = room * max(wanted / pixels for wanted, pixels in zip(SIZE, picture.shape[1::-1], strict=True))
    size = [round(scale * pixels) for pixels in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def clip_frames(path: Path, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the frames of a clip without end, from a moment on that is drawn; uint8 (360, 480, 3)."""
    capture = cv2.VideoCapture(str(path))
    for _ in range(generator.integers(0, 100)):
        capture.grab()
    while True:
        is_read, picture = capture.read()
        if not is_read:
            capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            is_read, picture = capture.read()
        if not is_read:
            raise UserError(f"{path} cannot be read as a video: leave it out of --media.")
        whole = cover(picture, 1.0)
        left, top = (np.array(whole.shape[1::-1]) - SIZE) // 2
        yield whole[top : top + SIZE[1], left : left + SIZE[0]]


def photo_frames(path: Path, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield a part of a photo that moves to and fro, without end; uint8 (360, 480, 3)."""
    wide = cover(read_picture(path), ROOM)
    room = np.array(wide.shape[1::-1]) - SIZE
    speed, number = generator.uniform(0.01, 0.05, 2), 0
    while True:
        left, top = np.rint(room * (0.5 + 0.5 * np.sin(speed * number))).astype(int)
        yield wide[top : top + SIZE[1], left : left + SIZE[0]]
        number += 1


if __name__ == "__main__":
    program.run(main)
