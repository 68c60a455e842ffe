"""The paired bootstrap: the same for the same, and an interval that knows a difference from chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.evaluation.bootstrap import bounds, paired, standard_error, total


def share(total):
    """Of sums [...,2]; NaN of nothing."""
    whole = total.sum(axis=-1)
    return np.divide(total[..., 0], whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def hits(right):
    right = np.asarray(right, np.int64)
    return np.stack([right, 1 - right], axis=1)


@pytest.mark.parametrize("groups", [None, np.zeros(6, int)])
def test_one_item_or_one_group_says_nothing_of_chance(groups):
    items = 1 if groups is None else len(groups)
    right = np.ones((items, 2), np.int64)
    assert bounds(items, lambda times: {"right": times.sum(axis=1) / items}, groups) == {}
    found = paired(right, right * [0, 1], share, groups)
    assert (found.low, found.high) == (float("-inf"), float("inf"))
    assert found.difference > 0


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
        items = times.sum(axis=1)
        return {"right": times @ right / items, "wrong": times @ (1 - right) / items}

    found = bounds(8, both)
    assert found["right"] == pytest.approx(tuple(1 - bound for bound in reversed(found["wrong"])))
    assert found["right"] == bounds(8, lambda times: {"right": both(times)["right"]})["right"]
    assert found["right"][0] < 6 / 8 < found["right"][1]


def test_what_all_items_do_not_have_has_no_bounds_and_what_a_draw_lacks_is_left_out():
    def first(times):
        first = np.where(times[:, 0] > 0, 1.0, np.nan)
        return {"never": np.full(len(times), np.nan), "first": first}

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


def test_groups_are_drawn_whole():
    """Ten groups of ten, each right throughout or wrong throughout: as ten items, not as a hundred."""
    right = np.repeat([1, 0] * 5, 10)

    def score(times):
        return {"right": times @ right / times.sum(axis=1)}

    whole, apart = bounds(100, score, np.repeat(np.arange(10), 10)), bounds(100, score)
    ten = bounds(10, lambda times: {"right": times @ right[::10] / times.sum(axis=1)})
    assert whole == ten
    assert whole["right"][1] - whole["right"][0] > 2 * (apart["right"][1] - apart["right"][0])
    better = hits(right), hits(np.where(np.arange(100) < 10, 1 - right, right))
    assert paired(*better, share).low > 0 >= paired(*better, share, np.repeat(np.arange(10), 10)).low


@pytest.mark.parametrize("groups", [None, 4])
def test_the_bounds_hold_the_truth_in_95_of_100_data_sets(groups):
    """Of 800 data sets of 120 items, right with a chance of 0.8; groups are right or wrong whole."""
    data, items, random = 800, 120, np.random.default_rng(1)
    size = groups or 1
    right = np.repeat(random.random((data, items // size)) < 0.8, size, axis=1)
    names = [str(each) for each in range(data)]

    def scores(times):
        return dict(zip(names, (times @ right.T / items).T, strict=True))

    found = bounds(items, scores, np.repeat(np.arange(items // size), size) if groups else None)
    assert 0.93 <= np.mean([low <= 0.8 <= high for low, high in found.values()]) <= 0.97


def test_the_interval_of_a_difference_holds_the_truth_in_95_of_100_data_sets():
    """Two models of 0.80 and 0.75 on the same 200 items: all data sets at once, a score each."""
    data, items, random = 500, 200, np.random.default_rng(2)
    ours, theirs = random.random((items, data)) < 0.80, random.random((items, data)) < 0.75

    def scores(times):
        differences = (total(times, ours) - total(times, theirs)) / items
        return {str(each): differences[:, each] for each in range(data)}

    found = bounds(items, scores)
    assert 0.93 <= np.mean([low <= 0.05 <= high for low, high in found.values()]) <= 0.97
