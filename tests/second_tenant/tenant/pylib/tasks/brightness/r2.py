"""The share of the variance that is explained."""

import numpy as np
from numpy.typing import NDArray


def r2(total: NDArray[np.float64]) -> float:
    """1 - squared errors / squared deviations, of sums: items, targets, their squares, squared errors."""
    items, targets, squares, errors = total
    return float(1 - errors / (squares - targets**2 / items))
