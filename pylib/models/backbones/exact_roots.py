"""Reciprocal square roots with the same bits on every processor: what BatchNormalization divides by.

TensorFlow starts a float32's from the instruction `rsqrtps`, whose 12 bits each maker rounds in its
own way, and refines it by one step of Newton's: on AMD the last bit is often another than on Intel, after a
few training steps the whole model. There is no such instruction for float64, so it is taken there, exactly,
and rounded once.
https://gitlab.com/libeigen/eigen/-/blob/master/Eigen/src/Core/arch/AVX/PacketMath.h (prsqrt)
"""

import functools
from collections.abc import Callable
from typing import Any


def hold_roots() -> None:
    """Let TensorFlow and Keras take them so, from now on in this process; functions traced before stay."""
    from tensorflow.python.ops import gen_math_ops

    if not hasattr(gen_math_ops.rsqrt, "__wrapped__"):
        gen_math_ops.rsqrt = _exact(gen_math_ops.rsqrt)


def _exact(rsqrt: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    @functools.wraps(rsqrt)
    def exact(x: Any, name: str | None = None) -> Any:
        x = tf.convert_to_tensor(x)
        if not x.dtype.is_floating:
            return rsqrt(x, name)
        return tf.cast(rsqrt(tf.cast(x, tf.float64)), x.dtype, name)

    return exact
