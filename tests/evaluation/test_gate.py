"""The gate file: what it accepts, what it lets through, and what it says of mistakes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylib.errors import ConfigurationError
from pylib.evaluation.gate import Gate, Limit, decide, decide_again, read_gate
from pylib.evaluation.record import ClassMetrics, Evaluation, Parity

GATE_FILE = Path(__file__).parents[2] / "gate.yaml"


def test_the_repositorys_gate_lets_a_good_model_through(make_figures):
    result = decide(read_gate(GATE_FILE), make_figures())
    assert result.passed
    assert all(check.passed for check in result.checks)


def test_the_repositorys_gate_stops_an_all_background_answer(make_figures):
    ignored = ClassMetrics(iou=0, f1=0, precision=0, recall=0)
    background = ClassMetrics(iou=0.7, f1=0.82, precision=0.7, recall=1)
    poor = make_figures(
        metrics=make_figures().metrics | {"mean_iou": 0.7 / 3, "pixel_accuracy": 0.7},
        per_class={"object": ignored, "background": background, "border": ignored},
    )
    failures = {check.metric for check in decide(read_gate(GATE_FILE), poor).failures}
    assert failures == {"mean_iou", "per_class.iou"}


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"images": 9}, {"images"}),
        ({"parity": Parity(same_class_share=0.99, max_probability_difference=0, images=9)}, {"same_class"}),
        ({"parity": Parity(same_class_share=1, max_probability_difference=0.01, images=9)}, {"max_prob"}),
    ],
)
def test_the_repositorys_gate_stops(make_figures, changes, failing):
    failures = decide(read_gate(GATE_FILE), make_figures(**changes)).failures
    assert len(failures) == 1
    assert all(part in failures[0].metric for part in failing)


def test_a_limit_for_one_class(make_figures):
    gate = Gate.model_validate({"per_class.border.iou": {"minimum": 0.6}})
    (check,) = decide(gate, make_figures()).checks
    assert str(check) == "per_class.border.iou 0.5 (≥ 0.6)"
    assert not check.passed


def test_a_class_that_does_not_occur_fails_its_own_limit_but_not_that_of_every_class(make_figures):
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    figures = make_figures(per_class=make_figures().per_class | {"border": absent})
    gate = Gate.model_validate({"per_class.iou": {"minimum": 0.4}, "per_class.border.iou": {"minimum": 0.1}})
    every, border = decide(gate, figures).checks
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


def test_the_decision_is_repeated_from_the_figures(make_figures):
    figures = make_figures(metrics=make_figures().metrics | {"mean_iou": 0.1})
    gate = Gate.model_validate({"mean_iou": {"minimum": 0.7}})
    honest = decide(gate, figures)
    edited = honest.model_copy(
        update={"passed": True, "checks": [honest.checks[0].model_copy(update={"passed": True})]}
    )
    evaluation = Evaluation(**dict(figures), gate=edited)
    assert decide_again(evaluation) == honest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mean_iuo: {minimum: 0.7}", "unknown metric 'mean_iuo'; did you mean 'mean_iou'?"),
        ("parity.same_class: {minimum: 1}", "did you mean 'parity.same_class_share'?"),
        ("zzz: {minimum: 1}", "unknown metric 'zzz'; known: images, mean_iou"),
        ("mean_iou: 0.7", "mean_iou"),
        ("mean_iou: {min: 0.7}", "mean_iou.min: Extra inputs"),
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
        read_gate(path)
    assert says in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_gate_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gate\.yaml cannot be read .*--gate"):
        read_gate(tmp_path / "gate.yaml")


def test_a_class_that_the_data_lacks_is_an_error_with_a_proposal(make_figures):
    gate = Gate.model_validate({"per_class.bordr.iou": {"minimum": 0.6}})
    with pytest.raises(ConfigurationError, match=r"did you mean 'per_class\.border\.iou'\?"):
        decide(gate, make_figures())
