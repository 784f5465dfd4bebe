"""What is changed in the last layer of a trained network, so that its probabilities mean what they say."""

import keras
import numpy as np
import numpy.typing as npt

from emotion_recognition.datasets.folders import Pictures
from emotion_recognition.evaluation import metrics
from emotion_recognition.models.predict import network_outputs

# A network learns also how frequent each emotion is in its training data: 16 times as many faces of FER-2013 are happy
# as disgusted. In front of a camera it is otherwise, so half of that knowledge is taken out. On PublicTest that cost a
# little VGG 0.2 points of accuracy and gained 1.0 of balanced accuracy; weaker networks pay and gain more: the
# four-layer CNN 1.0 and 4.1, Deep-Emotion (three seeds) 0.6 to 0.8 and 3.0 to 3.7.
PRIOR_LEFT_OUT = 0.5


def leave_out_prior(network: keras.Model, targets: npt.NDArray) -> None:
    """Make emotions likelier that were rare in `targets`, (n, emotions), in the biases of the last layer.

    The prior that a network learns is the mean of its targets, smoothed labels or votes; mixup does not change it.
    Logit adjustment: Menon et al., 2021, section 4.1.
    """
    shares = targets.mean(axis=0).clip(1 / len(targets))
    last = network.layers[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel, bias - PRIOR_LEFT_OUT * np.log(shares)])


def calibrate(network: keras.Model, validation: Pictures) -> tuple[float, float]:
    """Make the probabilities mean what they say (Guo et al., 2017); return temperature and accuracy on validation.

    The temperature is fitted on validation and folded into the last layer: dividing its weights divides the logits.
    """
    probabilities = network_outputs(network.predict_on_batch, validation.pictures)
    temperature = best_temperature(probabilities, validation.labels)
    last = network.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])
    return temperature, float((probabilities.argmax(axis=1) == validation.labels).mean())


def with_temperature(probabilities: npt.NDArray, temperature: float) -> npt.NDArray:
    """Return softmax(logits / temperature) for the logits that gave these probabilities: above 1, less sure."""
    logits = np.log(np.maximum(probabilities, metrics.SMALLEST_PROBABILITY)) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def best_temperature(probabilities: npt.NDArray, labels: npt.NDArray) -> float:
    """Return the temperature from 0.25 to 4 with the lowest negative log likelihood (Guo et al., 2017, section 4.2).

    It is 1 where all are right, as a few pictures may be: they tell only that the network cannot be too sure.
    """
    if (probabilities.argmax(axis=1) == labels).all():
        return 1.0
    candidates = np.geomspace(0.25, 4, 401)
    losses = [metrics.negative_log_likelihood(with_temperature(probabilities, each), labels) for each in candidates]
    return float(candidates[np.argmin(losses)])
