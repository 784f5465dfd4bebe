"""The batches of an epoch: which pictures, how varied, how mixed."""

import numpy as np
import pytest

from emotion_recognition.training.augmentation import augment
from emotion_recognition.training.batches import Batches

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 48, 48, 1), dtype=np.uint8)
TARGETS = np.eye(20, dtype=np.float32)


def as_they_are(pictures, generator):
    """Vary nothing."""
    return pictures.astype(np.float32)


def test_batches_are_the_pictures_shuffled_and_varied():
    batches, same = (Batches(PICTURES, TARGETS, 8, augment, seed=3) for _ in range(2))
    assert len(batches) == 2
    for each in (batches, same):
        each.begin_epoch(1)
    chosen = np.random.default_rng([3, 1]).permutation(20)[8:16]
    views, targets = batches[1]
    assert views.dtype == np.float32 and views.shape == (8, 48, 48, 1)
    assert np.array_equal(targets, TARGETS[chosen])
    assert np.array_equal(views, augment(PICTURES[chosen], np.random.default_rng([3, 1, 1])))
    assert np.array_equal(views, same[1][0])
    batches.begin_epoch(2)
    assert not np.array_equal(views, batches[1][0])


def test_after_some_epochs_the_same_views_come_again():
    batches = Batches(PICTURES, TARGETS, 8, augment, seed=3, view_epochs=2)
    shown = []
    for epoch in range(4):
        batches.begin_epoch(epoch)
        shown.append(batches[1])
    assert all(np.array_equal(one, again) for one, again in zip(shown[1], shown[3], strict=True))
    assert not np.array_equal(shown[1][0], shown[2][0])


@pytest.mark.parametrize("batch_size, steps", [(5, 4), (8, 2), (21, 1)])
def test_only_whole_batches_count_as_steps(batch_size, steps):
    assert len(Batches(PICTURES, TARGETS, batch_size, augment)) == steps


def test_mixup_mixes_faces_and_all_targets_by_the_same_shares():
    batches = Batches(PICTURES, {"one": TARGETS, "two": 2 * TARGETS}, 10, as_they_are, mixup=0.4)
    views, targets = batches[0]
    assert np.allclose(targets["one"].sum(axis=1), 1) and np.allclose(targets["two"], 2 * targets["one"])
    # A face stays the larger part of its view.
    assert np.array_equal(targets["one"].argmax(axis=1), batches.order[:10])
    assert 0.5 <= targets["one"].max(axis=1).min() < 1
    expected = np.tensordot(targets["one"], PICTURES.astype(np.float32), axes=1)
    assert np.allclose(views, expected, atol=1e-3)


def test_a_network_gets_what_a_frozen_part_finds_in_the_mixed_views_and_a_teacher_these_themselves():
    batches, mixed = (
        Batches(PICTURES, TARGETS, 8, as_they_are, mixup=0.4, teach=teach, look=look)
        for teach, look in ((lambda views, targets: targets + views.mean(axis=(1, 2)), np.square), (None, None))
    )
    views, targets = mixed[0]
    assert np.array_equal(batches[0][0], np.square(views))
    assert np.allclose(batches[0][1], targets + views.mean(axis=(1, 2)))
