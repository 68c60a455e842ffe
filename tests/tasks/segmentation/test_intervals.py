"""The 95 % intervals of a segmentation: over whole images, in the report, in gates, in no old evaluation."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pylib.errors import ConfigurationError
from pylib.evaluation import confusion
from pylib.evaluation.bootstrap import ROUNDS, bounds, total
from pylib.evaluation.gate import Gate, check_classes, decide, read_gate
from pylib.evaluation.record import Evaluation, Measurement, read_evaluation
from pylib.evaluation.report import render
from pylib.tasks.segmentation import judgement
from pylib.tasks.segmentation.details import Details
from pylib.tasks.segmentation.panels import context
from pylib.tasks.task import find

CLASSES = ["object", "background", "border"]
FORMAT_1 = Path(__file__).parents[2] / "evaluation" / "format_1" / "evaluation.json"


def seen(images: int, seed: int = 0, *, shown: int = 3, classes: int = 3) -> judgement.Accumulator:
    """Random answers to images of which only the first `shown` classes are there."""
    random = np.random.default_rng(seed)
    raw = random.random((images, 8, 8, classes)).astype(np.float32)
    raw[..., shown:] = 0
    outputs = raw / raw.sum(axis=-1, keepdims=True)
    names = [*CLASSES, *"abcdefgh"][:classes]
    found = judgement.accumulator(names, [str(number) for number in range(images)])
    found.add(random.integers(0, shown, (images, 8, 8), dtype=np.uint8), outputs, outputs)
    return found


def measurement(of: judgement.Accumulator) -> Measurement:
    return Measurement(
        task="segmentation",
        model_digest="a" * 64,
        dataset="x",
        items=len(of.ids),
        score="mean_iou",
        metrics=of.metrics(),
        parity=of.parity(),
        details=of.details().model_dump(mode="json"),
    )


def held(gate: dict[str, dict[str, float]], of: judgement.Accumulator) -> dict[str, float | None]:
    return {check.metric: check.value for check in decide(Gate.model_validate(gate), measurement(of)).checks}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 99), st.integers(2, 12), st.integers(1, 3))
def test_an_interval_contains_its_metric_and_is_the_same_again(seed: int, images: int, shown: int) -> None:
    found = seen(images, seed, shown=shown)
    details = found.details()
    expected = {f"per_class.{name}.iou": each.iou for name, each in details.per_class.items()}
    values = {**found.metrics(), **expected}
    assert set(details.intervals) == {name for name, value in values.items() if value is not None}
    for name, each in details.intervals.items():
        assert 0 <= each.lower <= values[name] <= each.upper <= 1
    assert found.details().intervals == details.intervals


def test_an_interval_is_that_of_the_sums_of_whole_images_drawn_anew() -> None:
    """By the confusion matrices themselves, image by image."""
    found = seen(9, 4)
    random, ious = np.random.default_rng(0), []
    for _ in range(ROUNDS):
        times = random.multinomial(9, np.full(9, 1 / 9))
        total = sum(often * counts for often, counts in zip(times, found.confusions, strict=True))
        ious.append([confusion.mean_iou(total), *confusion.intersection_over_union(total)])
    low, high = np.quantile(ious, [0.025, 0.975], axis=0)
    names = ["mean_iou", *(f"per_class.{name}.iou" for name in CLASSES)]
    intervals = found.details().intervals
    assert [intervals[name].lower for name in names] == pytest.approx(low.tolist())
    assert [intervals[name].upper for name in names] == pytest.approx(high.tolist())


def of_a_population(random: np.random.Generator, images: int) -> confusion.Counts:
    """Confusions of images that differ in what is on them and in how well it is found, [N,3,3]."""
    shares, found = random.dirichlet([2, 6, 1], size=images), random.beta(8, 2, size=(images, 3))
    wrong = random.dirichlet([1, 1], size=(images, 3))
    each = np.zeros((images, 3, 3))
    for true in range(3):
        others = [other for other in range(3) if other != true]
        each[:, true, true] = found[:, true]
        each[:, true, others] = (1 - found[:, true, None]) * wrong[:, true]
    return np.round(shares[:, :, None] * each * 4096).astype(np.int64)


def test_the_interval_of_mean_iou_holds_the_truth_in_95_of_100_test_sets() -> None:
    """The truth is that of a million images; of 20 images and fewer it is held in 90 of 100 only."""
    random = np.random.default_rng(3)
    truth = float(confusion.mean_iou(of_a_population(random, 1_000_000).sum(axis=0)))
    sets = {str(number): of_a_population(random, 60) for number in range(400)}
    found = bounds(
        60, lambda times: {name: confusion.mean_iou(total(times, each)) for name, each in sets.items()}
    )
    assert 0.93 <= np.mean([low <= truth <= high for low, high in found.values()]) <= 0.97


def test_images_and_not_pixels_are_drawn() -> None:
    """Half of the images right throughout, half wrong throughout: pixels would say 0.5 and hardly differ."""
    found = judgement.accumulator(["a", "b"], [str(number) for number in range(20)])
    truth = np.zeros((20, 64, 64), np.uint8)
    outputs = np.eye(2, dtype=np.float32)[np.repeat([0, 1], 10)][:, None, None].repeat(64, 1).repeat(64, 2)
    found.add(truth, outputs, outputs)
    bounds = found.details().intervals["per_class.a.iou"]
    assert bounds.lower == pytest.approx(0.3, abs=0.051)  # quantiles of Binomial(20, 0.5)
    assert bounds.upper == pytest.approx(0.7, abs=0.051)


def test_a_gate_holds_the_lower_bounds_of_the_mean_of_a_class_and_of_the_worst() -> None:
    found = seen(12)
    names = ["mean_iou.lower", "per_class.iou.lower", "per_class.border.iou.lower"]
    values = held({name: {"minimum": 0.1} for name in names}, found)
    intervals = found.details().intervals
    assert values["mean_iou.lower"] == intervals["mean_iou"].lower < found.metrics()["mean_iou"]
    assert values["per_class.border.iou.lower"] == intervals["per_class.border.iou"].lower
    assert values["per_class.iou.lower"] == min(intervals[f"per_class.{name}.iou"].lower for name in CLASSES)


def test_a_class_that_does_not_occur_has_no_bound_and_passes_no_gate_for_it() -> None:
    found = seen(5, shown=2)
    values = held({f"per_class.{which}iou.lower": {"minimum": 0.0} for which in ("", "border.")}, found)
    assert values["per_class.border.iou.lower"] is None
    assert values["per_class.iou.lower"] > 0
    assert not decide(
        Gate.model_validate({"per_class.border.iou.lower": {"minimum": 0}}), measurement(found)
    ).passed


def test_a_gate_file_may_ask_for_them_and_a_wrong_class_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("mean_iou.lower: {minimum: 0.6}\nper_class.iou.lower: {minimum: 0.3}\n")
    check_classes(read_gate(path, find("segmentation")), CLASSES, path)
    path.write_text("per_class.x.lower.iou.lower: {minimum: 0.6}\nper_class.x.lower.iou: {minimum: 0.6}\n")
    check_classes(read_gate(path, find("segmentation")), ["x.lower"], path)
    path.write_text("per_class.bordr.iou.lower: {minimum: 0.6}")
    with pytest.raises(ConfigurationError, match="no such class; did you mean border"):
        check_classes(read_gate(path, find("segmentation")), CLASSES, path)


def test_an_evaluation_of_before_is_read_shown_without_intervals_and_refused_by_a_gate_for_them() -> None:
    former = read_evaluation(FORMAT_1)
    assert Details.model_validate(former.details).intervals == {}
    decided = decide(Gate.model_validate({"mean_iou.lower": {"minimum": 0}}), former)
    assert [check.value for check in decided.checks] == [None]
    assert not decided.passed
    assert "95 % interval" not in page(former, Details.model_validate(former.details))


def test_the_report_shows_the_intervals_of_the_mean_and_of_each_class() -> None:
    found = seen(12, shown=2)
    measured = measurement(found)
    decided = decide(Gate.model_validate({"mean_iou.lower": {"minimum": 0.1}}), measured)
    text = page(Evaluation(**dict(measured), gate=decided), found.details())
    assert text.count("95 % interval") == 2
    intervals = json.loads(measured.dumps())["details"]["intervals"]
    assert len(intervals) == 6 + 2
    for each in intervals.values():
        assert f"{each['lower']:.3f} to {each['upper']:.3f}" in text
    rows = re.findall(r"<tr>(?:<t[dh].*?)</tr>", text, re.DOTALL)
    by_class = [row for row in rows if "swatch" in row]
    assert {row.count("<td") for row in by_class} == {6}


def page(evaluation: Evaluation, details: Details) -> str:
    return render(evaluation, context(details, []))
