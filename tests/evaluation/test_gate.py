"""The gate file: what it accepts, what it lets through, and what it says of mistakes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import ConfigurationError
from pylib.evaluation.class_metrics import ClassMetrics
from pylib.evaluation.gate import (
    Gate,
    Limit,
    check_classes,
    decide,
    decide_again,
    gate_file,
    read_gate,
    too_few,
)
from pylib.evaluation.record import Evaluation
from pylib.tasks.task import find

ROOT = Path(__file__).parents[2]
SEGMENTATION = find("segmentation")


def repositorys_gate() -> Gate:
    return read_gate(gate_file(ROOT, "segmentation"), SEGMENTATION)


def test_the_repositorys_gate_lets_a_good_model_through(make_measurement):
    result = decide(repositorys_gate(), make_measurement())
    assert result.passed
    assert all(check.passed for check in result.checks)


def test_the_repositorys_gate_stops_an_all_background_answer(make_measurement):
    ignored = ClassMetrics(iou=0, f1=0, precision=0, recall=0)
    background = ClassMetrics(iou=0.7, f1=0.82, precision=0.7, recall=1)
    poor = make_measurement(
        metrics=make_measurement().metrics | {"mean_iou": 0.7 / 3, "pixel_accuracy": 0.7},
        per_class={"object": ignored, "background": background, "border": ignored},
    )
    failures = {check.metric for check in decide(repositorys_gate(), poor).failures}
    assert failures == {"mean_iou", "per_class.iou"}


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"items": 9}, {"images"}),
        ({"parity": {"same_class_share": 0.99, "max_probability_difference": 0}}, {"same_class"}),
        ({"parity": {"same_class_share": 1, "max_probability_difference": 0.01}}, {"max_prob"}),
    ],
)
def test_the_repositorys_gate_stops(make_measurement, changes, failing):
    failures = decide(repositorys_gate(), make_measurement(**changes)).failures
    assert len(failures) == 1
    assert all(part in failures[0].metric for part in failing)


def test_a_limit_for_one_class(make_measurement):
    gate = Gate.model_validate({"per_class.border.iou": {"minimum": 0.6}})
    (check,) = decide(gate, make_measurement()).checks
    assert str(check) == "per_class.border.iou 0.5 (≥ 0.6)"
    assert not check.passed


def test_a_class_that_does_not_occur_fails_its_own_limit_but_not_that_of_every_class(make_measurement):
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    measured = make_measurement(per_class={"border": absent})
    gate = Gate.model_validate({"per_class.iou": {"minimum": 0.4}, "per_class.border.iou": {"minimum": 0.1}})
    every, border = decide(gate, measured).checks
    assert every.passed
    assert every.value == 0.8
    assert not border.passed
    assert "undefined" in str(border)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_limits_are_inclusive_and_independent(low, high, value):
    assert Limit(minimum=low).admits(value) == (value >= low)
    assert Limit(maximum=high).admits(value) == (value <= high)
    assert not Limit(minimum=low).admits(None)
    if low <= high:
        assert Limit(minimum=low, maximum=high).admits(value) == (low <= value <= high)


@pytest.mark.parametrize("asked", [True, False])
def test_a_gate_may_ask_for_a_model_that_was_rebuilt(make_measurement, asked):
    measured = make_measurement()
    gate = Gate.model_validate({"mean_iou": {"minimum": 0.7}, "reproduced": asked})
    decided = decide(gate, measured)
    assert (decided.passed, decided.reproduced) == (True, asked)
    assert decide_again(Evaluation(**dict(measured), gate=decided)) == decided


def test_the_decision_is_repeated_from_the_metrics(make_measurement):
    measured = make_measurement(metrics=make_measurement().metrics | {"mean_iou": 0.1})
    gate = Gate.model_validate({"mean_iou": {"minimum": 0.7}})
    honest = decide(gate, measured)
    edited = honest.model_copy(
        update={"passed": True, "checks": [honest.checks[0].model_copy(update={"passed": True})]}
    )
    evaluation = Evaluation(**dict(measured), gate=edited)
    assert decide_again(evaluation) == honest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mean_iuo: {minimum: 0.7}", "unknown metric 'mean_iuo'; did you mean 'mean_iou'?"),
        ("parity.same_class: {minimum: 1}", "did you mean 'parity.same_class_share'?"),
        ("zzz: {minimum: 1}", "unknown metric 'zzz'; known: images, mean_iou"),
        ("mean_iou: 0.7", "mean_iou: write {minimum: 0.7}, or maximum"),
        ("mean_iou: {minimum: 0.7}\nmean_iou: {minimum: 0.1}", "'mean_iou' is there twice; keep one of them"),
        ("mean_iou: {minimum: 0.7, minimum: 0.1}", "'minimum' is there twice"),
        ("mean_iou: {minimum: yes}", "mean_iou: minimum: True is no number"),
        ("{mean_iou: {minimum: 0.7}, reproduced: yes please}", "reproduced: true or false, not 'yes please'"),
        ("reproduced: true", "no metric is asked for"),
        ("mean_iou: {min: 0.7}", "mean_iou: 'min' is no limit; write minimum or maximum"),
        ("mean_iou: {}", "mean_iou: give a minimum or a maximum"),
        ("mean_iou: {minimum: high}", "mean_iou.minimum: Input should be a valid number"),
        ("mean_iou: {minimum: .nan}", "mean_iou.minimum: Input should be a finite number"),
        ("mean_iou: {minimum: 0.9, maximum: 0.1}", "minimum 0.9 is above maximum 0.1"),
        ("", "Input should be a valid dictionary"),
        ("{}", "no metric is asked for"),
        ("- mean_iou", "Input should be a valid dictionary"),
        ("mean_iou: {minimum: [", "is not YAML"),
        ("\x00", "is not YAML"),
    ],
)
def test_a_wrong_gate_file_is_one_line_that_names_it(tmp_path, text, says):
    path = tmp_path / "gate.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        read_gate(path, SEGMENTATION)
    assert says in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_gate_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gate\.yaml cannot be read .*--gate"):
        read_gate(tmp_path / "gate.yaml", SEGMENTATION)


def test_a_class_that_the_data_lacks_is_an_error_with_a_proposal(make_measurement):
    gate = Gate.model_validate({"per_class.bordr.iou": {"minimum": 0.6}})
    with pytest.raises(ConfigurationError, match=r"did you mean 'per_class\.border\.iou'\?"):
        decide(gate, make_measurement())


def test_a_gate_is_found_by_the_name_of_its_pipeline(tmp_path):
    assert gate_file(ROOT, "segmentation") == ROOT / "gates" / "segmentation.yaml"
    (tmp_path / "gates").mkdir()
    for name in ("pets", "cracks"):
        (tmp_path / "gates" / f"{name}.yaml").write_text("images: {minimum: 1}")
    with pytest.raises(ConfigurationError) as error:
        gate_file(tmp_path, "cats")
    assert "no gate for the pipeline 'cats'; there are: cracks, pets; write cats.yaml" in str(error.value)
    with pytest.raises(ConfigurationError, match="there are: none"):
        gate_file(tmp_path / "elsewhere", "cats")


def test_a_class_that_the_data_does_not_have_is_named_before_anything_is_trained(tmp_path):
    gate = Gate.model_validate({"per_class.boarder.iou": {"minimum": 0.4}, "per_class.iou": {"minimum": 0.1}})
    with pytest.raises(
        ConfigurationError, match=r"'per_class.boarder.iou': .* no such class; did you mean border"
    ):
        check_classes(gate, ["object", "border"], tmp_path / "cats.yaml")
    check_classes(gate, ["boarder", "x.y"], tmp_path / "cats.yaml")
    dotted = Gate.model_validate({"per_class.x.y.iou": {"minimum": 0.4}})
    check_classes(dotted, ["boarder", "x.y"], tmp_path / "cats.yaml")


@pytest.mark.parametrize("name", ["images", "items"])
def test_fewer_items_than_a_gate_asks_for_are_said(name):
    gate = Gate.model_validate({name: {"minimum": 10}})
    assert too_few(gate, 10) == ""
    assert f"{name} 9 (≥ 10)" in too_few(gate, 9)
    assert too_few(Gate.model_validate({"f1": {"minimum": 0.5}}), 0) == ""
