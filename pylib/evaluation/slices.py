"""The score of parts of the test items: by brightness, source, object size, columns that came with the data.

A mean over all hides the part that a model fails on. Few items make no figure: such slices are marked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pylib.data.item_columns import MOST
from pylib.data.shards import ShardItem
from pylib.evaluation.bootstrap import Groups, Score, bounds, total
from pylib.evaluation.record import Slice

SMALL = 10
"""Of fewer items a slice's score is luck; floors of the gate leave it out."""
NAME = "slices"
_THIRDS = ("low", "middle", "high")
_ABSENT = "missing"
"""The slice of items of which a column of numbers says nothing."""
_WORDS = {"brightness": ("dark", "medium", "bright"), "object size": ("small", "medium", "large")}
Column = Sequence[str]


def slices(
    columns: Mapping[str, Column], measures: NDArray[Any], score: Score, groups: Groups = None
) -> list[Slice]:
    """Return the slices of each column, in the columns' order, with the score and its 95 % interval.

    columns: a value for each of N items, by name; measures: what the score follows from, [N,…]
    """
    return [
        _slice(name, value, np.array([each == value for each in column]), measures, score, groups)
        for name, column in columns.items()
        for value in _values(name, column)
    ]


def columns(
    items: Sequence[ShardItem], numbers: Mapping[str, NDArray[Any]], targets: NDArray[Any]
) -> dict[str, Column]:
    """Return what items can be parted by: numbers by thirds, the folder of an id, the data set's own columns.

    numbers: [N] by name; targets: [N,…]. Left out is what does not part, has more than MOST values, or says
    of each item what its class says.
    """
    sources = [item.id.partition("/")[0] if "/" in item.id else "" for item in items]
    named = sorted({name for item in items for name in item.columns})
    found: dict[str, Column] = {name: _thirds(name, values) for name, values in numbers.items()}
    found["source"] = sources
    for name in named:
        values = [item.columns.get(name, "") for item in items]
        found[name] = _thirds(name, each) if (each := _numbers(values)) is not None else values
    return {name: column for name, column in found.items() if _parts(column) and not _label(column, targets)}


def slice_values(found: Iterable[Slice]) -> dict[str, float | None]:
    """Return what gates ask for: the worst score of all slices, of a column's, of one, and of lower bounds.

    `slices`, `slices.COLUMN`, `slices.COLUMN.VALUE`, each with `.lower`. Small ones are in no worst.
    The worst of a column goes before a slice of the same name, of a value such as `lower`.
    """
    values: dict[str, float | None] = {NAME: None, f"{NAME}.lower": None}
    single: dict[str, float | None] = {}
    for each in found:
        column, one = f"{NAME}.{each.column}", f"{NAME}.{each.column}.{each.value}"
        for end, value in (("", each.score), (".lower", each.lower)):
            single[one + end] = value
            values.setdefault(column + end, None)
            if not each.small and value is not None:
                for name in {NAME + end, column + end}:
                    former = values[name]
                    values[name] = value if former is None else min(former, value)
    return {**single, **values}


def _slice(
    column: str,
    value: str,
    inside: NDArray[np.bool_],
    measures: NDArray[Any],
    score: Score,
    groups: Groups,
) -> Slice:
    kept = measures[inside]
    numbered = None if groups is None else np.unique(groups[inside], return_inverse=True)[1]
    found = float(score(kept.sum(axis=0)))
    between = bounds(len(kept), lambda times: {NAME: score(total(times, kept))}, numbered).get(NAME)
    return Slice(
        column=column,
        value=value,
        items=len(kept),
        small=len(kept) < SMALL,
        score=None if np.isnan(found) else found,
        lower=between[0] if between else None,
        upper=between[1] if between else None,
    )


def _thirds(name: str, values: NDArray[Any]) -> Column:
    """Part numbers by the thirds of the items, equals together; what is missing, nan, by itself."""
    first, second = np.nanquantile(values, [1 / 3, 2 / 3])
    words = _WORDS.get(name, _THIRDS)
    thirds = (words[int(value > first) + int(value > second)] for value in values)
    return [_ABSENT if absent else word for word, absent in zip(thirds, np.isnan(values), strict=True)]


def _values(name: str, column: Column) -> list[str]:
    words = (*_WORDS.get(name, _THIRDS), _ABSENT)
    there = set(column)
    return [word for word in words if word in there] if there <= set(words) else sorted(there)


def _numbers(values: Sequence[str]) -> NDArray[np.float64] | None:
    """A column of more different numbers than there are thirds, nan where one is missing; else None."""
    try:
        found = np.array([float(value or "nan") for value in values])
    except ValueError:
        return None
    present = found[~np.isnan(found)]
    return found if np.isfinite(present).all() and len(set(present.tolist())) > len(_THIRDS) else None


def _parts(column: Column) -> bool:
    return 1 < len(set(column)) <= MOST


def _label(column: Column, targets: NDArray[Any]) -> bool:
    """Whether each value is of one class alone, as folders of classes are."""
    if targets.ndim > 1 or not np.issubdtype(targets.dtype, np.integer):
        return False
    return len(set(zip(column, targets.tolist(), strict=True))) == len(set(column))
