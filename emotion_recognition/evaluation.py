"""How good are probabilities: metrics in NumPy.

`probabilities` is float (n, emotions), `labels` int (n,), indices of the true emotions.
"""

import numpy as np

# Keeps the logarithm finite where a network is entirely sure.
SMALLEST_PROBABILITY = 1e-7


def negative_log_likelihood(probabilities, labels) -> float:
    """Return the mean of -log(probability of the true emotion): lower is better."""
    chosen = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1)
    return float(-np.log(np.maximum(chosen, SMALLEST_PROBABILITY)).mean())


def with_temperature(probabilities, temperature) -> np.ndarray:
    """Return softmax(logits / temperature) for the logits that gave these probabilities: above 1, less sure of itself."""
    logits = np.log(np.maximum(probabilities, SMALLEST_PROBABILITY)) / temperature
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def best_temperature(probabilities, labels) -> float:
    """Return the temperature from 0.25 to 4 with the lowest negative log likelihood (Guo et al., 2017, section 4.2)."""
    candidates = np.geomspace(0.25, 4, 401)
    losses = [negative_log_likelihood(with_temperature(probabilities, each), labels) for each in candidates]
    return float(candidates[np.argmin(losses)])
