"""The last blocks of a backbone learn further with the best dense head, on pixels and with augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pylib.data.shards import load_split
from pylib.errors import ConfigurationError
from pylib.evaluation import confusion
from pylib.evaluation.bootstrap import standard_error
from pylib.evaluation.leaderboard import Row
from pylib.features.table import FeatureIndex, LearningSplit
from pylib.heads.candidate import Answers, Candidate
from pylib.heads.leaderboard import ranked, row
from pylib.models.calibration import Calibration
from pylib.models.heads.fitted import FittedHead, HeadRecord
from pylib.models.weights_source import Weights
from pylib.tasks.task import find

if TYPE_CHECKING:
    import keras

    from pylib.models.spec import ModelSpec

HISTORY_FILE = "history.json"
_BATCH = 32


@dataclass(frozen=True)
class FineTuning:
    """What was asked for.

    blocks: how many of the backbone's last learn; values: hyper-parameters by name, the seed among them
    scratch: for checkpoints; tracking: URI of an MLflow store, None for none
    """

    blocks: int
    values: Mapping[str, Any]
    scratch: Path
    tracking: str | None = None


def fine_tuned(
    shards: Path,
    index: FeatureIndex,
    fitted: Sequence[tuple[HeadRecord, FittedHead]],
    weights: Weights,
    tuning: FineTuning,
    place: Path,
) -> tuple[Candidate, Row]:
    """Train on, from the best dense head: one more model to choose from, so it is served only if better.

    place: where the folder of the run may be. ConfigurationError where no head is dense: the others' numbers
    do not come of gradients.
    """
    from pylib.training.run import train

    record, head = _start(fitted, tuning.blocks)
    task = find(index.task)
    config, begin = task.heads.fine_tuning(index, head, tuning.blocks, dict(tuning.values))
    run = train(
        shards,
        place / "fine-tuned",
        config,
        weights=weights,
        scratch=tuning.scratch,
        tracking=tuning.tracking,
        begin=begin,
    )
    logits = task.network.trained_part(run.model)

    def answers(split: LearningSplit) -> Answers:
        inputs, targets = load_split(shards, split)
        starts = range(0, len(inputs), _BATCH)
        found = [np.asarray(logits(inputs[at : at + _BATCH], training=False)) for at in starts]
        return Answers(np.concatenate([np.zeros((0, len(index.classes)), np.float32), *found]), targets)

    def model(calibration: Calibration, confidence_threshold: float) -> "tuple[keras.Model, ModelSpec]":
        return task.heads.tuned(run.spec, run.model, calibration, confidence_threshold)

    name = f"{record.name}+{tuning.blocks}"
    metrics = run.metrics
    made = Row(
        head=name,
        parameters={**record.spec.parameters, "fine_tune": tuning.blocks, "best_epoch": run.best_epoch + 1},
        numbers=record.spec.numbers,
        macro_f1=metrics["macro_f1"],
        accuracy=metrics["accuracy"],
        standard_error=standard_error(_counts(answers("validation"), len(index.classes)), confusion.macro_f1),
        cross_validated=row(record).cross_validated,
    )
    return Candidate(name, answers, model, (place / "fine-tuned" / HISTORY_FILE,)), made


def _counts(answers: Answers, classes: int) -> confusion.Counts:
    return confusion.confusion_matrix(answers.targets, answers.logits.argmax(axis=1), classes)


def _start(fitted: Sequence[tuple[HeadRecord, FittedHead]], blocks: int) -> tuple[HeadRecord, FittedHead]:
    dense = {record.name: (record, head) for record, head in fitted if head.spec.kind == "dense"}
    if not dense:
        names = ", ".join(record.name for record, _ in fitted)
        raise ConfigurationError(
            f"fine_tune={blocks}: only a dense head learns on with its backbone, and there are {names}; "
            "add dense to heads"
        )
    return dense[ranked([row(record) for record, _ in dense.values()])[0].head]
