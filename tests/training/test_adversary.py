"""Adversarial training: images are moved against the model, within eps, the same way again."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pylib.tasks.task import find
from pylib.training.adversary import Adversary
from pylib.training.config import training_config
from pylib.training.precision import build_optimizer
from pylib.training.run import train
from pylib.training.train_step import TrainStep

OBJECTIVE = find("segmentation").objective


def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32")(image)
    return keras.Model(image, keras.layers.Conv2D(3, 3, padding="same", name="logits")(x))


def batch() -> tuple[tf.Tensor, tf.Tensor]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    return tf.constant(images), tf.constant(random.integers(0, 3, (4, 8, 8), dtype=np.uint8))


@pytest.mark.parametrize("eps", [0.5, 4.0, 64.0])
def test_images_are_moved_uphill_within_eps_and_their_range(eps: float) -> None:
    adversary, (images, targets) = Adversary(model(), OBJECTIVE, eps, seed=3), batch()
    moved = adversary.moved(images, targets, tf.constant(7))
    plain = tf.cast(images, tf.float32)
    assert float(tf.reduce_max(tf.abs(moved - plain))) <= eps + 1e-4
    assert 0 <= float(tf.reduce_min(moved)) <= float(tf.reduce_max(moved)) <= 255
    worse = adversary.losses(images, targets, tf.constant(7))
    assert (worse.numpy() > OBJECTIVE.loss(targets, adversary.model(plain)).numpy()).all()
    np.testing.assert_array_equal(moved, adversary.moved(images, targets, tf.constant(7)))
    assert not np.array_equal(moved, adversary.moved(images, targets, tf.constant(8)))


def test_a_step_is_the_mean_of_the_clean_and_the_moved_loss() -> None:
    network, (images, targets) = model(), batch()
    optimizer = build_optimizer("float32", network.trainable_variables, 0.0, {})
    adversary = Adversary(network, OBJECTIVE, 4.0, seed=0)
    clean = OBJECTIVE.loss(targets, network(images))
    moved = adversary.losses(images, targets, tf.constant(0))
    steps = TrainStep(network, OBJECTIVE, optimizer, tf.distribute.get_strategy(), adversary)
    found = float(steps.train(images, targets, tf.constant(0.01)))
    assert found == pytest.approx(float(tf.reduce_mean((clean + moved) / 2)), rel=1e-5)


@pytest.mark.slow
def test_a_run_learns_against_an_adversary_and_the_same_again(shards: Path, tmp_path: Path) -> None:
    config = training_config("segmentation", epochs=1, batch=8, adversarial_eps=4)
    runs = [train(shards, tmp_path / name, config, scratch=tmp_path / f"{name}-scratch") for name in "ab"]
    assert runs[0].weights_sha256 == runs[1].weights_sha256
