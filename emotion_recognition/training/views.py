"""Views of training faces: what batches show of them, as seed and epoch alone decide."""

import cv2
import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """The batches of each epoch: shuffled, and varied on the fly by `vary(pictures, generator)`.

    `targets` are arrays (n, ...) by the names of the network's outputs. With `mixup`, each face is mixed with another
    of its batch, and so are their targets, by a share from a beta distribution (Zhang et al., 2018). What `look` finds
    in the views is what the network gets.
    """

    def __init__(self, pictures, targets, batch_size, vary, seed=0, epoch=0, mixup=0.0, look=None):
        # Threads of Keras' own. With one worker Keras leaves the batches to tf.data (TensorFlow 2.21), and every epoch
        # then waits for a thread of it that wakes up ever more rarely: up to a minute, though it has ended.
        super().__init__(workers=2)
        self.pictures, self.targets, self.batch_size, self.vary = pictures, targets, batch_size, vary
        self.seed, self.epoch, self.mixup, self.look = seed, epoch, mixup, look
        self._shuffle()

    def _shuffle(self):
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.pictures))

    def on_epoch_end(self):
        self.epoch += 1
        self._shuffle()

    def __len__(self):
        # Whole batches: a last smaller one would upset batch normalisation.
        return max(1, len(self.pictures) // self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng([self.seed, self.epoch, index])
        views = self.vary(self.pictures[chosen], generator)
        targets = {name: values[chosen] for name, values in self.targets.items()}
        if self.mixup:
            share = generator.beta(self.mixup, self.mixup, len(chosen)).astype(np.float32)
            share, other = np.maximum(share, 1 - share), generator.permutation(len(chosen))
            views, targets = mix(views, share, other), {name: mix(each, share, other) for name, each in targets.items()}
        return self.look(views) if self.look else views, targets


def mix(values, share, other):
    """Return each of `values` (n, ...) by its `share` (n,), and the `other` (n,) one for the rest."""
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return share * values + (1 - share) * values[other]


# Cut tighter or wider than a detector does, and turned as a head may be.
LARGEST_ROTATION = 15.0  # degrees
SCALES = (0.85, 1.2)
LARGEST_SHIFT = 3.5  # pixels of 48
CHANGED_PICTURES, CONTRASTS, LARGEST_CHANGE_OF_BRIGHTNESS = 0.5, (0.75, 1.25), 25.0
COVERED_PICTURES, COVERED_EXTENT = 0.5, (0.1, 0.4)  # of the width and height


def enlarged_views(size):
    """Return a function that varies faces, uint8 (n, 48, 48, 1): float32 (n, size, size, 1), in one cubic warp each."""

    def vary(pictures, generator):
        number, face_size = pictures.shape[:2]
        matrices = random_warps(number, face_size, size, generator)
        views = np.empty((number, size, size), np.float32)
        for picture, matrix, view in zip(pictures, matrices, views, strict=True):
            cv2.warpAffine(
                picture.astype(np.float32),
                matrix,
                (size, size),
                dst=view,
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
        light(views, generator)
        cover(views, generator)
        return views[..., np.newaxis]

    return vary


def random_warps(number, face_size, size, generator) -> np.ndarray:
    """Return affine matrices, float64 (number, 2, 3), from pixels of a face to those of its view, half mirrored."""
    angle = np.deg2rad(generator.uniform(-LARGEST_ROTATION, LARGEST_ROTATION, number))
    scale = generator.uniform(*SCALES, number) * size / face_size
    shift = generator.uniform(-LARGEST_SHIFT, LARGEST_SHIFT, (number, 2)) * size / face_size
    mirror = generator.choice((-1.0, 1.0), number)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[mirror * cosine, -sine], [mirror * sine, cosine]]).transpose(2, 0, 1)
    offset = (size - 1) / 2 + shift - linear @ np.full(2, (face_size - 1) / 2)
    return np.concatenate([linear, offset[..., np.newaxis]], axis=2)


def light(views, generator):
    """Change contrast and brightness of some views, float32 (n, height, width), 0 to 255."""
    number = len(views)
    is_changed = generator.uniform(0, 1, number) < CHANGED_PICTURES
    contrast = np.where(is_changed, generator.uniform(*CONTRASTS, number), 1)
    change = generator.uniform(-LARGEST_CHANGE_OF_BRIGHTNESS, LARGEST_CHANGE_OF_BRIGHTNESS, number)
    brightness = np.where(is_changed, change, 0)
    views -= 127.5
    views *= contrast.reshape(-1, 1, 1).astype(np.float32)
    views += 127.5 + brightness.reshape(-1, 1, 1).astype(np.float32)
    np.clip(views, 0, 255, out=views)


def cover(views, generator):
    """Cover a rectangle in some views, float32 (n, height, width), with one random gray level each.

    So the network learns to read an emotion from every part of a face (random erasing: Zhong et al., 2020).
    """
    number, *size = views.shape
    is_covered = generator.uniform(0, 1, number) < COVERED_PICTURES
    extents = np.round(generator.uniform(*COVERED_EXTENT, (number, 2)) * size).astype(int)
    corners = (generator.uniform(0, 1, (number, 2)) * (size - extents + 1)).astype(int)
    levels = generator.uniform(0, 255, number)
    for index in np.flatnonzero(is_covered):
        (top, left), (height, width) = corners[index], extents[index]
        views[index, top : top + height, left : left + width] = levels[index]
