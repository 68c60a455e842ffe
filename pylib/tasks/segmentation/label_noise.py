"""Test images whose mask may be wrong: the model is sure of something else where the label says so.

The softmin of the probabilities that a model gives each pixel's label, which one bad region lowers however
large the rest is: Lad & Mueller, Estimating label errors in segmentation data with any model, 2023,
https://arxiv.org/abs/2307.05080, section 3; what cleanlab ranks masks by. Suspects are the low outliers.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_TEMPERATURE = 0.1
_FENCE = 1.5
_DOUBTED = 0.5  # below it something else is likelier than the label where it is least likely
_FEW = 8


def label_quality(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The softmin, in [0,1], of what is said of the labels: of probabilities [P,C] and class indices [P].

    1 where there is no pixel: nothing speaks against it.
    """
    if not len(truth):
        return 1.0
    said = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    weights = np.exp((1 - said) / _TEMPERATURE)
    return float(np.clip((said * weights).sum() / weights.sum(), 0, 1))


def low_outliers(quality: Sequence[float]) -> list[int]:
    """Places below Tukey's lower fence (Exploratory Data Analysis, 1977) and below a half, the lowest first.

    Of fewer than 8 images none is out of the ordinary.
    """
    if len(quality) < _FEW:
        return []
    first, third = np.quantile(quality, [0.25, 0.75])
    fence = min(first - _FENCE * (third - first), _DOUBTED)
    return [int(place) for place in np.argsort(quality, kind="stable") if quality[place] < fence]
