"""Learning rates and early stopping as functions of the history: a resumed run needs no other state."""

import math
from collections.abc import Sequence

_WARMUP = 0.05  # share of the steps in which a cosine schedule rises from zero


def cosine(base: float, step: int, steps: int) -> float:
    """Return the rate at a step in [0, steps): a short linear warm-up, then half a cosine down to zero.

    https://arxiv.org/abs/1608.03983 without restarts.
    """
    warmup = max(1, round(steps * _WARMUP))
    if step < warmup:
        return base * (step + 1) / warmup
    return base * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def plateau(base: float, scores: Sequence[float], *, patience: int = 5, factor: float = 0.2) -> float:
    """Return the rate after these validation scores: times factor after every `patience` without a best."""
    rate, best, waited = base, -math.inf, 0
    for score in scores:
        best, waited = (score, 0) if score > best else (best, waited + 1)
        if waited >= patience:
            rate, waited = rate * factor, 0
    return rate


def best_epoch(scores: Sequence[float]) -> int:
    """Return the index of the best score, the earliest of equals; -1 without any."""
    return max(range(len(scores)), key=lambda epoch: scores[epoch], default=-1)


def should_stop(scores: Sequence[float], patience: int) -> bool:
    """Tell whether the last `patience` epochs brought no new best."""
    return len(scores) - 1 - best_epoch(scores) >= patience
