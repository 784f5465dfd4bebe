"""How fast maps of what decides are: all patches of a face at once beside one after the other, and in a live view.

    python -m benchmarks.explain

Machines are noisy: both sides take turns, and medians are shown.
"""

import time
from statistics import median

import numpy as np

from benchmarks.common import FRAME_RATE, measure, portraits
from emotion_recognition.cli import options, program
from emotion_recognition.explanation.occlusion import make_patches, occlusion_maps, quick_map
from emotion_recognition.faces.boxes import crop_face
from emotion_recognition.images import to_gray

# So many frames of the still picture are played.
FRAMES = 200


def main() -> None:
    parser = program.parser(__doc__)
    options.add_model_flag(parser)
    parser.add_argument("--repeat", type=options.positive(int), default=3, help="measurements of each side")
    arguments = parser.parse_args()
    program.start_keras()
    from emotion_recognition import EmotionRecogniser
    from emotion_recognition.models import model_file

    recogniser, picture = EmotionRecogniser(arguments.model), portraits(1)
    [face] = recogniser.read(picture)
    compare_maps(
        recogniser.classifier,
        model_file.load(arguments.model).network,
        crop_face(to_gray(picture), face.box),
        arguments.repeat,
    )
    play(recogniser, picture)


def compare_maps(classifier, network, face: np.ndarray, repeat: int) -> None:
    """Compare the occlusion map of a face with the same map made by `model.predict` for one patch after the other."""

    def predict_one_by_one(faces):
        return np.array([network.predict(each[np.newaxis, ..., np.newaxis] * 1.0, verbose=0)[0] for each in faces])

    sides: dict = {classifier.probabilities: [], predict_one_by_one: []}
    chosen = classifier.probabilities([face]).argmax(axis=1)
    # Both sides compile at their first calls.
    for classify in sides:
        classify(face[np.newaxis].repeat(2, axis=0))
    for _ in range(repeat):
        maps = [measure(times, occlusion_maps, side, [face], chosen) for side, times in sides.items()]
    # model.tflite may compute in 8 bits.
    np.testing.assert_allclose(maps[0], maps[1], atol=0.1)
    batched, one_by_one = (median(times) for times in sides.values())
    print(f"Occlusion map of a face, {len(make_patches())} patches at once: {batched:.3f} s")
    print(f"The same with model.predict, patch by patch: {one_by_one:.3f} s")
    print(f"At once it is {one_by_one / batched:.1f} times as fast (at least 20 is wanted)")


def play(recogniser, picture: np.ndarray) -> None:
    """Play a picture of one face as a video of 25 frames a second, with heat maps, and count frames and maps."""
    from emotion_recognition.video.heat import HeatMaps
    from emotion_recognition.video.overlay import annotate

    follower = recogniser.follow()
    with HeatMaps(lambda crop, emotion: quick_map(recogniser.classifier, crop, emotion), is_on=True) as heat:
        started = time.perf_counter()
        for number in range(FRAMES):
            faces = follower.read(picture, number / FRAME_RATE)
            annotate(picture, faces, heat.maps(picture, faces))
            # A window would show the frame until the next one is due.
            time.sleep(max(0, started + (number + 1) / FRAME_RATE - time.perf_counter()))
        seconds = time.perf_counter() - started
        print(f"A video of {FRAME_RATE:.0f} frames/s with one face and --heat: {FRAMES / seconds:.1f} frames/s shown")
        print(f"and {heat.count / seconds:.1f} maps/s (at least 15 and 3 are wanted)")


if __name__ == "__main__":
    program.run(main)
