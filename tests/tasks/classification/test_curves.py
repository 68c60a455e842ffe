"""Curves, areas, intervals and suspects: of models made by hand, and what holds of any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.record import Measurement
from pylib.tasks.classification import answer, curves, judgement
from pylib.tasks.classification.details import Details
from pylib.tasks.classification.examples import Answers
from pylib.tasks.classification.label_noise import suspects

seeds = st.integers(0, 10_000)


def random(seed: int, classes: int = 2, images: int = 30) -> Answers:
    """Coarse probabilities, so that there are ties."""
    drawn = np.random.default_rng(seed)
    raw = drawn.integers(1, 6, (images, classes)).astype(np.float32)
    return Answers(drawn.integers(0, classes, images), raw / raw.sum(axis=-1, keepdims=True))


def seen(of: Answers, threshold: float = 0.0) -> judgement.Accumulator:
    classes = ["no", "yes", "perhaps"][: of.probabilities.shape[1]]
    found = judgement.accumulator(classes, [f"{n:03}" for n in range(len(of.truths))], threshold)
    found.add(of.truths, of.probabilities, of.probabilities)
    return found


@settings(max_examples=30)
@given(seeds, st.floats(0, 1))
def test_what_counts_as_answered_is_what_the_served_answer_says(seed: int, threshold: float) -> None:
    of = random(seed, 3)
    served = [
        answer.answer({"probabilities": row}, np.zeros((1, 1, 3), np.uint8), ["a", "b", "c"], threshold)
        for row in of.probabilities
    ]
    assert curves.sure(of, threshold).tolist() == [not each["unsure"] for each in served]


@given(seeds)
def test_coverage_grows_to_all_answers_and_each_point_is_the_figure_at_its_confidence(seed: int) -> None:
    of = random(seed, 3)
    points = curves.coverage(of)
    shares = [point.answered for point in points]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1
    assert points[-1].precision == pytest.approx(np.mean(of.decided == of.truths))
    for point in points:
        at = curves.answered(of, point.confidence)
        assert at == pytest.approx({"answered": point.answered, "precision_answered": point.precision})


def test_coverage_of_a_hand_made_model_with_a_tie() -> None:
    of = Answers(np.array([0, 1, 0, 1]), np.array([[0.9, 0.1], [0.75, 0.25], [0.75, 0.25], [0.4, 0.6]]))
    found = [(point.confidence, point.answered, point.precision) for point in curves.coverage(of)]
    assert found == [(0.9, 1 / 4, 1), (0.75, 3 / 4, pytest.approx(2 / 3)), (0.6, 1, 3 / 4)]
    assert curves.answered(of, 0.7) == pytest.approx({"answered": 3 / 4, "precision_answered": 2 / 3})
    assert curves.answered(of, 0.95) == {"answered": 0}
    assert curves.answered(of, 1.0) == {"answered": 0}


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    of = Answers(np.zeros(5000, np.int64), np.stack([p := np.linspace(0.6, 0.9, 5000), 1 - p], axis=1))
    points = curves.coverage(of)
    assert len(points) == curves.POINTS
    assert (points[0].answered, points[-1].answered) == (1 / 5000, 1)


@given(seeds)
def test_the_area_is_the_share_of_pairs_in_the_right_order(seed: int) -> None:
    of = random(seed)
    yes, no = (of.probabilities[of.truths == label, 1] for label in (1, 0))
    if not len(yes) or not len(no):
        assert curves.areas(of) == {}
        assert curves.binary(of, ["no", "yes"]) is None
        return
    above, equal = yes[:, None] > no[None], yes[:, None] == no[None]
    assert curves.areas(of)["roc_auc"] == pytest.approx(np.mean(above + equal / 2))
    ranks = [(of.probabilities[:, 1] >= at) for at in sorted(set(yes.tolist()), reverse=True)]
    recall = np.diff([0, *(np.mean(yes >= at) for at in sorted(set(yes.tolist()), reverse=True))])
    precision = [np.mean(of.truths[kept]) for kept in ranks]
    assert curves.areas(of)["average_precision"] == pytest.approx(float(recall @ precision))
    found = curves.binary(of, ["no", "yes"])
    assert found
    assert (found.positive, found.roc[0], found.roc[-1]) == ("yes", (0, 0), (1, 1))
    x, y = np.array(found.roc).T
    assert np.trapezoid(y, x) == pytest.approx(curves.areas(of)["roc_auc"])


def test_of_three_classes_there_is_no_binary_curve() -> None:
    of = seen(random(1, 3))
    assert of.details().binary is None
    assert not {"roc_auc", "average_precision"} & set(of.metrics())


def test_a_perfect_model() -> None:
    truths = np.array([0, 1] * 10)
    found = seen(Answers(truths, np.eye(2)[truths]), 0.5)
    assert found.metrics() == {
        **dict.fromkeys(("accuracy", "macro_f1", "weighted_f1", "precision", "recall"), 1),
        **dict.fromkeys(("answered", "precision_answered", "roc_auc", "average_precision"), 1),
        "expected_calibration_error": 0,
    }
    details = found.details()
    errors = details.intervals.pop("expected_calibration_error")
    assert (errors.lower, errors.upper) == (0, 0)
    assert {(each.lower, each.upper) for each in details.intervals.values()} == {(1, 1)}
    assert details.suspects == []


def test_a_constant_model() -> None:
    found = seen(Answers(np.array([0] * 15 + [1] * 5), np.tile([0.75, 0.25], (20, 1))), 0.8)
    metrics = found.metrics()
    assert (metrics["roc_auc"], metrics["average_precision"]) == (0.5, 0.25)
    assert metrics["answered"] == 0
    assert "precision_answered" not in metrics
    assert [(point.answered, point.precision) for point in found.details().coverage] == [(1, 0.75)]


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(2, 12))
def test_an_interval_contains_its_metric_and_is_the_same_again(seed: int, images: int) -> None:
    found = seen(random(seed, 3, images))
    intervals, by_class = found.details().intervals, found.details().per_class
    scores = {f"per_class.{name}.f1": each.f1 for name, each in by_class.items() if each.f1 is not None}
    metrics = found.metrics() | scores
    assert set(intervals) == set(metrics)
    for name, each in intervals.items():
        assert 0 <= each.lower <= metrics[name] + 1e-12
        assert metrics[name] - 1e-12 <= each.upper <= 1
    assert found.details().intervals == intervals


def test_an_interval_of_accuracy_is_that_of_the_binomial() -> None:
    truths = np.zeros(100, np.int64)
    right = np.arange(100) < 80
    found = seen(Answers(truths, np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])))
    interval = found.details().intervals["accuracy"]
    assert interval.lower == pytest.approx(0.72, abs=0.015)  # quantiles of Binomial(100, 0.8)
    assert interval.upper == pytest.approx(0.87, abs=0.015)


def test_the_suspects_are_those_of_the_confident_joint() -> None:
    probabilities = np.array(
        [
            [0.9, 0.1],
            [0.8, 0.2],
            [0.05, 0.95],  # labelled no; said yes, surer than of yes's own
            [0.3, 0.7],
            [0.1, 0.9],
            [0.45, 0.55],  # labelled no; said yes, less sure than of its own
        ]
    )
    of = Answers(np.array([0, 0, 0, 1, 1, 0]), probabilities)
    assert [
        (place, one.id, one.truth, one.prediction) for place, one in suspects(of, ["no", "yes"], "abcdef")
    ] == [(2, "c", "no", "yes")]


def test_a_class_without_images_is_nobody_s_suspicion() -> None:
    of = Answers(np.array([0, 0]), np.array([[0.9, 0.1], [0.0, 1.0]]))
    assert suspects(of, ["no", "yes"], "ab") == []


@given(seeds)
def test_every_suspect_is_a_mistake_of_the_model_listed_once(seed: int) -> None:
    of = random(seed, 3)
    found = suspects(of, ["a", "b", "c"], [f"{n:02}" for n in range(30)])
    places = [place for place, _ in found]
    assert len(set(places)) == len(places)
    assert all(of.decided[place] != of.truths[place] for place in places)
    leads = [one.confidence - one.probability for _, one in found]
    assert leads == sorted(leads, reverse=True)


def test_details_of_former_evaluations_are_read() -> None:
    new = ("intervals", "confidence_threshold", "coverage", "binary", "suspects")
    whole = seen(random(3)).details().model_dump(mode="json")
    former = Details.model_validate({name: value for name, value in whole.items() if name not in new})
    assert (former.intervals, former.coverage, former.binary, former.suspects) == ({}, [], None, [])


def measurement(of: judgement.Accumulator) -> Measurement:
    return Measurement(
        task="classification",
        model_digest="a" * 64,
        dataset="x",
        items=len(of.ids),
        score="macro_f1",
        metrics=of.metrics(),
        parity=of.parity(),
        details=of.details().model_dump(mode="json"),
    )


def test_a_gate_holds_lower_bounds_and_the_share_answered_and_passes_nothing_that_is_not_defined() -> None:
    keys = (
        "macro_f1.lower",
        "accuracy.lower",
        "answered",
        "precision_answered",
        "roc_auc",
        "average_precision",
    )
    assert set(keys) <= set(judgement.METRICS)
    gate = Gate.model_validate({key: {"minimum": 0.5} for key in keys})
    truths = np.array([0, 1] * 10)
    assert decide(gate, measurement(seen(Answers(truths, np.eye(2)[truths]), 0.5))).passed
    of = seen(random(1, 3), 1.0)
    values = {check.metric: check.value for check in decide(gate, measurement(of)).checks}
    assert values["answered"] == 0
    assert values["macro_f1.lower"] == of.details().intervals["macro_f1"].lower < of.metrics()["macro_f1"]
    assert [values[key] for key in keys[3:]] == [None] * 3
    assert not decide(gate, measurement(of)).passed
