"""Bit-for-bit repeatable training: the seed, deterministic kernels, and a pinned number of threads."""

import os

import keras
import tensorflow as tf

from pylib.errors import ConfigurationError


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pin_threads(threads: int) -> int:
    """Give TensorFlow that many threads within and between operations; 0 takes all cores. Return the number.

    Sums are split over threads, so the number is part of what a result depends on: record it. It can only be
    set before TensorFlow's first operation; ConfigurationError when another number is in force by then.
    """
    wanted, pools = threads or available_cores(), tf.config.threading
    try:
        pools.set_intra_op_parallelism_threads(wanted)
        pools.set_inter_op_parallelism_threads(wanted)
    except RuntimeError as error:
        # 0 stands for TensorFlow's own choice, which is a thread a core too.
        within, between = pools.get_intra_op_parallelism_threads(), pools.get_inter_op_parallelism_threads()
        if {within or available_cores(), between or available_cores()} != {wanted}:
            raise ConfigurationError(
                f"threads={wanted}: TensorFlow already runs with {within or available_cores()};"
                " set it before its first operation, or train in a fresh process"
            ) from error
    return wanted


def make_deterministic(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy, TensorFlow and Keras; with `deterministic` choose kernels that repeat.

    Holds for the rest of the process:
    https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism
    """
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
