"""The paired bootstrap: the same for the same, and an interval that knows a difference from chance."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.evaluation.bootstrap import paired


def share(total):
    return float(total[0] / total.sum()) if total.sum() else float("nan")


def hits(right):
    right = np.asarray(right, np.int64)
    return np.stack([right, 1 - right], axis=1)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 1), min_size=2, max_size=40), st.integers(0, 5))
def test_a_model_beside_itself_never_differs(right, seed):
    found = paired(hits(right), hits(right), share, seed=seed)
    assert (found.difference, found.low, found.high) == (0, 0, 0)


def test_one_that_is_right_throughout_beats_one_that_is_often_wrong_and_not_the_other_way():
    good, poor = hits([1] * 60), hits([1, 0] * 30)
    found, back = paired(good, poor, share), paired(poor, good, share)
    assert found.low > 0.3
    assert back.high < 0
    assert found == paired(good, poor, share)
    assert found.difference == 0.5 == -back.difference


def test_one_item_more_is_chance():
    found = paired(hits([1] * 31 + [0] * 29), hits([1] * 30 + [0] * 30), share)
    assert found.difference > 0 >= found.low


def test_draws_without_a_score_are_left_out():
    nothing = np.zeros((5, 2), np.int64)
    assert paired(nothing, nothing, share).low == float("-inf")
