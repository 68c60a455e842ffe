"""The share of the variance that is explained."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def r2(total: NDArray[np.float64]) -> Any:
    """1 - squared errors / squared deviations; NaN where nothing deviates.

    Of sums [...,4]: items, targets, their squares, squared errors.
    """
    items, targets, squares, errors = np.moveaxis(np.asarray(total, np.float64), -1, 0)
    deviations = squares - targets**2 / items
    share = np.divide(errors, deviations, out=np.full(np.shape(errors), np.nan), where=deviations > 0)
    return (1 - share)[()]
