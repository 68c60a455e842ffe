"""The smallest changes that mislead a model most, in pixel units: FGSM and PGD in the maximum norm.

Goodfellow, Shlens & Szegedy, Explaining and Harnessing Adversarial Examples, 2015,
https://arxiv.org/abs/1412.6572; Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks,
2018, https://arxiv.org/abs/1706.06083. Both take images of whole numbers in 0..255 and return such, which is
what a server is sent; no pixel differs by more than eps.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

    from pylib.tasks.aspects import Objective

STEPS = 10
_STRIDE = 2.5  # times eps over all steps, as Madry et al. have it

Images = NDArray[np.uint8]
Gradient = Callable[[NDArray[np.float32], Any], NDArray[np.float32]]
"""The gradient of the loss by the pixels, of float32 images [N,H,W,3] in 0..255 and targets [N,…]."""


def gradient_of(trained_part: "keras.Model", objective: "Objective") -> Gradient:
    """The gradient through the model's own normalisation, of the loss that it was trained towards."""
    import tensorflow as tf

    from pylib.models.pixels import on_float_pixels

    model = on_float_pixels(trained_part)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def gradient(images: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(objective.loss(targets, model(images, training=False)))
        return tape.gradient(loss, images)

    def of_arrays(images: NDArray[np.float32], targets: Any) -> NDArray[np.float32]:
        return np.asarray(gradient(tf.constant(images, tf.float32), tf.constant(np.asarray(targets))))

    return of_arrays


def fgsm(images: Images, targets: Any, gradient: Gradient, eps: int) -> Images:
    """One step of eps uphill in each pixel; uint8 [N,H,W,3]."""
    uphill = np.sign(gradient(images.astype(np.float32), targets))
    return _whole(images + eps * uphill)


def pgd(
    images: Images, targets: Any, gradient: Gradient, eps: int, *, steps: int = STEPS, seed: int = 0
) -> Images:
    """Small steps uphill from a random start, held within eps of the image and in 0..255; uint8 [N,H,W,3].

    The same arguments give the same images.
    """
    original = images.astype(np.float32)
    low, high = np.maximum(original - eps, 0), np.minimum(original + eps, 255)
    start = np.random.default_rng(seed).uniform(-eps, eps, images.shape)
    moved = np.clip(original + start, low, high).astype(np.float32)
    for _ in range(steps):
        uphill = np.sign(gradient(moved, targets))
        moved = np.clip(moved + _STRIDE * eps / steps * uphill, low, high).astype(np.float32)
    return _whole(moved)


def _whole(images: NDArray[Any]) -> Images:
    found: Images = np.clip(np.rint(images), 0, 255).astype(np.uint8)
    return found
