"""The model beside the served one, item by item."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation import sides as beside
from pylib.evaluation.champion import Comparison
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.record import Evaluation
from pylib.evaluation.report import render
from pylib.evaluation.sides import MOST, sides
from tests.evaluation.test_hand_made import LABELS, MASKS, N, one_hot, split


def share(total):
    right, whole = total[..., 0], total.sum(axis=-1)
    return np.divide(right, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


def test_items_are_named_from_the_largest_change_and_one_without_a_score_is_left_out() -> None:
    ours = np.array([[4, 0], [1, 3], [2, 2], [0, 0], [0, 4]])
    theirs = np.array([[3, 1], [1, 3], [0, 4], [0, 0], [4, 0]])
    found = sides("abcde", ours, theirs, share)
    assert (found.better, found.worse, found.same) == (2, 1, 1)
    assert [(each.id, each.theirs, each.ours) for each in found.gained] == [("c", 0, 0.5), ("a", 0.75, 1)]
    assert [(each.id, each.theirs, each.ours) for each in found.lost] == [("e", 1, 0)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=60))
def test_what_one_gains_the_other_loses(pairs: list[tuple[int, int]]) -> None:
    ours, theirs = (np.array([[pair[side], 10 - pair[side]] for pair in pairs]) for side in (0, 1))
    ids = [str(place) for place in range(len(pairs))]
    found, back = sides(ids, ours, theirs, share), sides(ids, theirs, ours, share)
    assert found.better + found.worse + found.same == len(pairs)
    assert (found.better, found.worse) == (back.worse, back.better)
    assert len(found.gained) == min(found.better, MOST)
    changes = [each.ours - each.theirs for each in found.gained]
    assert changes == sorted(changes, reverse=True)
    assert all(change > 0 for change in changes)


def page(task: str, truth: np.ndarray) -> str:
    """A model that is right of all but the first, beside one that is right of the first alone."""
    test = split(task, truth)
    first = np.arange(N).reshape(-1, *[1] * (truth.ndim - 1)) == 0
    both = [test.seen(), test.seen()]
    for seen, right in zip(both, (~first, first), strict=True):
        said = one_hot(np.where(right, truth, 1 - truth), 0.9)
        seen.add(truth, said, said)
    ours, theirs = both
    judgement, ids = test.task.judgement, [item.id for item in test.items]
    found = sides(ids, ours.measures(), theirs.measures(), judgement.score)
    assert (found.better, found.worse, found.same) == (N - 1, 1, 0)
    comparison = Comparison(
        champion="b" * 64,
        score=judgement.SCORE,
        items=N,
        ours=0.9,
        theirs=0.1,
        low=0.5,
        high=0.9,
        better=True,
        reason="",
        sides=found,
    )
    measured = test.measured("a" * 64, ours, comparison)
    decided = decide(Gate.model_validate({"images": {"minimum": 1}}), measured)
    shown = {"sides": beside.panels(test, found, ours, theirs), **ours.panels(test.inputs, truth)}
    return render(Evaluation(**dict(measured), gate=decided), shown, comparison)


def test_the_report_shows_masks_side_by_side() -> None:
    text = page("segmentation", MASKS)
    assert "29 better, 1 worse,\n0 the same." in text
    assert text.index("Worse than the champion") < text.index("Better than the champion")
    assert text.count('alt="champion"') == text.count('alt="this model"') == 1 + beside.SHOWN
    assert "champion: mean IoU 1.000" in text


def test_the_report_shows_labels_side_by_side() -> None:
    text = page("classification", LABELS)
    assert "truth: a" in text
    assert "champion: a 90.0%" in text
    assert "this model: b 90.0%" in text
