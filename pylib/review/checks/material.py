"""What the checks look at: the new items of a commit to be, beside what its parent holds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pylib.data.assemble import Parent
from pylib.data.checks import CheckedSample
from pylib.data.plan import Plan
from pylib.review.origins import Origin


@dataclass(frozen=True)
class Features:
    """Features of a frozen network, [N,W], and class indices, [N]; `ids` of the new ones in their order."""

    old: NDArray[np.float32]
    old_targets: NDArray[np.int64]
    new: NDArray[np.float32]
    new_targets: NDArray[np.int64]
    ids: list[str]
    classes: list[str]


@dataclass(frozen=True)
class Material:
    """The plan of the commit, the data set it adds to, the origins of new items, and their features.

    features: None where there are none, and what needs them is not looked at
    blind: why there are none; missing: whether they should have been there
    """

    plan: Plan
    parent: Parent
    origins: Mapping[str, Origin]
    features: Features | None
    blind: str = ""
    missing: bool = False

    @property
    def new(self) -> list[CheckedSample]:
        """The samples that the commit adds."""
        known = {item.id for item in self.parent.index.items}
        return [
            sample for sample in self.plan.samples if sample.id not in known and sample.id in self.origins
        ]

    def source(self, item: str) -> str:
        """The source of a new item."""
        return self.origins[item].source
