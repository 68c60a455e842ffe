"""How often somebody may ask."""

import pytest

from pylib.web.rate import Buckets


def test_a_burst_then_as_fast_as_the_rate():
    now = [0.0]
    buckets = Buckets(rate=2, burst=3, clock=lambda: now[0])
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b") == 0
    now[0] += 0.25
    assert buckets.wait("a") == pytest.approx(0.25)
    now[0] += 0.25
    assert buckets.wait("a") == 0
    now[0] += 1000
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
