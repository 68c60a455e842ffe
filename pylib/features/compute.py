"""Images through a frozen network, so that a row's bits depend on its image alone.

Kernels sum in another order for another number of images, so every batch has BATCH: the last is filled
up, and what was filled in is thrown away. BATCH is a multiple of the blocks in which they take rows (6 of
oneDNN's with AVX2, 4, 8 and 16 elsewhere), because what is left over is summed in yet another order: of 32
images, dense layers of ConvNeXt gave the last two other bits than the first thirty. Whether that is all is
looked at, of each network and size, before the first image: where a row still depends on its place, images go
one at a time.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pylib import THREADS
from pylib.errors import ModelError
from pylib.tasks import task as tasks

BATCH = 48
"""Images at a time, always: a part of what the bits depend on."""

Pixels = NDArray[np.uint8]
Rows = NDArray[np.float32]
Compute = Callable[[Sequence[Pixels]], Rows]
"""Up to BATCH images, uint8 [S,S,3] each, to features, float32 [n,W]."""
Forward = Callable[[Pixels], Rows]
"""Images uint8 [N,S,S,3] to features, float32 [N,W], of one N."""

_LOG = logging.getLogger(__name__)


def network(task: str, config: BaseModel, image_size: int, weights: Path | None) -> Compute:
    """Build a task's frozen network, in a process that is made to repeat; return what computes.

    Raises ModelError where the weights are not the network's, and later where they give no numbers.
    """
    from pylib.training.determinism import hold_instructions, make_deterministic, pin_threads

    hold_instructions(deterministic=True)
    pin_threads(THREADS)
    make_deterministic(0, deterministic=True)
    model = tasks.find(task).features.build(config, image_size, weights)
    side = (image_size, image_size, 3)
    forward = traced(model, (BATCH, *side))
    if depends_on_place(forward, (BATCH, *side)):
        _LOG.warning("the bits of %s depend on an image's place in a batch: one image at a time", config)
        return finite(one_by_one(traced(model, (1, *side))), weights)
    return finite(filled_up(forward, side), weights)


def traced(model: Callable[..., object], shape: tuple[int, ...]) -> Forward:
    """A model as a graph for inputs of one shape, uint8."""
    import tensorflow as tf

    graph = tf.function(
        lambda pixels: model(pixels, training=False), input_signature=[tf.TensorSpec(shape, tf.uint8)]
    )
    return lambda images: np.asarray(graph(tf.constant(images)))


def depends_on_place(forward: Forward, shape: tuple[int, ...]) -> bool:
    """Whether images of noise get other bits in another order; the same noise and order each time."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, shape, dtype=np.uint8)
    order = random.permutation(shape[0])
    return forward(noise[order]).tobytes() != forward(noise)[order].tobytes()


def filled_up(forward: Forward, side: tuple[int, ...]) -> Compute:
    """Compute any number of images, up to BATCH, in a whole batch."""
    whole = np.zeros((BATCH, *side), np.uint8)

    def compute(images: Sequence[Pixels]) -> Rows:
        for place, image in enumerate(images):
            whole[place] = image
        whole[len(images) :] = 0
        return forward(whole)[: len(images)]

    return compute


def one_by_one(forward: Forward) -> Compute:
    """Compute images alone."""
    return lambda images: np.concatenate([forward(image[np.newaxis]) for image in images])


def finite(compute: Compute, weights: Path | None) -> Compute:
    """Refuse what is no number."""

    def checked(images: Sequence[Pixels]) -> Rows:
        rows = compute(images)
        if not np.isfinite(rows).all():
            raise ModelError(f"the features of an image are not finite: the weights {weights} are damaged")
        return rows

    return checked
