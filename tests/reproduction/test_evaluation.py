"""A rebuilt evaluation beside the recorded one: what may differ between processors, and what may not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation.record import Evaluation
from pylib.reproduction.evaluation import DECISIONS, VALUES, compare, verdict

RECORD = json.loads((Path(__file__).parents[1] / "evaluation" / "format_1" / "evaluation.json").read_text())
"""A real one: its confusion matrix counts what the bounds are shares of."""


def changed(*steps, to):
    """The record with the value at that place replaced; `to` may be a function of the former one."""
    content = Evaluation.model_validate(json.loads(json.dumps(RECORD))).model_dump(mode="json")
    place = content
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = to(place[steps[-1]]) if callable(to) else to
    return Evaluation.model_validate(content)


@pytest.fixture
def recorded():
    return Evaluation.model_validate(json.loads(json.dumps(RECORD)))


DECIDED = sum(map(sum, RECORD["confusion"]))
MOVED = 1  # of 35,840 decisions


def test_the_same_evaluation_is_exact(recorded):
    assert compare(recorded, recorded) == []
    assert verdict([]) == "exact"


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (("details", "confusion", 0, 1), lambda count: count + MOVED),
        (("details", "confusion", 2, 2), lambda count: count - MOVED),
        (("details", "reliability", 5, "count"), lambda count: count + MOVED),
        (("details", "reliability", 5, "accuracy"), lambda share: share + VALUES / 2),
        (("details", "per_class", "border", "iou"), lambda share: share - VALUES / 2),
        (("metrics", "mean_iou"), lambda share: share + 1e-12),
        (("parity", "max_probability_difference"), lambda most: most + 1e-6),
        (("gate", "checks", 1, "value"), lambda share: share + VALUES / 2),
    ],
)
def test_what_processors_differ_by_is_within_its_bound(recorded, place, to):
    differences = compare(recorded, changed(*place, to=to))
    assert [each.name for each in differences] == [".".join(map(str, place))]
    assert verdict(differences) == "within bound"
    assert f"(within {differences[0].bound:g})" in str(differences[0])


@pytest.mark.parametrize(
    ("place", "to"),
    [
        (("details", "confusion", 0, 1), lambda count: count + MOVED + 1),
        (("details", "reliability", 5, "count"), lambda count: count - MOVED - 1),
        (("details", "per_class", "border", "iou"), lambda share: share + 2 * VALUES),
        (("details", "per_class", "border", "iou"), None),
        (("details", "classes", 0), "digit"),
        (("details", "examples", 0, "id"), "digit_7_0820"),
        (("metrics", "mean_iou"), lambda share: share - 2 * VALUES),
        (("parity", "max_probability_difference"), 2 * VALUES),
        (("gate", "checks", 1, "minimum"), lambda limit: limit + 1e-9),
        (("gate", "checks", 1, "passed"), True),
        (("gate", "checks", 0, "value"), 34.0),
        (("gate", "passed"), True),
        (("model_digest",), "0" * 64),
        (("dataset",), "another"),
        (("items",), 36),
    ],
)
def test_what_no_processor_does_is_beyond(recorded, place, to):
    differences = compare(recorded, changed(*place, to=to))
    assert [each.name for each in differences] == [".".join(map(str, place))]
    assert verdict(differences) == "beyond"
    assert "\n" not in str(differences[0])


def test_one_thing_beyond_makes_the_whole_beyond(recorded):
    rebuilt = changed("metrics", "mean_iou", to=lambda share: share + 1e-12).model_copy(update={"items": 36})
    differences = compare(recorded, rebuilt)
    assert [each.within for each in differences] == [False, True]
    assert verdict(differences) == "beyond"


def test_a_value_that_only_one_has_is_named(recorded):
    fewer = changed("details", "examples", to=lambda examples: examples[:-1])
    for pair in ((recorded, fewer), (fewer, recorded)):
        differences = compare(*pair)
        assert {each.name for each in differences} == {
            f"details.examples.8.{name}" for name in ("id", "rank", "mean_iou")
        }
        assert verdict(differences) == "beyond"


def test_examples_whose_scores_are_within_the_bound_may_change_places(recorded):
    rebuilt = changed("details", "examples", 3, to=lambda example: example | {
        "id": "digit_1_1590", "mean_iou": example["mean_iou"] - VALUES / 2
    })  # fmt: skip
    assert verdict(compare(recorded, rebuilt)) == "within bound"


def test_a_mean_over_few_decisions_may_be_off_by_what_one_of_them_is(recorded):
    few = changed("details", "reliability", 14, to=lambda found: found | {"count": 4, "accuracy": 0.5})
    rebuilt = few.model_copy(deep=True)
    rebuilt.details["reliability"][14].update(count=3, accuracy=2 / 3)
    assert verdict(compare(few, rebuilt)) == "within bound"
    rebuilt.details["reliability"][14]["accuracy"] = 1.0
    assert verdict(compare(few, rebuilt)) == "beyond"


@given(st.integers(0, 10_000))
def test_a_count_is_within_its_bound_exactly_up_to_the_stated_share(count):
    recorded = Evaluation.model_validate(json.loads(json.dumps(RECORD)))
    rebuilt = changed("details", "confusion", 1, 1, to=lambda found: found + count)
    bound = -(-DECIDED * DECISIONS // 1)  # rounded up: one decision may fall otherwise in any set
    expected = "exact" if count == 0 else "within bound" if count <= bound else "beyond"
    assert verdict(compare(recorded, rebuilt)) == expected
