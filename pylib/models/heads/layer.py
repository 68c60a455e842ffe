"""A head as a layer of Keras: its arrays are weights, so it is stored, exported and fine-tuned as any is."""

from collections.abc import Mapping
from typing import Any

import keras

from pylib.models.heads.logits import logits
from pylib.models.heads.spec import HeadSpec, dtype

_LEARNED = ("weights_", "bias_")
"""Of a dense head; what other heads keep is no matter of gradients."""


@keras.saving.register_keras_serializable("pylib")
class HeadLayer(keras.layers.Layer):  # type: ignore[misc]
    """Features float32 [N,W] to logits float32 [N,C], by a HeadSpec."""

    def __init__(self, spec: HeadSpec, name: str) -> None:
        super().__init__(name=name, dtype="float32")
        self.spec = spec

    def build(self, _: Any) -> None:
        """Make the weights, in the order of their names: a dense head's can learn."""
        self.arrays = {
            name: self.add_weight(
                name=name,
                shape=shape,
                dtype=dtype(name),
                initializer=_first(name),
                trainable=self.spec.kind == "dense" and name.startswith(_LEARNED),
            )
            for name, shape in sorted(self.spec.arrays.items())
        }

    def call(self, features: Any) -> Any:
        """The logits."""
        return logits(self.spec, self.arrays, features, keras.ops)

    def assign(self, arrays: Mapping[str, Any]) -> None:
        """Take what was fitted."""
        for name, variable in self.arrays.items():
            variable.assign(arrays[name])

    def values(self) -> dict[str, Any]:
        """The arrays as they are now, numpy."""
        return {name: keras.ops.convert_to_numpy(variable) for name, variable in self.arrays.items()}


def _first(name: str) -> str:
    if name == "scale":
        return "ones"
    return "glorot_uniform" if name.startswith("weights_") else "zeros"
