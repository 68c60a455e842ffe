"""The paired bootstrap: the same for the same, and an interval that knows a difference from chance."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.evaluation.bootstrap import bounds, paired, standard_error


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


def test_bounds_have_a_name_each_and_those_of_the_same_draws():
    right = np.array([1, 0, 1, 1, 0, 1, 1, 1])

    def both(times):
        return {"right": times @ right / times.sum(), "wrong": times @ (1 - right) / times.sum()}

    found = bounds(8, both)
    assert found["right"] == tuple(1 - bound for bound in reversed(found["wrong"]))
    assert found["right"] == bounds(8, lambda times: {"right": both(times)["right"]})["right"]
    assert found["right"][0] < 6 / 8 < found["right"][1]


def test_what_all_items_do_not_have_has_no_bounds_and_what_a_draw_lacks_is_left_out():
    def first(times):
        return {"never": float("nan"), "first": 1.0 if times[0] else float("nan")}

    assert bounds(5, first) == {"first": (1, 1)}
    assert bounds(0, first) == {}


@settings(max_examples=20)
@given(st.integers(1, 400), st.integers(0, 400))
def test_the_standard_error_of_a_share_is_that_of_the_binomial_distribution(right, wrong):
    counts, items = np.array([right, wrong]), right + wrong
    expected = np.sqrt(right / items * wrong / items / items)
    assert abs(standard_error(counts, share) - expected) < 0.1 * expected + 1e-9


def test_the_standard_error_of_no_item_and_of_certainty_is_0():
    assert standard_error(np.zeros((2, 2), np.int64), share) == 0
    assert standard_error(np.array([40, 0]), share) == 0
