"""Images through a frozen network, so that a row's bits depend on its image alone.

Kernels may choose another order of sums for another number of images, so every batch has BATCH of them: the
last is filled up, and what was filled in is thrown away.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from pylib import THREADS
from pylib.errors import ModelError
from pylib.tasks import task as tasks

BATCH = 32
"""Images at a time, always: a part of what the bits depend on."""

Pixels = NDArray[np.uint8]
Rows = NDArray[np.float32]
Compute = Callable[[Sequence[Pixels]], Rows]
"""Up to BATCH images, uint8 [S,S,3] each, to features, float32 [n,W]."""


def network(task: str, config: BaseModel, image_size: int, weights: Path | None) -> Compute:
    """Build a task's frozen network, in a process that is made to repeat; return what computes.

    Raises ModelError where the weights are not the network's, and later where they give no numbers.
    """
    import tensorflow as tf

    from pylib.training.determinism import hold_instructions, make_deterministic, pin_threads

    hold_instructions(deterministic=True)
    pin_threads(THREADS)
    make_deterministic(0, deterministic=True)
    model = tasks.find(task).features.build(config, image_size, weights)
    shape = tf.TensorSpec((BATCH, image_size, image_size, 3), tf.uint8)
    forward = tf.function(lambda pixels: model(pixels, training=False), input_signature=[shape])
    whole = np.zeros((BATCH, image_size, image_size, 3), np.uint8)

    def compute(images: Sequence[Pixels]) -> Rows:
        for place, image in enumerate(images):
            whole[place] = image
        whole[len(images) :] = 0
        rows: Rows = forward(tf.constant(whole)).numpy()[: len(images)]
        if not np.isfinite(rows).all():
            raise ModelError(f"the features of an image are not finite: the weights {weights} are damaged")
        return rows

    return compute
