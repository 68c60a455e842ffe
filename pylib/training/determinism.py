"""Bit-for-bit repeatable training: the seed, deterministic kernels, and a pinned number of threads."""

import os

import keras
import tensorflow as tf

from pylib import INSTRUCTIONS, THREADS
from pylib.errors import ConfigurationError


def pin_threads(threads: int) -> int:
    """Give TensorFlow that many threads within and between operations; return the number.

    Sums are split over threads, so the number is part of what a result depends on: record it. It can only be
    set before TensorFlow's first operation; ConfigurationError when another number is in force by then.
    """
    pools = tf.config.threading
    try:
        pools.set_intra_op_parallelism_threads(threads)
        pools.set_inter_op_parallelism_threads(threads)
    except RuntimeError as error:
        # 0 stands for the default that pylib gives it.
        within, between = pools.get_intra_op_parallelism_threads(), pools.get_inter_op_parallelism_threads()
        if {within or THREADS, between or THREADS} != {threads}:
            raise ConfigurationError(
                f"threads={threads}: TensorFlow already runs with {within or THREADS};"
                " set it before its first operation, or train in a fresh process"
            ) from error
    return threads


def hold_instructions(*, deterministic: bool) -> str | None:
    """Keep the cap on the instruction set, or lift it; return its name, None for none.

    oneDNN looks at its first operation, so it is lifted only before that; later, all stays as it is.
    https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
    """
    if deterministic:
        return INSTRUCTIONS
    os.environ.pop("ONEDNN_MAX_CPU_ISA", None)
    return None


def make_deterministic(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy, TensorFlow and Keras; with `deterministic` choose kernels that repeat.

    Holds for the rest of the process:
    https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism
    """
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
