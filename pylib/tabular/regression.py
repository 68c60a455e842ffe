"""Elastic net (Zou and Hastie, 2005) by scikit-learn's coordinate descent, with its scales folded into it.

The same table gives the same bits on every machine whose OpenBLAS is held to `pylib.BLAS`: sums of another
kernel differ in their last digits, those of NumPy, and of another number of threads, do not (measured on
tables of 442 and 1,599 rows with the kernels of Haswell, SkylakeX, Nehalem and Katmai).
"""

import warnings
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from pydantic import Field, ValidationError

from pylib import BLAS
from pylib.errors import ConfigurationError, DataError, ModelError
from pylib.records import Record, first_error
from pylib.tabular.table import Floats

MOST_PASSES = 10_000


class Penalty(Record):
    """The hyper-parameters.

    alpha: weight of the penalty, on columns and target of variance 1; 0 is least squares
    l1_ratio: share of the absolute values in the penalty; the rest is that of the squares
    """

    alpha: float = Field(default=0.01, ge=0, le=1000)
    l1_ratio: float = Field(default=0.5, ge=0, le=1)


def penalty_of(alpha: float, l1_ratio: float) -> Penalty:
    """The hyper-parameters; ConfigurationError where one is outside its range."""
    try:
        return Penalty(alpha=alpha, l1_ratio=l1_ratio)
    except ValidationError as error:
        raise ConfigurationError(f"regression: {first_error(error)}") from error


@dataclass(frozen=True)
class Regression:
    """value = features · weights + intercept; weights float64 [features], in the table's own units."""

    weights: Floats
    intercept: float

    def predict(self, features: Floats) -> Floats:
        """Values float64 [rows] of features float64 [rows, features]."""
        return np.asarray(features @ self.weights + self.intercept)


def fit(features: Floats, target: Floats, penalty: Penalty) -> Regression:
    """Learn from features float64 [rows, features] and target float64 [rows], whose variance is not 0.

    A column that is constant gets the weight 0. Raises ModelError where the descent does not end.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import ElasticNet

    centre, scale = _scale(features)
    (middle,), (spread,) = _scale(target[:, None])
    model = ElasticNet(alpha=penalty.alpha, l1_ratio=penalty.l1_ratio, max_iter=MOST_PASSES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.filterwarnings("ignore", "With alpha=0", UserWarning)
        try:
            model.fit((features - centre) / scale, (target - middle) / spread)
        except ConvergenceWarning as warning:
            raise ModelError(
                f"alpha={penalty.alpha:g}: no solution in {MOST_PASSES} passes; take a larger alpha, or "
                "leave out columns that say the same"
            ) from warning
    weights = model.coef_ * spread / scale
    intercept = float(middle + spread * model.intercept_ - np.add.reduce(weights * centre))
    if not np.isfinite(weights).all():
        raise ModelError("the weights are not finite; write the columns in other units")
    return Regression(weights, intercept)


def environment() -> dict[str, object]:
    """What the bits of a model depend on beside its table: kernels of OpenBLAS by name, versions."""
    import threadpoolctl

    kernels = sorted({str(each.get("architecture")) for each in threadpoolctl.threadpool_info()
                      if each["internal_api"] == "openblas"})  # fmt: skip
    return {
        "blas": kernels,
        "held_to": BLAS,
        **{name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
    }


def _scale(values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; 1 for a deviation of none."""
    with np.errstate(over="ignore"):
        centre, deviation = values.mean(axis=0), values.std(axis=0)
    if not np.isfinite(deviation).all():
        raise DataError("numbers so large that their squares are not finite; write them in other units")
    return centre, np.where(deviation > 0, deviation, 1.0)
