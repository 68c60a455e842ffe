"""champion.json: a model beside the released one, on the same test split; written where one was named.

A model that is not better beyond what chance gives is registered and not released by itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from pydantic import ValidationError

from pylib.errors import ModelError, ReleaseError, one_line
from pylib.evaluation.bootstrap import Interval, Score, paired
from pylib.evaluation.exported import ExportedModel
from pylib.evaluation.record import Digest
from pylib.evaluation.sides import Sides, sides
from pylib.metric_names import title
from pylib.records import Record, first_error

if TYPE_CHECKING:
    from pylib.evaluation.judged_split import JudgedSplit
    from pylib.tasks.aspects import Accumulator

FILE = "champion.json"


class Comparison(Record):
    """What came of it.

    champion: digest of the released model; score: the metric; ours, theirs: its value of both, on `items`
    low, high: of the difference, by a paired bootstrap; None where items or groups are too few for one
        all None where the champion cannot be asked this data
    better: whether `low` is above 0; reason: why it is not, empty where it is
    sides: item by item; None where there was no comparison, or in what was written before
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
    sides: Sides | None = None


@dataclass(frozen=True)
class Champion:
    """The released model, by its digest; `file` is its model.onnx, None where nobody has it any more."""

    digest: str
    file: Path | None


def compare(
    champion: Champion,
    test: "JudgedSplit",
    batches: Iterable[tuple[Any, Any]],
    seen: "Accumulator",
    check: Callable[[ExportedModel], None],
) -> tuple[Comparison, "Accumulator | None"]:
    """Ask the champion what the new model was asked; return what came of it, and its answers, if any.

    batches: inputs and targets of all of `test`, batch by batch, in order; seen: the new model's Accumulator
    check: raises ModelError where a model does not fit the data
    """
    judgement = test.task.judgement
    known = {"champion": champion.digest, "score": judgement.SCORE, "items": len(test.items)}
    if champion.file is None:
        reason = _none(champion, "it is no longer in the artifact store")
        return Comparison(**known, better=False, reason=reason), None
    try:
        exported = ExportedModel(champion.file)
        check(exported)
    except ModelError as error:
        why = one_line(error).replace(str(champion.file), "it").partition(": train a model")[0]
        return Comparison(**known, better=False, reason=_none(champion, why)), None
    theirs = test.seen()
    for inputs, targets in batches:
        outputs = exported.outputs(inputs)
        theirs.add(targets, outputs, outputs)
    both = seen.measures(), theirs.measures()
    found = paired(*both, judgement.score, test.groups)
    known["sides"] = sides([item.id for item in test.items], *both, judgement.score)
    return _decided(known, *both, judgement.score, found), theirs


def _none(champion: Champion, why: str) -> str:
    whole = f"it cannot be compared with the champion {champion.digest[:12]} on this data: {why}"
    return f"{whole}; `pylib models promote candidate` releases it all the same"


def _decided(
    known: dict[str, Any], ours: NDArray[Any], theirs: NDArray[Any], score: Score, found: Interval
) -> Comparison:
    better = found.low > 0
    bounded = isfinite(found.low) and isfinite(found.high)
    between = f"95 % of [{found.low:+.3f}, {found.high:+.3f}]" if bounded else "too few to tell from chance"
    by = f"{title(known['score'])} {found.difference:+.3f}, {between}"
    reason = f"it does not beat the champion {known['champion'][:12]} beyond chance: {by}"
    return Comparison(
        **known,
        ours=float(score(ours.sum(axis=0))),
        theirs=float(score(theirs.sum(axis=0))),
        low=found.low if bounded else None,
        high=found.high if bounded else None,
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
