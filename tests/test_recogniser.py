"""The public class and names, used as other people's programs use them."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import PORTRAIT, REPOSITORY, sentences

import emotion_recognition
from emotion_recognition import EmotionRecogniser, Face, UserError, draw_faces, read_picture
from emotion_recognition.images import read_face
from emotion_recognition.recogniser import CLEAR_LEAD, too_close


class Capturing:
    """A classifier that keeps what it is given; a face is the happier, the brighter it is."""

    emotions = ("happy", "sad")

    def probabilities(self, faces):
        self.faces = faces
        happy = np.float32([0.25 + np.mean(face) / 510 for face in faces])
        return np.stack([happy, 1 - happy], axis=1)


@pytest.fixture
def capturing():
    return EmotionRecogniser(Capturing())


@pytest.fixture(scope="module")
def recogniser():
    return EmotionRecogniser()


def test_faces_of_a_portrait(recogniser):
    picture = read_picture(PORTRAIT)
    (face,) = recogniser.read(picture)
    assert face.box == (155, 105, 222, 222) and face.track is None and face.score == pytest.approx(4.58, abs=0.3)
    assert face.emotion == "neutral" == max(face.probabilities, key=face.probabilities.get)
    assert tuple(face.probabilities) == recogniser.emotions and recogniser.emotions[:2] == ("angry", "disgusted")
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    drawn = draw_faces(picture, [face])
    assert drawn.shape == picture.shape and not np.array_equal(drawn, picture)


def test_a_path_a_gray_and_a_coloured_picture_are_read_alike(recogniser):
    picture = read_picture(PORTRAIT)
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    expected = recogniser.read(picture)
    for same in (PORTRAIT, str(PORTRAIT), gray, gray[..., None], np.asfortranarray(picture)):
        assert recogniser.read(same) == expected
        assert draw_faces(same, expected).shape == picture.shape


@pytest.mark.parametrize(
    ("picture", "error", "words"),
    [
        (None, TypeError, "not NoneType.*give the path"),
        ([[1, 2], [3, 4]], TypeError, "a path or a NumPy array, not list"),
        (np.zeros((60, 80, 3)), TypeError, "uint8, 0 to 255, not float64: bring it to that range, then convert it"),
        (np.zeros((60, 80, 4), np.uint8), ValueError, r"not \(60, 80, 4\)"),
        (np.zeros((2, 60, 80, 3), np.uint8), ValueError, r"not \(2, 60, 80, 3\)"),
        (np.zeros((0, 80, 3), np.uint8), ValueError, r"not \(0, 80, 3\)"),
        (np.zeros(80, np.uint8), ValueError, r"not \(80,\)"),
        ("nothing.jpg", UserError, r"nothing\.jpg is not there"),
    ],
)
def test_what_is_no_picture_is_named_in_a_sentence(capturing, picture, error, words):
    for take in (capturing.read, lambda picture: draw_faces(picture, [])):
        with pytest.raises(error, match=words):
            take(picture)
    if not isinstance(picture, str):
        with pytest.raises(error, match=words):
            capturing.follow().read(picture, 0.0)


def test_no_face_is_a_normal_answer(capturing):
    picture = np.full((200, 300, 3), 255, np.uint8)
    assert capturing.read(picture) == []
    assert np.array_equal(draw_faces(picture, []), picture)
    (face,) = capturing.read(picture, whole="auto")
    assert face == Face((0, 0, 300, 200), {"happy": 0.75, "sad": 0.25}, "happy")


def test_when_the_whole_picture_is_one_face():
    recogniser = EmotionRecogniser(Capturing(), whole="always")
    assert recogniser.read(PORTRAIT)[0].box == (0, 0, 512, 600)
    for whole in ("never", "auto"):
        assert recogniser.read(PORTRAIT, whole=whole)[0].box == (155, 105, 222, 222)
    with pytest.raises(ValueError, match="never, auto or always, not True"):
        recogniser.read(PORTRAIT, whole=True)
    with pytest.raises(ValueError, match="not 'sometimes'"):
        EmotionRecogniser(Capturing(), whole="sometimes")


@pytest.mark.parametrize("whole", ["auto", "always"])
def test_a_crop_of_too_few_pixels_is_refused(capturing, whole):
    assert len(capturing.read(np.zeros((20, 20), np.uint8), whole=whole)) == 1
    with pytest.raises(UserError, match="19x40 pixels; 20 in width and height are the least"):
        capturing.read(np.zeros((40, 19), np.uint8), whole=whole)


def test_a_prepared_picture_reaches_the_network_bit_for_bit(small_data):
    classifier = Capturing()
    path = next((small_data / "train" / "happy").iterdir())
    EmotionRecogniser(classifier, whole="always", views=1).read(path)
    [face] = classifier.faces
    assert face.dtype == np.uint8 and (face == read_face(path)).all()
    assert (face == cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).all()


def test_the_smallest_face_that_is_wanted():
    assert len(EmotionRecogniser(Capturing(), min_face=200).read(PORTRAIT)) == 1
    assert EmotionRecogniser(Capturing(), min_face=300).read(PORTRAIT) == []


def test_what_ones_own_detector_finds_is_read_in_several_views_and_in_a_video_in_one():
    classifier = Capturing()
    with pytest.raises(ValueError, match="`views` is 1, 2, 4 or 8, not 3"):
        EmotionRecogniser(classifier, views=3)
    boxes, picture = [(10, 20, 60, 60), (300, 20, 60, 60)], np.zeros((300, 400), np.uint8)
    picture[:, 200:] = 255
    recogniser = EmotionRecogniser(classifier, detector=lambda picture: boxes, views=4)
    for read, views in ((recogniser.read, 4), (lambda frame: recogniser.follow().read(frame, 0.0), 1)):
        found = [(face.box, face.score, face.probabilities["happy"]) for face in read(picture)]
        assert found == [(boxes[0], None, 0.25), (boxes[1], None, 0.75)]
        assert len(classifier.faces) == 2 * views


def test_the_mean_over_views_depends_less_on_where_the_box_is(recogniser):
    gray = cv2.cvtColor(read_picture(PORTRAIT), cv2.COLOR_BGR2GRAY)
    boxes = [(155 + x, 105 + y, 222, 222) for x, y in ((0, 0), (11, 0), (-11, 0), (0, 11), (0, -11))]
    moves = {}
    for views in (1, 8):
        first, *others = recogniser.classify(gray, boxes, views)
        moves[views] = np.abs(np.array(others) - first).sum(axis=1).mean()
    assert moves[8] < 0.75 * moves[1]


@pytest.mark.parametrize(("lead", "unclear"), [(CLEAR_LEAD - 0.01, "sad"), (CLEAR_LEAD + 0.01, None)])
def test_two_emotions_that_are_close_are_unclear(lead, unclear):
    probabilities = {"happy": 0.4 + lead, "sad": 0.4, "angry": 0.2 - lead}
    assert too_close(probabilities, "happy") == unclear
    # In a video, the emotion that is shown may be the second one for a while.
    assert too_close(probabilities, "sad") == "happy"


def test_faces_of_a_video_are_numbered_and_smoothed():
    class Changing:
        """Happy in the first frame, sad ever after."""

        emotions, frames = ("happy", "sad"), 0

        def probabilities(self, faces):
            self.frames += 1
            return np.float32([(1, 0) if self.frames == 1 else (0, 1) for _ in faces])

    picture = read_picture(PORTRAIT)
    follower = EmotionRecogniser(Changing(), min_face=150).follow(smooth=0.3)
    rows = [follower.read(picture, seconds) for seconds in (0.0, 0.1, 0.3, 1.0)]
    assert [[face.track for face in faces] for faces in rows] == [[1]] * 4
    assert [faces[0].probabilities["happy"] for faces in rows] == pytest.approx(
        np.exp([0, -1 / 3, -1, -10 / 3]), abs=1e-4
    )
    assert [faces[0].emotion for faces in rows] == ["happy", "happy", "sad", "sad"]


def test_the_public_names_are_few_and_all_there():
    assert emotion_recognition.__all__ == ["EmotionRecogniser", "Face", "UserError", "draw_faces", "read_picture"]
    assert all(getattr(emotion_recognition, name) for name in emotion_recognition.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        emotion_recognition.nothing_like_it  # noqa: B018 - the access is what is tested


def test_a_short_program_prints_nothing_that_it_did_not_ask_for(tmp_path):
    """A sound file, a damaged one of which libraries in C complain, and one that is not there."""
    (tmp_path / "damaged.jpg").write_bytes(PORTRAIT.read_bytes()[:20_000])
    code = f"""
from emotion_recognition import EmotionRecogniser, UserError

recogniser = EmotionRecogniser()
print([face.emotion for face in recogniser.read({str(PORTRAIT)!r})])
for name in ("damaged.jpg", "nothing.jpg"):
    try:
        recogniser.read(name)
    except UserError:
        print(name)
"""
    environment, line = {"PYTHONPATH": str(REPOSITORY), "PATH": ""}, [sys.executable, "-c", code]
    result = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines() == ["['neutral']", "damaged.jpg", "nothing.jpg"], result.stderr
    assert sentences(result) == []
