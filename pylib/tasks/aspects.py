"""What the modules of a task have, a Protocol a module; see pylib.tasks.task."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import tensorflow as tf

from pylib.data.dataset import DatasetIndex, Item
from pylib.data.shards import Array, ArraySpec, ShardIndex
from pylib.evaluation.record import Measurement
from pylib.models.encoders import Weights
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.records import Record
from pylib.training.config import TrainingConfig


class Records(Protocol):
    """What a record of a shard holds."""

    def arrays(self, index: DatasetIndex, image_size: int, /) -> tuple[ArraySpec, ArraySpec]:
        """The dtype and shape of one input and of one target."""
        ...

    def read(self, dataset: Path, item: Item, index: DatasetIndex, image_size: int) -> tuple[Array, Array]:
        """One input and one target of a checked-out data set; raises DataError."""
        ...


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

        strength: in [0,1]; 0 changes nothing.
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

    def lr_multipliers(self, model: keras.Model, spec: Any, config: Any, /) -> dict[str, float]:
        """Shares of the learning rate by a variable's path; 1 for those that are not named."""
        ...


class Accumulator(Protocol):
    """What is kept of the batches of a test split."""

    def add(self, targets: Any, outputs: Any, trained: Any, /) -> None:
        """Take a batch: its targets, the exported model's outputs, and the trained one's."""
        ...

    def metrics(self) -> dict[str, float]:
        """The metrics by name."""
        ...

    def parity(self) -> dict[str, float]:
        """How well the exported model agrees with the trained one, by name."""
        ...

    def details(self) -> Record:
        """The task's own part of evaluation.json, a Details."""
        ...

    def panels(self, inputs: Any, targets: Any, /) -> dict[str, object]:
        """What the task's report.html.j2 is given beside `evaluation`; of all inputs and targets [N,…]."""
        ...


class Judgement(Protocol):
    """The metrics of the test split, what a gate may ask of them, what a report shows; no TensorFlow.

    The report is the task's own report.html.j2, which extends base.html.j2 of pylib.evaluation, where it has
    one, else that.
    """

    @property
    def SCORE(self) -> str:  # noqa: N802
        """The metric that a model is known by."""
        ...

    @property
    def METRICS(self) -> Sequence[str]:  # noqa: N802
        """What a gate may ask for, by name; `*` stands for the name of a class."""
        ...

    @property
    def Details(self) -> type[Record]:  # noqa: N802
        """The task's own part of evaluation.json."""
        ...

    def accumulator(self, classes: Sequence[str], ids: Sequence[str], /) -> Accumulator:
        """An accumulator that has seen nothing; `ids` names the items in the order in which they come."""
        ...

    def values(self, measurement: Measurement, /) -> dict[str, float | None]:
        """What a gate may ask for beside metrics and `parity.*`; None where it is not defined."""
        ...

    def difference(self, parity: Mapping[str, float], /) -> str:
        """Say in words how the export differs from the trained model, too much for a release; else empty."""
        ...
