"""reference.json, beside a model: how its data and answers were spread, to tell when what it is asked drifts.

Written with the evaluation (pylib.drift.reference), read by the model server and by `pylib drift`. A model
from before there was such a file has none, and is served all the same.
"""

import json
import logging
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pylib.errors import ModelError, StoreError
from pylib.store.artifacts import ArtifactStore

logger = logging.getLogger(__name__)

FILE = "reference.json"
PLACES = (f"evaluation/{FILE}", FILE)
"""Where it lies in a model's folder: as a release puts it there, or in the folder of an evaluation."""
OTHER = "other"
_SMOOTHING = 0.5

Value = float | str


@dataclass(frozen=True)
class Feature:
    """How one feature was spread: `counts` of items by bin.

    edges: between the bins of numbers, ascending, one fewer than bins; a number on an edge is above it
    names: of the bins of a feature with few values, one fewer than bins; the last is of all others
    critical: of an alert: chi-square, of which its index divided by (1/items + 1/requests) is by chance
    """

    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    critical: float = 0.0

    @property
    def items(self) -> int:
        """How many items it is of."""
        return sum(self.counts)

    @property
    def bins(self) -> tuple[str, ...]:
        """What each bin is called."""
        if self.names or not self.edges:
            return (*self.names, OTHER)
        between = (f"{low:.4g} to {high:.4g}" for low, high in pairwise(self.edges))
        return (f"below {self.edges[0]:.4g}", *between, f"from {self.edges[-1]:.4g}")

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each bin, none of them 0: half an item is added to each (Jeffreys' prior)."""
        return smoothed(self.counts)

    def bin(self, value: Value) -> int:
        """Which bin a value is in."""
        if self.edges and not isinstance(value, str):
            return bisect_right(self.edges, value)
        name = named(value)
        return self.names.index(name) if name in self.names else len(self.names)


@dataclass(frozen=True)
class Reference:
    """The features by name, and the task, which knows its answers' own."""

    task: str
    features: Mapping[str, Feature]


def smoothed(counts: tuple[int, ...]) -> tuple[float, ...]:
    """Shares of counts, half an item added to each."""
    total = sum(counts) + _SMOOTHING * len(counts)
    return tuple((count + _SMOOTHING) / total for count in counts)


def named(value: Value) -> str:
    """A value as the name of a bin."""
    return value if isinstance(value, str) else f"{value:.6g}"


def dumps(reference: Reference) -> str:
    """The content of reference.json."""
    features = {
        name: {
            "counts": list(each.counts),
            "critical": round(each.critical, 4),
            **({"edges": list(each.edges)} if each.edges else {"names": list(each.names)}),
        }
        for name, each in reference.features.items()
    }
    content = {"format": 1, "task": reference.task, "features": features}
    return json.dumps(content, indent=1) + "\n"


def loads(data: bytes | str, where: str) -> Reference:
    """Read reference.json; raises ModelError where it is none."""
    try:
        content = json.loads(data)
        features = {str(name): _feature(each) for name, each in content["features"].items()}
        return Reference(str(content["task"]), features)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{where} is no reference ({error!r}): evaluate the model again") from error


def load_reference(artifacts: str, digest: str) -> Reference | None:
    """The reference of a stored model; None where it has none, or a damaged one, which is logged."""
    try:
        store = ArtifactStore(artifacts)
        for name in PLACES:
            if store.has_file(digest, name):
                return loads(store.get_file(f"models/{digest}/{name}"), f"{artifacts}/models/{digest}/{name}")
    except (StoreError, ModelError) as error:
        logger.warning("drift is not counted: %s", error)
    return None


def _feature(content: Mapping[str, Any]) -> Feature:
    feature = Feature(
        counts=tuple(int(count) for count in content["counts"]),
        edges=tuple(float(edge) for edge in content.get("edges", ())),
        names=tuple(str(name) for name in content.get("names", ())),
        critical=float(content["critical"]),
    )
    if len(feature.counts) != len(feature.edges or feature.names) + 1 or list(feature.edges) != sorted(
        feature.edges
    ):
        raise ValueError("counts, edges and names do not fit")
    if min(feature.counts) < 0 or not feature.items:
        raise ValueError("counts are of no items")
    return feature
