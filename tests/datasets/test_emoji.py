"""The faces of a font of emoji: which they are, and how they are drawn."""

from collections import Counter
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from conftest import assert_one_sentence
from PIL import ImageFont

from emotion_recognition.datasets import emoji, folders
from emotion_recognition.errors import UserError

NOTO = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LETTERS = f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans.ttf"


def test_faces_belong_to_the_emotion_in_their_unicode_name():
    faces = emoji.faces()
    assert faces["😠"] == "angry" and faces["🤢"] == "disgusted" and faces["😱"] == "fearful" and faces["😂"] == "happy"
    assert faces["😐"] == "neutral" and faces["☹"] == faces["😢"] == "sad" and faces["😲"] == "surprised"
    # A smirk is none of the seven; a cat and a person are no faces.
    assert not {"😏", "😸", "🙎"} & set(faces)
    two = dict.fromkeys(("angry", "disgusted", "fearful", "neutral"), 2)
    assert Counter(faces.values()) == {**two, "happy": 20, "sad": 8, "surprised": 3}


def test_a_character_fills_its_picture():
    font = ImageFont.truetype(LETTERS, emoji.FONT_SIZE)
    face, wide = emoji.draw("O", font), emoji.draw("\N{EM DASH}", font)
    assert face.shape == (48, 48) and face.dtype == np.uint8
    assert face[24, 24] == 255 and face[0, 24] < 128 and face[-1, 24] < 128
    assert wide[24, 0] < 128 and wide[24, -1] < 128 and (wide[:16] == 255).all()
    with pytest.raises(UserError, match="The font has no space: take NotoColorEmoji"):
        emoji.draw(" ", font)


@pytest.mark.skipif(not NOTO.is_file(), reason="the font is not here (Debian: apt-get install fonts-noto-color-emoji)")
def test_the_font_becomes_pictures_for_testing(succeed, tmp_path):
    succeed("dataset_prepare.py", NOTO)
    test = folders.read_split(tmp_path / "data", "test")
    assert len(test) == 39 and folders.find_split(tmp_path / "data", "train") is None
    # No two faces are alike, and each has much white around and much gray inside.
    assert len({picture.tobytes() for picture in test.pictures}) == 39
    assert all(50 < picture.mean() < 250 for picture in test.pictures)


def test_other_files_are_refused(call_script, tmp_path):
    (tmp_path / "no.ttf").write_text("no font")
    assert_one_sentence(call_script("dataset_prepare.py", "no.ttf"), "no.ttf", "NotoColorEmoji.ttf")
    assert not (tmp_path / "data").exists()
