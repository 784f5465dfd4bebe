"""The classifier: LiteRT says what Keras says, in every thread, and what it cannot run is run without it."""

import os
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow
from conftest import NETWORKS

from emotion_recognition.explanation import faithfulness
from emotion_recognition.models.classifier import EmotionClassifier, compile_inference
from emotion_recognition.models.lite import LiteFunction


@pytest.fixture
def faces():
    return np.random.default_rng(0).integers(0, 256, (5, 48, 48, 1)).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["little_vgg", "four_layer_cnn", "attentional", "deep_emotion"])
def test_litert_says_what_keras_says(network, faces):
    model = NETWORKS[network](7)
    classify = compile_inference(model)
    assert isinstance(classify, LiteFunction)
    for number in (1, 5, 2):
        expected = model(faces[:number], training=False)
        np.testing.assert_allclose(classify(faces[:number]), expected, atol=1e-5)


def test_a_layer_that_litert_does_not_have(faces):
    class Undigested(keras.layers.Layer):
        """Has an operation that is TensorFlow's alone."""

        def call(self, values):
            return tensorflow.cast(tensorflow.strings.length(tensorflow.strings.as_string(values)), values.dtype)

    inputs = keras.Input((48, 48, 1))
    outputs = keras.layers.Dense(7, "softmax")(keras.layers.Flatten()(Undigested()(inputs)))
    model = keras.Model(inputs, outputs)
    classify = compile_inference(model)
    assert not isinstance(classify, LiteFunction)
    np.testing.assert_allclose(classify(faces), model(faces), atol=1e-5)


def test_a_network_in_memory_is_seen_as_it_is_when_the_classifier_is_made(faces):
    network = NETWORKS["deep_emotion"](2)
    classifier = EmotionClassifier.of_network(network, ["happy", "sad"])
    expected = network.predict_on_batch(faces)
    with faithfulness.shuffled_weights(network):
        assert not np.allclose(network.predict_on_batch(faces), expected, atol=0.01)
        np.testing.assert_allclose(classifier.probabilities(faces), expected, atol=1e-5)
    assert classifier.emotions == ("happy", "sad") and classifier.probabilities([]).shape == (0, 2)


def test_threads_do_not_disturb_each_other():
    classifier = EmotionClassifier("model.h5")
    # More than are read at once.
    faces = np.random.default_rng(1).integers(0, 256, (40, 48, 48), np.uint8)
    expected, starts = classifier.probabilities(faces), range(0, 40, 5)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda start: classifier.probabilities(faces[start:]), starts))
    for start, answer in zip(starts, answers, strict=True):
        np.testing.assert_allclose(answer, expected[start:], atol=1e-5)


@pytest.mark.slow
def test_converting_leaves_the_process_alone(capsys, caplog, recwarn):
    """Two threads at once: neither standard error nor the environment is touched, and Python writes nothing."""
    environment, standard_error = dict(os.environ), os.fstat(2)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(compile_inference, [NETWORKS["deep_emotion"](7) for _ in range(2)]))
    assert all(isinstance(each, LiteFunction) for each in found)
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (standard_error.st_dev, standard_error.st_ino)
    assert dict(os.environ) == environment
    assert capsys.readouterr() == ("", "") and not caplog.records
    assert not [each for each in recwarn if "lite" in each.filename]
