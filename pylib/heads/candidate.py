"""One of the models that could be served: what it says of a split, and how it is built."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.features.table import FeatureIndex, LearningSplit, read_features
from pylib.models.calibration import Calibration
from pylib.models.heads.fitted import FittedHead, HeadRecord
from pylib.models.spec import ModelSpec
from pylib.tasks.task import find

if TYPE_CHECKING:
    import keras


class Answers(NamedTuple):
    """Logits float32 [N,C] and the truth [N] of a split."""

    logits: NDArray[np.float32]
    targets: NDArray[np.integer]


@dataclass(frozen=True)
class Candidate:
    """A head on its backbone.

    answers: what it says of a split; model: builds it, with a calibration and a confidence threshold
    files: what else belongs into its folder
    """

    name: str
    answers: Callable[[LearningSplit], Answers]
    model: Callable[[Calibration, float], "tuple[keras.Model, ModelSpec]"]
    files: tuple[Path, ...] = ()


def frozen(
    index: FeatureIndex, features: Path, record: HeadRecord, head: FittedHead, weights: Path | None
) -> Candidate:
    """A fitted head on the backbone whose features it was fitted on."""

    def answers(split: LearningSplit) -> Answers:
        points, targets = read_features(features, split)
        return Answers(head.logits(np.asarray(points)), targets)

    def model(calibration: Calibration, confidence_threshold: float) -> "tuple[keras.Model, ModelSpec]":
        return find(index.task).heads.with_head(index, head, weights, calibration, confidence_threshold)

    return Candidate(record.name, answers, model)
