"""Is model.h5 the one that was measured, and does this machine read faces with it as it should?

docs/model.json holds its SHA-256 and what it says of a portrait and of generated pictures. After a new model.h5:

    python -m pytest tests/models/test_shipped_model.py --renew
"""

import hashlib
import json

import numpy as np
import pytest
from conftest import PORTRAIT, REPOSITORY

from emotion_recognition import EmotionRecogniser

MODEL, EXPECTED = REPOSITORY / "model.h5", REPOSITORY / "docs/model.json"
COLUMN, ROW = np.meshgrid(np.arange(48), np.arange(48))
PICTURES = {
    "black": np.zeros((48, 48), np.uint8),
    "white": np.full((48, 48), 255, np.uint8),
    "slope": (2 * COLUMN + 3 * ROW).astype(np.uint8),
    "chequered": ((COLUMN // 6 + ROW // 6) % 2 * 255).astype(np.uint8),
}


@pytest.fixture(scope="module")
def found() -> dict:
    """What docs/model.json should say of the model that is here."""
    recogniser = EmotionRecogniser(MODEL, views=1)
    faces = {name: recogniser.read(picture, whole="always") for name, picture in PICTURES.items()}
    faces["portrait"] = recogniser.read(PORTRAIT)
    probabilities = {name: {**one.probabilities} for name, [one] in faces.items()}
    return {"sha256": hashlib.sha256(MODEL.read_bytes()).hexdigest(), "probabilities": probabilities}


@pytest.fixture(scope="module")
def expected(found, request) -> dict:
    """What docs/model.json says; with --renew, what it says from now on."""
    if request.config.getoption("renew"):
        rows = found["probabilities"].items()
        rounded = {name: {emotion: round(value, 6) for emotion, value in row.items()} for name, row in rows}
        EXPECTED.write_text(json.dumps({**found, "probabilities": rounded}, indent=1) + "\n")
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


def test_it_is_the_committed_one(found, expected):
    assert found["sha256"] == expected["sha256"]


@pytest.mark.parametrize("name", [*PICTURES, "portrait"])
def test_it_reads_faces_as_it_should(name, found, expected):
    # Processors add numbers in different orders, and a sum may then be rounded to the next number of 8 bits.
    assert found["probabilities"][name] == pytest.approx(expected["probabilities"][name], abs=0.02)
