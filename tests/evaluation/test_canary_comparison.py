"""Two models by what they answered: agreement with its interval, confidence, seconds, counts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.evaluation.canary_comparison import agree, compare

shares = st.dictionaries(st.sampled_from("abc"), st.integers(0, 20), min_size=1).filter(
    lambda found: sum(found.values()) > 0
)


def record(digest: str, image: str, summary: dict[str, object], seconds: float = 0.01) -> dict[str, object]:
    predictor = "canary" if digest == "b" else "default"
    return {"model_digest": digest, "image_sha256": image, "answer": summary, "seconds": seconds,
            "predictor": predictor}  # fmt: skip


def test_labels_are_compared_by_image_and_each_image_once() -> None:
    def label(name: str) -> dict[str, object]:
        return {"label": name, "confidence": 0.75}

    champion = [record("a", str(image), label("cat")) for image in range(4)]
    canary = [record("b", str(image), label("dog" if image == 0 else "cat"), 0.02) for image in range(3)]
    often = [record("a", "1", label("cat"))] * 50  # the same image again is no more evidence
    found = compare([*often, *canary, record("c", "1", label("cow")), *champion], "a", "b")
    assert (found.champion.answers, found.canary.answers) == (54, 3)
    assert found.agreement.images == 3
    assert found.agreement.mean == pytest.approx(2 / 3)
    # As `proportion_confint` of statsmodels gives it for 2 of 3.
    assert (found.agreement.low, found.agreement.high) == pytest.approx((0.20765, 0.93851), abs=1e-4)
    assert (found.champion.confidence, found.canary.p50_seconds) == (0.75, 0.02)


def test_what_a_model_answered_in_the_place_of_the_other_is_not_counted() -> None:
    def answered(digest: str, predictor: str) -> dict[str, object]:
        return {**record(digest, "1", {"label": "cat"}), "predictor": predictor}

    before = [answered("b", "default"), answered("b", "shadow"), answered("a", "canary")]
    found = compare([*before, answered("a", "default"), answered("b", "canary")], "a", "b")
    assert (found.champion.answers, found.canary.answers) == (1, 1)
    as_shadow = compare([*before, answered("a", "default")], "a", "b", "shadow")
    assert (as_shadow.champion.answers, as_shadow.canary.answers) == (2, 1)


def test_what_nobody_answered_is_none() -> None:
    found = compare([], "a", "b")
    assert (found.champion.answers, found.champion.confidence, found.champion.p99_seconds) == (0, None, None)
    assert (found.agreement.images, found.agreement.mean) == (0, None)


def test_lines_of_before_have_no_seconds_and_another_form() -> None:
    former = {"model_digest": "a", "image_sha256": "1", "class_shares": {"x": 1.0}, "mean_confidence": 0.5}
    found = compare([former, record("b", "1", {"class_shares": {"x": 0.25, "y": 0.75}})], "a", "b")
    assert found.agreement.mean == pytest.approx(0.25)
    assert (found.champion.confidence, found.champion.p50_seconds) == (0.5, None)


@given(shares, shares)
def test_shares_agree_by_what_they_have_in_common(one: dict[str, int], other: dict[str, int]) -> None:
    left, right = ({key: value / sum(each.values()) for key, value in each.items()} for each in (one, other))
    common = sum(min(left.get(key, 0), right.get(key, 0)) for key in "abc")
    both = agree(
        {"class_shares": left, "mean_confidence": 0.1}, {"class_shares": right, "mean_confidence": 1}
    )
    assert both == pytest.approx(common, abs=1e-9)
    assert agree({"class_shares": right}, {"class_shares": left}) == pytest.approx(both)


def test_the_interval_holds_what_is_true_in_nineteen_of_twenty_cases() -> None:
    chance, hits, cases = random.Random(1), 0, 400
    for _ in range(cases):
        answers = [("cat" if chance.random() < 0.9 else "dog") for _ in range(60)]
        records = [record("a", str(at), {"label": "cat"}) for at in range(60)]
        records += [record("b", str(at), {"label": each}) for at, each in enumerate(answers)]
        found = compare(records, "a", "b").agreement
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.9 <= found.high
    assert 0.92 <= hits / cases <= 0.99
