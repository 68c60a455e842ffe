"""What a task says of learning: the objective, the network, features and heads on them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import tensorflow as tf
from pydantic import BaseModel

from pylib.data.shards import ShardIndex
from pylib.features.table import FeatureIndex
from pylib.models.calibration import Calibration
from pylib.models.heads.fitted import FittedHead
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.models.weights_source import Weights
from pylib.training.config import TrainingConfig


class Objective(Protocol):
    """What a network is trained towards. N items a batch; outputs are those of `Network.trained_part`."""

    @property
    def SCORE(self) -> str:  # noqa: N802
        """The metric of `summary` that chooses the best epoch; higher is better."""
        ...

    def loss(self, targets: tf.Tensor, outputs: tf.Tensor, /) -> tf.Tensor:
        """The loss of each item, float32 [N]."""
        ...

    def measure(self, targets: tf.Tensor, outputs: tf.Tensor, /) -> tf.Tensor:
        """What the validation metrics follow from, of any one shape; that of batches is summed."""
        ...

    def summary(self, total: Any, classes: Sequence[str], /) -> dict[str, float]:
        """The validation metrics by name, of a sum of measures (numpy)."""
        ...

    def augment(
        self, inputs: tf.Tensor, target: tf.Tensor, seed: tf.Tensor, strength: float
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One input and its target, changed as `seed`, int32 [2], says; same shapes and dtypes.

        strength: in [0,1]; 0 changes nothing. Where `Records.arrays` gives targets a value that is ignored,
        it is given as `ignored`, to be put where a target holds nothing that anybody drew.
        """
        ...


class Network(Protocol):
    """The architecture and its own hyper-parameters; imports no Keras before a model is built.

    `config` is a Config and `spec` a Spec of the same module.
    """

    @property
    def Config(self) -> type[TrainingConfig]:  # noqa: N802
        """The hyper-parameters of a run: what every task has, and the network's own."""
        ...

    @property
    def Spec(self) -> type[ModelSpec]:  # noqa: N802
        """The content of model.json."""
        ...

    def first_weights(self, weights: Weights, config: Any, /) -> tuple[Path | None, WeightsOrigin]:
        """The file of first weights that `none`, `imagenet` or a path means; raises ModelError."""
        ...

    def check_weights(self, config: Any, weights: str, /) -> None:
        """Say what is wrong with such first weights before anything is read or fetched.

        Raises ConfigurationError or ModelError.
        """
        ...

    def spec(self, config: Any, index: ShardIndex, weights: WeightsOrigin, /) -> ModelSpec:
        """Describe the network for these shards; raises ConfigurationError where there is none such."""
        ...

    def build(self, spec: Any, weights: Path | None, /) -> keras.Model:
        """Build the model that is stored and exported; raises ModelError.

        It has one input and one output, both with a name of their own: Keras' counts, and is exported.
        """
        ...

    def trained_part(self, model: keras.Model, /) -> keras.Model:
        """The same model, same variables, up to the outputs that the loss takes."""
        ...

    def calibrated(
        self, model: keras.Model, spec: Any, calibration: Calibration, /
    ) -> tuple[keras.Model, ModelSpec]:
        """The same model with its calibration in it, and its Spec; asked for only where there are classes."""
        ...

    def lr_multipliers(self, model: keras.Model, spec: Any, config: Any, /) -> dict[str, float]:
        """Shares of the learning rate by a variable's path; 1 for those that are not named."""
        ...


class Features(Protocol):
    """What heads of the task learn from: a frozen network's features of an image, computed once.

    `config` is a Config of the same module. Only a task whose targets are of whole images has this module.
    """

    @property
    def Config(self) -> type[BaseModel]:  # noqa: N802
        """What names the network: `backbone` and `alpha`; alpha is 1 where the width is no parameter."""
        ...

    def check(self, config: Any, weights: str, /) -> None:
        """Say what is wrong with such weights before anything is read or fetched; raises ModelError."""
        ...

    def width(self, config: Any, /) -> int:
        """How many features an image has."""
        ...

    def first_weights(self, weights: Weights, config: Any, /) -> tuple[Path | None, WeightsOrigin]:
        """The file of weights that `none`, `imagenet` or a path means; raises ModelError."""
        ...

    def build(self, config: Any, image_size: int, weights: Path | None, /) -> keras.Model:
        """Build the network: uint8 [N,S,S,3] in [0,255] to features, float32 [N,W]; raises ModelError.

        Without weights they are random, and the same in every process.
        """
        ...


class Heads(Protocol):
    """A head that was fitted on features, on the network that made them; where there is `Features`."""

    def with_head(
        self,
        index: FeatureIndex,
        head: FittedHead,
        weights: Path | None,
        calibration: Calibration,
        confidence_threshold: float,
        /,
    ) -> tuple[keras.Model, ModelSpec]:
        """Put a head that was fitted on these features onto the network: what is stored and exported.

        It is a model of `Network.build` by the specification beside it, with that calibration.
        """
        ...

    def fine_tuning(
        self, index: FeatureIndex, head: FittedHead, blocks: int, values: dict[str, Any], /
    ) -> tuple[TrainingConfig, Callable[[keras.Model], None]]:
        """How the last blocks of the network go on learning, and what puts the head into it first.

        values: hyper-parameters by name; raises ConfigurationError.
        """
        ...

    def tuned(
        self, spec: Any, model: keras.Model, calibration: Calibration, confidence_threshold: float, /
    ) -> tuple[keras.Model, ModelSpec]:
        """A fine-tuned model with its calibration: what is stored and exported."""
        ...
