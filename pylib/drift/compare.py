"""What a model was asked and what it answered, out of the log, beside its reference: feature by feature."""

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pylib.drift.stability import LEVEL, SHIFT, by_chance, stability_index
from pylib.provenance.answers import answer
from pylib.serving.drift_features import of_record
from pylib.serving.reference import Feature, Reference, Value
from pylib.tasks.task import find

FEWEST = 50
"""Requests below which nothing is said."""


@dataclass(frozen=True)
class Drift:
    """One feature: its counts by bin in the reference and in the log, and what follows.

    index: PSI; threshold: what it must exceed to be called drift: SHIFT, and what chance makes of so few
    drifted: None where the requests are too few to say
    """

    feature: str
    bins: tuple[str, ...]
    expected: tuple[int, ...]
    actual: tuple[int, ...]
    index: float
    threshold: float

    @property
    def requests(self) -> int:
        """How many were logged with this feature."""
        return sum(self.actual)

    @property
    def drifted(self) -> bool | None:
        """Whether the index is above the threshold."""
        return self.index > self.threshold if self.requests >= FEWEST else None


def values(record: Mapping[str, Any], task: str) -> dict[str, Value]:
    """The features of a logged answer by name; older records have those of the answer alone.

    What is not as a server writes it is left out: the image's features, the answer's, or one of them.
    """
    found: dict[str, Value] = {}
    with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
        found |= of_record(record["input"])
    with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
        found |= find(task).answer.observed(answer(record))
    return {name: value for name, value in found.items() if isinstance(value, str) or _is_number(value)}


def compare(reference: Reference, rows: Iterable[Mapping[str, Value]]) -> list[Drift]:
    """Compare the `values` of records, all of the reference's model, with it: a Drift for each feature."""
    counts = {name: [0] * len(each.bins) for name, each in reference.features.items()}
    for row in rows:
        for name, value in row.items():
            if name in counts and not (isinstance(value, str) and reference.features[name].edges):
                counts[name][reference.features[name].bin(value)] += 1
    level = LEVEL / max(1, len(counts))
    return [_drift(name, each, counts[name], level) for name, each in reference.features.items()]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max  # which NaN is not


def _drift(name: str, feature: Feature, counts: list[int], level: float) -> Drift:
    requests = sum(counts)
    chance = by_chance(feature.items, requests, len(counts), level) if requests else SHIFT
    index = stability_index(feature.counts, counts) if requests else 0.0
    return Drift(name, feature.bins, feature.counts, tuple(counts), index, max(SHIFT, chance))
