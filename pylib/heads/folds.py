"""Cross-validation on the train split: every class is spread over the folds, however few images it has."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FOLDS = 3
Places = NDArray[np.intp]


def folds(targets: NDArray[np.integer], seed: int, count: int = FOLDS) -> Iterator[tuple[Places, Places]]:
    """Pairs of places [n] to fit on and to be judged on; class by class, so of one with 2 images 1 is left.

    None where less than two classes would be left to fit on. scikit-learn's StratifiedKFold refuses, or warns
    of, classes with fewer images than folds.
    """
    generator = np.random.default_rng(seed)
    fold = np.zeros(len(targets), np.intp)
    first = 0
    for label in np.unique(targets):
        places = generator.permutation(np.flatnonzero(targets == label))
        fold[places] = (first + np.arange(len(places))) % count
        first += len(places)  # the next class goes on where this one ended, so that folds are as large
    parts = [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(count)]
    if all(len(judged) and len(np.unique(targets[fit])) > 1 for fit, judged in parts):
        yield from parts
