"""The calibration that a model gets: the one that says most of images it was not fitted on.

Temperature, vector and isotonic are fitted on folds of the calibration split and compared by the negative
log-likelihood of the images left out. Another than temperature is taken only where it is better by more than
a standard error of the difference over images, and more than LEAST_GAIN: of a few images the one with more
numbers wins by luck.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.calibration.isotonic import fit_isotonic
from pylib.calibration.record import CalibrationRecord, Method, Tried
from pylib.calibration.targets import log_likelihoods
from pylib.calibration.temperature import fit_temperature
from pylib.calibration.vector import fit_vector
from pylib.errors import ModelError
from pylib.models.calibration import Calibration, Temperature, calibrated

FOLDS = 5
LEAST_GAIN = 1e-4
"""Of the negative log-likelihood, in nats: less is where the fits stopped, and differs between processors."""
Logits = NDArray[np.floating]
Integers = NDArray[np.integer]
_METHODS: Mapping[Method, Callable[[Logits, Integers], Calibration]] = {
    "temperature": fit_temperature,
    "vector": fit_vector,
    "isotonic": fit_isotonic,
}


class Decisions(NamedTuple):
    """Decisions of the calibration split: logits [N,C], truths [N], and the place of each one's image [N].

    What must not be parted between folds, such as images of one group, has the same place.
    """

    logits: Logits
    truths: Integers
    images: Integers


def choose(decisions: Decisions) -> CalibrationRecord:
    """Fit the calibration with the least held-out negative log-likelihood, on all of them.

    Without images there is nothing to fit; of fewer than FOLDS, temperature is fitted without a comparison.
    Raises ModelError where a logit is no finite number: no calibration mends such a network.
    """
    _check_finite(decisions.logits)
    images = np.unique(decisions.images)
    if not len(images):
        note = "the calibration split has no image: probabilities are as the network gives them"
        return CalibrationRecord(calibration=Temperature(temperature=1.0), images=0, note=note)
    if len(images) < FOLDS:
        note = f"the calibration split has {len(images)} images: too few to compare calibrations"
        found = fit_temperature(decisions.logits, decisions.truths)
        return CalibrationRecord(calibration=found, images=len(images), note=note)
    tried = _compared(decisions, images)
    best = min(tried, key=lambda each: each.held_out)
    method = best.method if best.better else "temperature"
    fitted = _METHODS[method](decisions.logits, decisions.truths)
    return CalibrationRecord(calibration=fitted, images=len(images), tried=tuple(tried))


def _check_finite(logits: Logits) -> None:
    wrong = int((~np.isfinite(logits)).any(axis=1).sum())
    if wrong:
        raise ModelError(
            f"calibration: of {len(logits)} decisions of its split the network says nan or inf in "
            f"{wrong}: its training diverged; lower learning_rate"
        )


def _compared(decisions: Decisions, images: Integers) -> list[Tried]:
    """Each method's negative log-likelihood, mean over images, and how far it is below temperature's."""
    losses = {method: _held_out(decisions, images, fit) for method, fit in _METHODS.items()}
    plain = losses["temperature"]
    found = []
    for method, loss in losses.items():
        less = plain - loss
        error = float(less.std(ddof=1) / np.sqrt(len(less)))
        found.append(
            Tried(
                method=method,
                held_out=float(loss.mean()),
                gain=float(less.mean()),
                standard_error=error,
                better=bool(less.mean() > max(error, LEAST_GAIN)),
            )
        )
    return found


def _held_out(
    decisions: Decisions, images: Integers, fit: Callable[[Logits, Integers], Calibration]
) -> NDArray[np.float64]:
    """The mean negative log-likelihood of each image's decisions, fitted on the other folds, [images]."""
    place = np.searchsorted(images, decisions.images)
    loss = np.zeros(len(place))
    order = np.random.default_rng(0).permutation(len(images))
    for fold in range(FOLDS):
        out = np.isin(place, order[fold::FOLDS])
        found = fit(decisions.logits[~out], decisions.truths[~out])
        loss[out] = -log_likelihoods(calibrated(found, decisions.logits[out]), decisions.truths[out])
    totals = np.bincount(place, loss, minlength=len(images))
    return np.asarray(totals / np.bincount(place, minlength=len(images)), np.float64)
