"""Mixed precision: which Keras dtype policy a run uses, and the optimizer that goes with it."""

from collections.abc import Iterator, Mapping, Sequence
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
    multipliers: Mapping[str, float],
) -> keras.optimizers.Optimizer:
    """Return AdamW (https://arxiv.org/abs/1711.05101), with loss scaling where float16 would underflow.

    multipliers: shares of the learning rate by a variable's path, as of a pretrained encoder; 1 for others.
    """
    places = {place: multipliers.get(variable.path) for place, variable in enumerate(variables)}
    optimizer = _GroupedAdamW(places, weight_decay)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


class _GroupedAdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras is untyped
    """AdamW with a learning rate for each group of variables, which Keras has no option for."""

    def __init__(self, multipliers: Mapping[int, float | None], weight_decay: float) -> None:
        super().__init__(weight_decay=weight_decay, name="adamw")
        self._multipliers = multipliers

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        share = self._multipliers[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate if share is None else learning_rate * share)


def _fast_at_float16() -> bool:
    details = [
        tf.config.experimental.get_device_details(device) for device in tf.config.list_physical_devices("GPU")
    ]
    return bool(details) and all(
        tuple(found.get("compute_capability", (0, 0))) >= _TENSOR_CORES for found in details
    )
