"""Calibration: is the confidence of an answer deserved? From counts that add up over batches; numpy alone."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pylib.evaluation.confusion import Counts, Scores

BINS = 15  # Guo et al. 2017


class Reliability(NamedTuple):
    """Decisions by confidence, in equal-width bins over (0,1].

    counts: int64 [B]; confidence and correct: float64 [B], sums over the bin's decisions.
    """

    counts: Counts
    confidence: Scores
    correct: Scores

    @classmethod
    def empty(cls, bins: int = BINS) -> "Reliability":
        """Return bins without a decision."""
        return cls(np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins))

    def merge(self, other: "Reliability") -> "Reliability":
        """Return the bins of both."""
        return Reliability(
            self.counts + other.counts, self.confidence + other.confidence, self.correct + other.correct
        )


def reliability(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], bins: int = BINS
) -> Reliability:
    """Bin decisions by the probability of their most likely class; bin m holds ((m-1)/B, m/B].

    probabilities: [...,C] in [0,1]; truth: class indices [...].
    Source: Guo et al., On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599, section 2.
    """
    confidence, correct, place = _placed(probabilities, truth, bins)

    def total(weights: Scores) -> Scores:
        return np.bincount(place, weights, minlength=bins).astype(np.float64)

    return Reliability(np.bincount(place, minlength=bins).astype(np.int64), total(confidence), total(correct))


def each(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], bins: int = BINS
) -> NDArray[np.float64]:
    """The same of each decision by itself, float64 [N,3,B]: counts, confidence and correct, which add up."""
    confidence, correct, place = _placed(probabilities, truth, bins)
    at = np.eye(bins)[place]
    return np.stack([at, at * confidence[:, None], at * correct[:, None]], axis=1)


def _placed(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], bins: int
) -> tuple[Scores, Scores, Counts]:
    """Confidence, whether it is right, and the bin, of each decision."""
    confidence = probabilities.max(axis=-1).ravel().astype(np.float64)
    correct = (probabilities.argmax(axis=-1) == truth).ravel().astype(np.float64)
    return confidence, correct, np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def expected_calibration_error(bins: Reliability) -> float:
    """Mean distance of confidence from accuracy over the bins, weighted by their counts, in [0,1]."""
    return float(calibration_errors(np.stack(bins)))


def calibration_errors(bins: NDArray[np.floating]) -> Any:
    """The same of many, float64 [...] of counts, confidence and correct [...,3,B]; NaN of no decision."""
    counts, confidence, correct = np.moveaxis(bins, -2, 0)
    total, off = counts.sum(axis=-1), np.abs(confidence - correct).sum(axis=-1)
    error = np.divide(off, total, out=np.zeros(np.shape(total)), where=total > 0)
    return np.where(total > 0, error, np.nan)[()]
