"""The population stability index: its value, how often it errs by chance, and what it sees."""

import math

import numpy as np
import pytest

from pylib.drift.compare import Drift, compare
from pylib.drift.reference import spread
from pylib.drift.stability import LEVEL, SHIFT, by_chance, stability_index
from pylib.serving.reference import Reference

LOOKS = 300
FEATURES = 8


def test_the_index_is_that_of_the_books() -> None:
    expected, actual = [100_000_000, 300_000_000], [200_000_000, 200_000_000]  # half an item is no matter
    by_hand = (0.25 - 0.5) * math.log(0.25 / 0.5) + (0.75 - 0.5) * math.log(0.75 / 0.5)
    assert stability_index(expected, actual) == pytest.approx(by_hand, rel=1e-6)
    assert stability_index([10, 20, 30], [10, 20, 30]) == 0
    assert math.isfinite(stability_index([10, 0], [0, 10]))


def looked(rng: np.random.Generator, items: int, requests: int, shift: float = 0.0) -> list[Drift]:
    """One comparison of features that are normal, uniform, of few values and of words."""
    of_items, of_requests = (_rows(rng, count) for count in (items, requests))
    for row in of_requests:
        row["0"] = float(row["0"]) + shift
    features = {name: spread([row[name] for row in of_items]) for name in of_items[0]}
    return compare(Reference("made", features), of_requests)


def _rows(rng: np.random.Generator, count: int) -> list[dict[str, float | str]]:
    numbers = rng.normal(size=(count, FEATURES - 3))
    beside = zip(rng.random(count), rng.integers(0, 3, count), rng.integers(0, 4, count), strict=True)
    return [
        {
            **{str(n): float(x) for n, x in enumerate(row)},
            "share": share,
            "side": 64.0 * side,
            "label": f"{label}",
        }
        for row, (share, side, label) in zip(numbers, beside, strict=True)
    ]


@pytest.mark.parametrize(("items", "requests"), [(35, 60), (300, 300)])
def test_false_alarms_are_as_rare_as_is_said(items: int, requests: int) -> None:
    rng = np.random.default_rng(items)
    looks = [looked(rng, items, requests) for _ in range(LOOKS)]
    alarms = sum(any(each.drifted for each in look) for look in looks)
    most = LEVEL * LOOKS + 3 * math.sqrt(LEVEL * LOOKS)
    assert alarms <= most, f"{alarms} of {LOOKS}"
    custom = sum(any(each.index > SHIFT for each in look) for look in looks)
    if items < 100:
        assert custom > 10 * LEVEL * LOOKS, "by custom alone, chance would raise the alarm again and again"


def test_what_chance_makes_is_about_what_is_said() -> None:
    """The threshold is no guess: without SHIFT, 5 % exceed it at the level of 5 %."""
    rng = np.random.default_rng(1)
    exceeded = [
        each.index > by_chance(300, 300, len(each.bins), 0.05)
        for _ in range(150)
        for each in looked(rng, 300, 300)
    ]
    assert 0.03 < np.mean(exceeded) < 0.06


def test_a_shift_of_one_deviation_is_seen_and_half_of_a_tenth_is_not() -> None:
    rng = np.random.default_rng(2)
    seen = [[each.feature for each in looked(rng, 300, 300, 1.0) if each.drifted] for _ in range(20)]
    assert all("0" in names for names in seen)
    assert sum(len(names) for names in seen) <= 21, "and of no other feature"
    assert not any(each.drifted for _ in range(20) for each in looked(rng, 300, 300, 0.05))


def test_too_few_requests_say_nothing() -> None:
    drifts = looked(np.random.default_rng(3), 300, 49, 9.0)
    assert {each.drifted for each in drifts} == {None}
