"""What the modules of a task have, a Protocol a module; see pylib.tasks.task.

For the type checker: no module imports this one when it runs, because it names what is above them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from pydantic import BaseModel

from pylib.data.checks import CheckedTarget
from pylib.data.dataset import DatasetIndex, Item, Target
from pylib.data.findings import Rule
from pylib.data.gallery import TargetPicture
from pylib.data.layout import Candidate, Layout, Settled
from pylib.data.shards import Array, ArraySpec, ShardIndex
from pylib.evaluation.record import Measurement
from pylib.features.table import FeatureIndex
from pylib.models.heads.fitted import FittedHead
from pylib.models.spec import ModelSpec, WeightsOrigin
from pylib.models.weights_source import Weights
from pylib.records import Record
from pylib.training.config import TrainingConfig

Classes = dict[int, str]
"""A legend, as in pylib.data.classes: names by id, those that are ignored among them; empty for numbers."""


class LayoutReader(Protocol):
    """How a source's folder holds images and what is to be learned of them."""

    def read_layout(self, folder: Path, place: str) -> Layout:
        """Find the candidates below a folder; pylib.data.layout has what every task needs for it.

        `Layout.assumed` says in sentences how it was read where that could be doubted; a candidate's `split`
        is the one that the source gives. Ids need not be safe as names: those that are not are rejected
        afterwards. Raises DataError, which names the place, where the folder holds no such data set, and
        ConfigurationError for wrong classes.
        """
        ...


class Checks(Protocol):
    """What may be wrong with a target, what it says, and how a report shows it."""

    TARGET: str
    """What messages call a target, such as mask or label."""
    AMOUNTS: str
    """What `CheckedTarget.amounts` counts by class, such as pixels or images."""
    MIN_SIDE: int
    """Images with a shorter side than this, in pixels, are rejected as too small."""
    FINDINGS: dict[str, Rule]
    """The kinds of findings that only this task has, by code."""
    NEW_CLASSES: bool
    """Whether what is added may bring classes: those that are there are right without them."""

    def classes(self, asked: Classes | None, found: Classes | None, parent: Classes | None) -> Classes:
        """The classes of the commit to be, sorted by id; raises ConfigurationError.

        Of those that a person asked for, that the source's layout names, and that the parent commit has. With
        the ids that are ignored, said or not.
        """
        ...

    def settle(self, layout: Layout, classes: Classes, max_pixels: int) -> Settled:
        """Decide once, for the whole set, what its targets mean, and say how.

        The layout's candidates come back with what `check` and `picture` need to know of it in `source`.
        A target above max_pixels is not looked at. Raises DataError where targets contradict each other.
        """
        ...

    def check(self, candidate: Candidate, image: NDArray[np.uint8], classes: Classes) -> CheckedTarget:
        """Check a candidate's target beside its image, uint8 [H, W, 3], upright; runs in threads.

        Raises checks.RejectedError with the one finding that rejects the sample.
        """
        ...

    def meaning(self, target: Target, read: Callable[[str], bytes]) -> str:
        """`CheckedTarget.meaning` of a target in a commit; `read` gives a file of it by path.

        Raises DataError where the target is of another kind or damaged.
        """
        ...

    def picture(self, candidate: Candidate, classes: Classes, side: int) -> TargetPicture:
        """What a report shows of a target, a veil at most `side` pixels a side; nothing where it is bad."""
        ...


class Records(Protocol):
    """What a record of a shard holds."""

    def check_image_size(self, image_size: int) -> None:
        """Raise ConfigurationError for a side, in pixels, that it cannot take; 0 is the images' own."""
        ...

    def natural_size(self, index: DatasetIndex) -> int:
        """The side, in pixels, to train at where none is asked for."""
        ...

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
        temperature: float,
        confidence_threshold: float,
        /,
    ) -> tuple[keras.Model, ModelSpec]:
        """Put a head that was fitted on these features onto the network: what is stored and exported.

        It is a model of `Network.build` by the specification beside it, its logits divided by `temperature`.
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
        self, spec: Any, model: keras.Model, temperature: float, confidence_threshold: float, /
    ) -> tuple[keras.Model, ModelSpec]:
        """A fine-tuned model with its temperature: what is stored and exported."""
        ...


class Accumulator(Protocol):
    """What is kept of the batches of a test split."""

    def add(self, targets: Any, outputs: Any, trained: Any, /) -> None:
        """Take a batch: its targets, the exported model's outputs, and the trained one's."""
        ...

    def metrics(self) -> dict[str, float]:
        """The metrics by name."""
        ...

    def measures(self) -> NDArray[Any]:
        """What the score follows from, of each item, [N,…]; that of items is summed."""
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

    The report is the task's own report.html.j2 in its `templates`, which extends base.html.j2 of
    pylib.evaluation, where it has one, else that.
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

    def accumulator(
        self, classes: Sequence[str], ids: Sequence[str], confidence_threshold: float = 0.0, /
    ) -> Accumulator:
        """An accumulator that has seen nothing; `ids` names the items in the order in which they come.

        confidence_threshold: below which the model says of itself that it is unsure; 0 where it never is
        """
        ...

    def score(self, total: NDArray[Any], /) -> float:
        """The SCORE of a sum of measures, higher is better (an error with its sign turned); NaN is none."""
        ...

    def values(self, measurement: Measurement, /) -> dict[str, float | None]:
        """What a gate may ask for beside metrics and `parity.*`; None where it is not defined."""
        ...

    def difference(self, parity: Mapping[str, float], /) -> str:
        """Say in words how the export differs from the trained model, too much for a release; else empty."""
        ...


class Sample(Protocol):
    """The built-in data set, which needs no download."""

    NAME: str
    """The repository that it is committed to where nobody names one."""

    def make_sample(self, folder: Path) -> None:
        """Make a source's folder; same call, same bytes. Raises DataError if it already holds files."""
        ...


class Answer(Protocol):
    """What the served model says of one image; the server has neither TensorFlow nor pydantic.

    `answer` makes a JSON object, which the other functions of the server take; `read` makes of it what the
    task's other functions of the client take.
    """

    @property
    def OUTPUTS(self) -> Sequence[str]:  # noqa: N802
        """The model's outputs that `answer` needs, by name."""
        ...

    def answer(
        self,
        outputs: Mapping[str, NDArray[Any]],
        image: NDArray[np.uint8],
        classes: Sequence[str],
        confidence_threshold: float,
        /,
    ) -> dict[str, Any]:
        """An answer as it is sent, of the model's outputs by name for this image alone (no batch dimension).

        image: as it was sent, uint8 [H,W,3] RGB in 0..255
        confidence_threshold: below which the model says of itself that it is unsure; 0 where it never is
        """
        ...

    def numbers(self, answer: Mapping[str, Any], /) -> tuple[list[str], list[float]] | None:
        """Names and a number for each, an answer as one row, for who asked in numbers; None if none such."""
        ...

    def summary(self, answer: Mapping[str, Any], /) -> dict[str, Any]:
        """What the log of predictions keeps of an answer."""
        ...

    def counters(self, answer: Mapping[str, Any], /) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and increment of Prometheus counters; the server counts predictions and their time."""
        ...

    def read(self, answer: Mapping[str, Any], /) -> Any:
        """An answer as a client uses it; raises KeyError, TypeError, ValueError, DataError if it is none."""
        ...

    def figures(self, answer: Any, /) -> dict[str, Any]:
        """The numbers of what was read, to be written as JSON."""
        ...

    def lines(self, answer: Any, /) -> list[tuple[str, str]]:
        """What was read in words for a person: names and values."""
        ...

    def picture(self, image: NDArray[np.uint8], answer: Any, /) -> NDArray[np.uint8]:
        """What was read, shown on its image, uint8 [H,W,3]: uint8 [H',W',3] of any size."""
        ...
