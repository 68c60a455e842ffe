"""champion.json: a model beside the released one, on the same test split; written where one was named.

A model that is not better beyond what chance gives is registered and not released by itself.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydantic import ValidationError

from pylib.errors import ModelError, ReleaseError, one_line
from pylib.evaluation.bootstrap import paired
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.record import Digest
from pylib.metric_names import title
from pylib.records import Record, first_error
from pylib.tasks.task import Task

FILE = "champion.json"


class Comparison(Record):
    """What came of it.

    champion: digest of the released model; score: the metric; ours, theirs: its value of both, on `items`
    low, high: of the difference, by a paired bootstrap; all None where the champion cannot be asked this data
    better: whether `low` is above 0; reason: why it is not, empty where it is
    """

    champion: Digest
    score: str
    items: int
    ours: float | None = None
    theirs: float | None = None
    low: float | None = None
    high: float | None = None
    better: bool
    reason: str


@dataclass(frozen=True)
class Champion:
    """The released model, by its digest; `file` is its model.onnx, None where nobody has it any more."""

    digest: str
    file: Path | None


def compare(
    champion: Champion,
    task: Task,
    ids: Sequence[str],
    batches: Iterable[tuple[Any, Any]],
    seen: Any,
    check: Callable[[ExportedModel], None],
) -> Comparison:
    """Ask the champion what the new model was asked.

    batches: inputs and targets, batch by batch, in the order of `ids`; seen: the new model's Accumulator
    check: raises ModelError where a model does not fit the data
    """
    judgement = task.judgement
    known = {"champion": champion.digest, "score": judgement.SCORE, "items": len(ids)}
    if champion.file is None:
        return Comparison(
            **known, better=False, reason=_none(champion, "it is no longer in the artifact store")
        )
    try:
        exported = ExportedModel(champion.file)
        check(exported)
    except ModelError as error:
        return Comparison(**known, better=False, reason=_none(champion, one_line(error)))
    theirs = judgement.accumulator(exported.classes, ids)
    for inputs, targets in batches:
        outputs = exported.outputs(inputs)
        theirs.add(targets, outputs, outputs)
    return _decided(known, seen.measures(), theirs.measures(), judgement.score)


def _none(champion: Champion, why: str) -> str:
    return f"it cannot be compared with the champion {champion.digest[:12]} on this data: {why}"


def _decided(
    known: dict[str, Any], ours: NDArray[Any], theirs: NDArray[Any], score: Callable[[NDArray[Any]], float]
) -> Comparison:
    found = paired(ours, theirs, score)
    better = found.low > 0
    by = f"{title(known['score'])} {found.difference:+.3f}, 95 % of [{found.low:+.3f}, {found.high:+.3f}]"
    reason = f"it does not beat the champion {known['champion'][:12]} beyond chance: {by}"
    return Comparison(
        **known,
        ours=score(ours.sum(axis=0)),
        theirs=score(theirs.sum(axis=0)),
        low=found.low,
        high=found.high,
        better=better,
        reason="" if better else f"{reason} on {known['items']} test items",
    )


def read_comparison(folder: Path) -> Comparison | None:
    """Read it from an evaluation's folder; None where no champion was named. Raises ReleaseError."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ReleaseError(f"{path}: {first_error(error)}; evaluate the model again") from error
