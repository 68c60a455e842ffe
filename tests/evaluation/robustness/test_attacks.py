"""Attacks in pixel units: what a hand computes for a linear model, and what holds for any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation.robustness.attacks import fgsm, gradient_of, pgd

WEIGHTS = np.array([[[[1.0, -2.0, 0.0], [3.0, -1.0, 2.0]]]])
IMAGE = np.array([[[[100, 100, 100], [254, 1, 255]]]], np.uint8)


def linear(images, targets):
    """Of a loss that is the sum of weights times pixels."""
    return np.broadcast_to(WEIGHTS, images.shape).astype(np.float32)


def test_fgsm_of_a_linear_loss_goes_eps_by_the_sign_of_each_weight_and_is_cut_to_pixels() -> None:
    found = fgsm(IMAGE, None, linear, 4)
    assert found.tolist() == [[[[104, 96, 100], [255, 0, 255]]]]
    assert found.dtype == np.uint8


def test_pgd_of_a_linear_loss_ends_where_fgsm_does_but_for_the_pixel_without_a_gradient() -> None:
    found = pgd(IMAGE, None, linear, 4)
    assert (found == fgsm(IMAGE, None, linear, 4))[WEIGHTS != 0].all()
    assert abs(int(found[0, 0, 0, 2]) - 100) <= 4


@given(st.integers(0, 99), st.sampled_from([1, 2, 4, 8, 255]), st.sampled_from([fgsm, pgd]))
def test_no_pixel_moves_further_than_eps_or_leaves_its_range(seed: int, eps: int, attack) -> None:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)

    def gradient(moved, targets):
        assert moved.min() >= 0
        assert moved.max() <= 255
        return random.normal(size=moved.shape).astype(np.float32)

    found = attack(images, None, gradient, eps)
    assert np.abs(found.astype(int) - images).max() <= eps


def test_the_gradient_goes_through_the_models_own_normalisation() -> None:
    """Pixels to [-1,1], then logits of two classes that are the sum of the red and of the blue ones.

    The loss is the difference of the two logits: by a red pixel 1/127.5, by a blue one -1/127.5.
    """
    import keras
    import tensorflow as tf

    image = keras.Input((2, 2, 3), dtype="uint8", name="image")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32")(image)
    flat = keras.layers.Flatten()(scaled)
    logits = keras.layers.Dense(2, use_bias=False, name="logits")
    model = keras.Model(image, logits(flat))
    weights = np.zeros((12, 2), np.float32)
    weights[0::3, 0] = weights[2::3, 1] = 1
    logits.set_weights([weights])

    class Objective:
        @staticmethod
        def loss(targets, outputs):
            return tf.where(targets == 1, outputs[:, 0] - outputs[:, 1], outputs[:, 1] - outputs[:, 0])

    gradient = gradient_of(model, Objective)
    images = np.full((2, 2, 2, 3), 100, np.uint8)
    found = gradient(images.astype(np.float32), np.array([1, 0]))
    expected = np.array([1, 0, -1]) / 127.5
    np.testing.assert_allclose(found[0], np.broadcast_to(expected, (2, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found[1], np.broadcast_to(-expected, (2, 2, 3)), rtol=1e-5)
    moved = fgsm(images, np.array([1, 0]), gradient, 3)
    assert moved[0, 0, 0].tolist() == [103, 100, 97]
    assert moved[1, 0, 0].tolist() == [97, 100, 103]
    before, after = (np.asarray(model(each))[0] for each in (images, moved))
    assert (after - before).tolist() == pytest.approx([4 * 3 / 127.5, -4 * 3 / 127.5], rel=1e-4)
