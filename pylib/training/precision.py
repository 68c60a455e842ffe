"""Mixed precision: which Keras dtype policy a run uses, and the optimizer that goes with it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import keras
import tensorflow as tf

Policy = Literal["float32", "mixed_float16", "mixed_bfloat16"]
Setting = Literal["auto", "off", "float16", "bfloat16"]

_TENSOR_CORES = (7, 0)  # compute capability from which float16 is faster than float32


def choose_policy(setting: Setting) -> Policy:
    """Resolve a setting: auto is float16 when every GPU has tensor cores, float32 elsewhere."""
    if setting == "auto":
        return "mixed_float16" if _fast_at_float16() else "float32"
    policies: dict[Setting, Policy] = {"float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}
    return policies.get(setting, "float32")


@contextmanager
def dtype_policy(policy: Policy) -> Iterator[None]:
    """Build what is inside under that policy, then put the former one back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_optimizer(
    policy: Policy,
    variables: Sequence[keras.Variable],
    weight_decay: float,
    slow: Sequence[keras.Variable] = (),
    factor: float = 1.0,
) -> keras.optimizers.Optimizer:
    """Return AdamW (https://arxiv.org/abs/1711.05101), with loss scaling where float16 would underflow.

    slow: those of the variables that learn at `factor` times the rate, as a pretrained encoder should.
    """
    paths = {variable.path for variable in slow}
    places = {place for place, variable in enumerate(variables) if variable.path in paths}
    optimizer = _GroupedAdamW(places, factor, weight_decay)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


class _GroupedAdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras is untyped
    """AdamW with a second group of variables, which Keras has no option for."""

    def __init__(self, slow: set[int], factor: float, weight_decay: float) -> None:
        super().__init__(weight_decay=weight_decay, name="adamw")
        self._slow, self._factor = slow, factor

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        slow = self._get_variable_index(variable) in self._slow
        super().update_step(gradient, variable, learning_rate * self._factor if slow else learning_rate)


def _fast_at_float16() -> bool:
    details = [
        tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")
    ]
    return bool(details) and all(
        tuple(found.get("compute_capability", (0, 0))) >= _TENSOR_CORES for found in details
    )
