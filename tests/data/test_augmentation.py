"""Augmentation of an image together with its mask."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.data.augmentation import draw_change, item_seed

SIZE = 48


def changed_pair(seed: tf.Tensor, strength: float = 1.0) -> tuple[tf.Tensor, tf.Tensor]:
    """Both under one change."""
    image, mask = pair()
    change = draw_change(tf.shape(image), seed, strength)
    return change.of_image(image), change.of_labels(mask)


def pair() -> tuple[tf.Tensor, tf.Tensor]:
    """A picture that shows its own mask: bright where the class is 2."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[8:30, 12:40] = 2
    image = np.repeat(np.where(mask == 2, 200, 50).astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    return tf.constant(image), tf.constant(mask)


changed = tf.function(lambda seed, epoch, index: changed_pair(item_seed(seed, epoch, index)))


@settings(max_examples=40, deadline=None)
@given(epoch=st.integers(0, 1000), index=st.integers(0, 10**6))
def test_the_mask_follows_the_image_and_gains_no_class(epoch: int, index: int) -> None:
    image, mask = changed(7, tf.constant(epoch), tf.constant(index))
    assert image.shape == (SIZE, SIZE, 3)
    assert image.dtype == mask.dtype == tf.uint8
    assert set(np.unique(mask)) <= {0, 2}
    light = image.numpy().astype(float).mean(axis=-1)
    agreed = (light > (light.min() + light.max()) / 2) == (mask.numpy() == 2)
    assert agreed.mean() > 0.97


def test_the_same_item_differs_between_epochs_and_items_but_not_between_calls() -> None:
    digests = {
        (epoch, index): changed(0, tf.constant(epoch), tf.constant(index))[0].numpy().tobytes()
        for epoch in range(4)
        for index in range(4)
    }
    assert len(set(digests.values())) == 16
    assert changed(0, tf.constant(2), tf.constant(3))[0].numpy().tobytes() == digests[2, 3]


def test_half_of_the_images_are_mirrored() -> None:
    # The bright block lies right of the middle, by 2 pixels of 48.
    left = 0
    for index in range(200):
        mask = changed(1, tf.constant(0), tf.constant(index))[1].numpy()
        left += mask[:, : SIZE // 2].sum() > mask[:, SIZE // 2 :].sum()
    assert 40 < left < 160


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_strength_scales_the_change(strength: float) -> None:
    mask = pair()[1]
    moved = np.stack([changed_pair(item_seed(0, 0, index), strength)[1].numpy() for index in range(20)])
    upright, mirrored = (
        (moved != before).mean(axis=(1, 2)) for before in (mask.numpy(), mask.numpy()[:, ::-1])
    )
    assert (np.minimum(upright, mirrored).mean() < 0.03) == (strength < 1)
