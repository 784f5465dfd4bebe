"""What a network sees in an epoch: batches of varied pictures, what it should say of them, and how much each counts."""

import keras
import numpy as np

from emotion_recognition.datasets import folders
from emotion_recognition.training import distillation
from emotion_recognition.training.augmentation import augment

# A target says 90 % for its label and shares the rest among all emotions (Szegedy et al., 2016, section 7): people
# agree with the labels of FER-2013 in two cases of three only, and a network should not be surer than they are.
LABEL_SMOOTHING = 0.1


class Batches(keras.utils.PyDataset):
    """The batches of one epoch: shuffled, and varied on the fly."""

    def __init__(self, data, targets, batch_size, seed, epoch):
        # Threads of Keras' own. With one worker Keras leaves the batches to tf.data (TensorFlow 2.21), and every epoch
        # then waits for a thread of it that wakes up ever more rarely: up to a minute, though it has ended.
        super().__init__(workers=2)
        self.data, self.targets, self.batch_size, self.seed, self.epoch = data, targets, batch_size, seed, epoch
        self.order = np.random.default_rng([seed, epoch]).permutation(len(data))

    def __len__(self):
        return steps_per_epoch(self.data, self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng([self.seed, self.epoch, index])
        return augment(self.data.pictures[chosen], generator), self.targets[chosen]


def steps_per_epoch(data, batch_size) -> int:
    """Return the number of whole batches: a last smaller one would upset batch normalisation."""
    return max(1, len(data) // batch_size)


def targets(data) -> np.ndarray:
    """Return the probabilities that a perfect network would give, float32 (n, emotions): 1 for the label."""
    return np.eye(len(data.emotions), dtype=np.float32)[data.labels]


def targets_to_learn(data, arguments) -> np.ndarray:
    """Return what a network is trained towards: smoothed labels, or votes; mixed with the teachers' answers, if any."""
    smoothed = LABEL_SMOOTHING / len(data.emotions) + (1 - LABEL_SMOOTHING) * targets(data)
    if arguments.votes:
        votes = folders.read_votes(arguments.data, data)
        number = votes.sum(axis=1, keepdims=True)
        # Where nobody chose any of these emotions, the label has to do.
        smoothed = np.where(number, votes / number.clip(1), smoothed)
    return distillation.add_teachers(smoothed, data, arguments.teacher) if arguments.teacher else smoothed


def class_weights(data) -> dict[int, float]:
    """Return for each label a weight with which all emotions together count alike."""
    numbers = np.bincount(data.labels, minlength=len(data.emotions))
    return {label: len(data) / (len(numbers) * number) for label, number in enumerate(numbers) if number}
