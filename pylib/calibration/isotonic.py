"""Isotonic regression, a curve for each class: what share of the decisions at a probability were for it.

Zadrozny & Elkan, KDD 2002; over bins, and as lines between them, so that it is a few ramps in a graph and
never jumps.
"""

import numpy as np
from numpy.typing import NDArray

from pylib.calibration.temperature import fit_temperature
from pylib.models.calibration import WIDTH, Curve, Isotonic, softmax

BINS = 15
_DIGITS = 4


def fit_isotonic(logits: NDArray[np.floating], targets: NDArray[np.integer]) -> Isotonic:
    """Fit a curve for each class of logits [N,C], targets [N], on the probabilities at a temperature."""
    temperature = fit_temperature(logits, targets).temperature
    probabilities = softmax(logits.astype(np.float64) / temperature)
    classes = range(logits.shape[1])
    curves = tuple(_curve(probabilities[:, one], targets == one, len(classes)) for one in classes)
    return Isotonic(temperature=temperature, curves=curves)


def _curve(probability: NDArray[np.float64], there: NDArray[np.bool_], classes: int) -> Curve:
    """The line through bins of equal counts; a bin's share is of one decision more, which its mean splits.

    Ends are those of `targets.smoothed`: n decisions leave as much doubt to a curve as to a temperature.
    """
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    bins = _apart([(len(part), probability[part].sum(), there[part].sum()) for part in parts])
    count, sums, hits = np.array(bins, np.float64).T
    mean = sums / count
    share = isotonic_regression((hits + mean) / (count + 1), sample_weight=count)
    doubt = 1 / (len(probability) + 2)
    return Curve(
        x=tuple(np.round(mean, _DIGITS).tolist()),
        y=tuple(np.round(np.clip(share, doubt / (classes - 1), 1 - doubt), _DIGITS + 4).tolist()),
    )


def _apart(bins: list[tuple[int, float, float]]) -> list[tuple[float, ...]]:
    """Join bins whose means lie closer than WIDTH with the one before."""
    joined: list[tuple[float, ...]] = []
    for count, sums, hits in bins:
        joined.append((count, sums, hits))
        while len(joined) > 1 and joined[-1][1] / joined[-1][0] - joined[-2][1] / joined[-2][0] < WIDTH:
            last, before = joined.pop(), joined.pop()
            joined.append(tuple(one + other for one, other in zip(before, last, strict=True)))
    return joined
