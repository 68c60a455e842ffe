"""Learning rates and early stopping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.training.schedules import best_epoch, cosine, plateau, should_stop

scores = st.lists(st.floats(0, 1), max_size=40)


@given(steps=st.integers(1, 500), base=st.floats(1e-6, 1))
def test_cosine_rises_once_then_falls_and_stays_in_range(steps: int, base: float) -> None:
    rates = [cosine(base, step, steps) for step in range(steps)]
    peak = rates.index(max(rates))
    assert all(0 <= rate <= base * (1 + 1e-9) for rate in rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_cosine_ends_near_zero() -> None:
    assert cosine(1.0, 999, 1000) < 1e-4


def test_plateau_falls_only_where_nothing_improves() -> None:
    assert plateau(1.0, [0.1, 0.2, 0.3], patience=2) == 1.0
    assert plateau(1.0, [0.3, 0.2, 0.2], patience=2) == pytest.approx(0.2)
    assert plateau(1.0, [0.3, 0.2, 0.2, 0.2, 0.2], patience=2) == pytest.approx(0.04)
    assert plateau(1.0, [0.3, 0.2, 0.4, 0.2], patience=2) == 1.0


def test_best_is_the_earliest_of_equals() -> None:
    assert best_epoch([0.1, 0.5, 0.5, 0.2]) == 1
    assert best_epoch([]) == -1


@given(scores, st.integers(1, 10))
def test_stopping_means_that_the_best_is_patience_epochs_old(history: list[float], patience: int) -> None:
    recent = history[-patience:]
    older = history[:-patience]
    assert should_stop(history, patience) == (bool(older) and max(recent) <= max(older))
