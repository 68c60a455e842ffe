"""The population stability index of two samples in the same bins, and what of it is chance.

PSI is the sum over bins of (p - q) ln(p / q). By custom, more than 0.25 is a shift that asks for action; but
of 100 items and 50 requests of one and the same kind, 40 % are above it. If nothing has changed, PSI over
(1/n + 1/m) is distributed as chi-square with bins - 1 degrees of freedom, for n items and m requests:
Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model
Validation (2020). So what is called drift is above both.
"""

import math
from collections.abc import Sequence

from scipy.stats import chi2

from pylib.serving.reference import smoothed

SHIFT = 0.25
"""PSI from which a shift matters."""
LEVEL = 0.01
"""How often one comparison, of all features together, may call drift where there is none (Bonferroni)."""
FEATURE_LEVEL = 0.001
"""The same of one feature in an alert, which looks at few of them, and again and again."""


def stability_index(expected: Sequence[int], actual: Sequence[int]) -> float:
    """PSI of two counts by bin; half an item is added to each, so that an empty bin is no infinity."""
    pairs = zip(smoothed(tuple(expected)), smoothed(tuple(actual)), strict=True)
    return sum((p - q) * math.log(p / q) for p, q in pairs)


def critical(bins: int, level: float) -> float:
    """What chi-square of so many bins less one exceeds with a probability of `level`."""
    return float(chi2.isf(level, max(1, bins - 1)))


def by_chance(items: int, requests: int, bins: int, level: float) -> float:
    """The PSI that is exceeded with a probability of `level` if nothing has changed."""
    return critical(bins, level) * (1 / items + 1 / requests)
