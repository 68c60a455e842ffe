"""Features made comparable before a head learns: less their mean, by their deviation, of the train split."""

import numpy as np
from numpy.typing import NDArray

_CONSTANT = 1e-6  # of the largest deviation: less is rounding


def standard(features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """`mean`, and `scale`, one by the deviation, float32 [W], of features [N,W]; of a constant one 0."""
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    constant = deviation <= _CONSTANT * max(float(deviation.max(initial=0.0)), _CONSTANT)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=~constant)
    return {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32)}
