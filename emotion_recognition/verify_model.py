"""Is the committed model.h5 the one that was measured, and does this machine read it as it should?

python -m emotion_recognition.verify_model             checks it (make verify-model)
python -m emotion_recognition.verify_model --renew     notes a new model.h5, in docs/model.json
"""

import hashlib
import json

from emotion_recognition.cli import program
from emotion_recognition.errors import UserError

MODEL = program.PROJECT / "model.h5"
EXPECTED = program.PROJECT / "docs" / "model.json"

# Backends and processors add numbers in different orders.
TOLERANCE = 1e-4


def parse_args():
    parser = program.parser(__doc__)
    parser.add_argument("--renew", action="store_true", help="note the SHA-256 and the probabilities of a new model.h5")
    return parser.parse_args()


def main():
    arguments = parse_args()
    digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
    expected = {} if arguments.renew else json.loads(EXPECTED.read_text(encoding="utf-8"))
    if not arguments.renew and digest != expected["sha256"]:
        raise UserError(f"{MODEL} is not the committed file: its SHA-256 is {digest}; fetch it again.")
    probabilities = read_probabilities()
    if arguments.renew:
        EXPECTED.write_text(json.dumps({"sha256": digest, "probabilities": probabilities}, indent=1) + "\n")
        print(f"Wrote {EXPECTED}")
        return
    difference = max(
        abs(probabilities[name][emotion] - probability)
        for name, row in expected["probabilities"].items()
        for emotion, probability in row.items()
    )
    if difference > TOLERANCE:
        raise UserError(f"{MODEL} gives probabilities that differ by {difference:.5f}: install requirements.txt anew.")
    print(f"{MODEL.name} is the committed one (SHA-256 {digest[:12]}...), and reads faces as it should here.")


def read_probabilities() -> dict[str, dict[str, float]]:
    """Return the probabilities of each emotion for the sample portrait and for generated pictures."""
    # Imported here, so that --help answers at once.
    program.start_keras()
    import matplotlib
    import numpy as np

    from emotion_recognition import EmotionRecogniser, read_picture

    recogniser = EmotionRecogniser(MODEL)
    column, row = np.meshgrid(np.arange(48), np.arange(48))
    pictures = {
        "black": np.zeros((48, 48), np.uint8),
        "white": np.full((48, 48), 255, np.uint8),
        "slope": (2 * column + 3 * row).astype(np.uint8),
        "chequered": ((column // 6 + row // 6) % 2 * 255).astype(np.uint8),
    }
    read = {name: recogniser.read(picture, whole="always") for name, picture in pictures.items()}
    portrait = read_picture(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
    read["portrait"] = recogniser.read(portrait)
    return {
        name: {emotion: round(value, 6) for emotion, value in faces[0].probabilities.items()}
        for name, faces in read.items()
    }


if __name__ == "__main__":
    program.run(main)
