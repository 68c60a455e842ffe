"""The heads by name, the simplest first, each with its small grid; nothing heavy is imported."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from pylib.errors import ConfigurationError, did_you_mean
from pylib.models.heads.spec import Kind, Value

Parameters = dict[str, Value]


@dataclass(frozen=True)
class HeadKind:
    """One head that can be asked for.

    fixed: its parameters; grid: further ones, of which cross-validation chooses, the simplest first
    """

    name: str
    kind: Kind
    fixed: Mapping[str, Value] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Value]] = field(default_factory=dict)

    def with_parameters(self, given: Parameters) -> "HeadKind":
        """The same head with some of its parameters given; ConfigurationError for an unknown one."""
        for name in given:
            if name not in {*self.fixed, *self.grid}:
                known = [*self.fixed, *self.grid]
                meant = did_you_mean(name, known) or f"it has: {', '.join(known)}"
                raise ConfigurationError(f"head {self.name} has no parameter {name}; {meant}")
        grid = {name: values for name, values in self.grid.items() if name not in given}
        return replace(self, fixed={**self.fixed, **given}, grid=grid)

    def places(self) -> list[Parameters]:
        """Every combination of the grid, with what is fixed."""
        values = itertools.product(*self.grid.values())
        return [{**self.fixed, **dict(zip(self.grid, each, strict=True))} for each in values]


_RATES = (3e-4, 1e-3)
_NEAR = {"metric": ("euclidean", "cosine")}

_ROWS = (
    HeadKind("logistic", "logistic", grid={"C": (0.001, 0.01, 0.1)}),
    HeadKind("dense", "dense", {"optimizer": "adamw", "epochs": 24}, {"learning_rate": _RATES}),
    HeadKind("dense_sgd", "dense", {"optimizer": "sgd", "epochs": 15, "learning_rate": 0.01}),
    HeadKind("boosting", "boosting", {"trees": 40, "depth": 3}, {"learning_rate": (0.1, 0.3)}),
    HeadKind("svm", "svm", grid={"C": (1.0, 10.0), "spread": (1.0, 0.25)}),
    HeadKind("knn_7", "neighbours", {"neighbours": 7}, _NEAR),
    HeadKind("knn_3", "neighbours", {"neighbours": 3}, _NEAR),
)

HEADS: Mapping[str, HeadKind] = MappingProxyType({row.name: row for row in _ROWS})
"""Every head by its name, the simplest first: one matrix; three; trees; support vectors; all images."""


def find_head(name: str) -> HeadKind:
    """The head of that name; ConfigurationError, one line, lists those there are.

    A name as JSON gives it may be anything: null, a number, a list.
    """
    if not isinstance(name, str) or name not in HEADS:
        meant = did_you_mean(name, HEADS) if isinstance(name, str) else ""
        raise ConfigurationError(f"head {name!r}: {meant or 'there are: ' + ', '.join(HEADS)}")
    return HEADS[name]
