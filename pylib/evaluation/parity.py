"""Does the exported model say what the trained one says of classes? Counts that add up over batches."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MINIMUM_SAME_CLASS_SHARE = 0.999
MAXIMUM_PROBABILITY_DIFFERENCE = 1e-3
"""What a release insists on, whatever the gate file says: worse than this is another model."""


class Agreement(NamedTuple):
    """Decisions compared, those for the same class, and the largest difference of a probability."""

    decisions: int = 0
    same: int = 0
    difference: float = 0.0

    def merge(self, other: "Agreement") -> "Agreement":
        """Return the agreement over the decisions of both."""
        return Agreement(
            self.decisions + other.decisions,
            self.same + other.same,
            max(self.difference, other.difference),
        )

    def parity(self) -> dict[str, float]:
        """Return same_class_share and max_probability_difference, in [0,1].

        Of no decision, full agreement cannot be said, so it is none.
        """
        return {
            "same_class_share": self.same / self.decisions if self.decisions else 0.0,
            "max_probability_difference": self.difference,
        }


def agreement(trained: NDArray[np.floating], exported: NDArray[np.floating]) -> Agreement:
    """Compare two answers to the same inputs, probabilities [N,…,C] in [0,1].

    Where they are not comparable (another shape, numbers that are not finite) the difference is 1 and no
    decision agrees, so no gate lets it pass.
    """
    decisions = int(np.prod(exported.shape[:-1]))
    if trained.shape != exported.shape or not (np.isfinite(trained).all() and np.isfinite(exported).all()):
        return Agreement(decisions, 0, 1.0)
    same = int((trained.argmax(axis=-1) == exported.argmax(axis=-1)).sum())
    difference = np.abs(trained.astype(np.float64) - exported).max(initial=0.0)
    return Agreement(decisions, same, float(min(difference, 1.0)))


def difference(parity: Mapping[str, float], decisions: str) -> str:
    """Say how an export is another model than the trained one; empty where it is the same.

    decisions: what was decided on, such as pixels.
    """
    same, most = parity.get("same_class_share", 0.0), parity.get("max_probability_difference", 1.0)
    if same >= MINIMUM_SAME_CLASS_SHARE and most <= MAXIMUM_PROBABILITY_DIFFERENCE:
        return ""
    return (
        f"{same:.4%} of the {decisions} agree (minimum {MINIMUM_SAME_CLASS_SHARE:.1%}), "
        f"probabilities differ by up to {most:.2g} (maximum {MAXIMUM_PROBABILITY_DIFFERENCE:g})"
    )
