"""evaluation.json: what is written is read, format 1 too; what is damaged is one line."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from pylib.errors import ConfigurationError, ReleaseError
from pylib.evaluation.class_metrics import ClassMetrics
from pylib.evaluation.gate import Gate, decide, decide_again
from pylib.evaluation.record import Evaluation, GateResult, Measurement, read_evaluation
from pylib.tasks.task import find

FORMAT_1 = Path(__file__).parent / "format_1" / "evaluation.json"
"""As it was written before there was a task: by two epochs on the sample at 32 pixels."""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("", "the file: Invalid JSON"),
        ("[]", "the file: Input should be an object"),
        ('{"format": 3}', "format: Input should be 2"),
        ('{"format": 1}', "model_digest: Field required"),
        ('{"format": 1, "images": 3, "parity": 7, "details": 1}', "model_digest: Field required"),
    ],
)
def test_a_damaged_evaluation_is_one_line(tmp_path, content, says):
    if content is not None:
        (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(ReleaseError, match=says) as error:
        read_evaluation(tmp_path)
    assert "\n" not in str(error.value)


def test_format_1_is_read_with_every_number_in_its_place():
    written = json.loads(FORMAT_1.read_text())
    found = read_evaluation(FORMAT_1)
    bins = found.details["reliability"]
    assert (found.task, found.score, found.items) == ("segmentation", "mean_iou", written["images"])
    assert (found.model_digest, found.dataset) == (written["model_digest"], written["dataset"])
    assert found.metrics == written["metrics"]
    assert {**found.parity, "images": found.items} == written["parity"]
    for name in ("classes", "per_class", "confusion", "examples"):
        assert found.details[name] == written[name]
    renamed = [{"pixels" if key == "count" else key: value for key, value in each.items()} for each in bins]
    assert renamed == written["reliability"]
    assert found.gate.model_dump(mode="json") == {**written["gate"], "reproduced": False}
    assert decide_again(found) == found.gate
    assert Evaluation.model_validate_json(found.dumps()) == found


@pytest.mark.parametrize("part", ["per_class", "confusion", "classes", "reliability"])
@pytest.mark.parametrize("damage", [None, "text", [["text"]]])
def test_damaged_details_are_named(tmp_path, part, damage):
    for written in (json.loads(FORMAT_1.read_text()), json.loads(read_evaluation(FORMAT_1).dumps())):
        details = written.get("details", written)
        details[part] = damage
        (tmp_path / "evaluation.json").write_text(json.dumps(written))
        with pytest.raises(ReleaseError, match=part) as error:
            read_evaluation(tmp_path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"task": "poetry"}, "task 'poetry': there is no such"),
        ({"score": "beauty"}, "no beauty, which is the score"),
    ],
)
def test_what_no_task_can_judge_is_named(tmp_path, make_measurement, changes, says):
    made = Evaluation(**dict(make_measurement()), gate=GateResult(passed=True, checks=[]))
    (tmp_path / "evaluation.json").write_text(json.dumps(json.loads(made.dumps()) | changes))
    with pytest.raises(ReleaseError, match=says) as error:
        read_evaluation(tmp_path)
    assert "\n" not in str(error.value)


def test_the_gate_may_not_ask_for_a_class_that_there_is_not(make_measurement):
    with pytest.raises(ConfigurationError, match=r"unknown metric 'per_class\.cat\.iou'"):
        decide(Gate.model_validate({"per_class.cat.iou": {"minimum": 0.6}}), make_measurement())


def test_evaluation_json_has_no_nan(make_measurement):
    absent = ClassMetrics(iou=None, f1=None, precision=None, recall=None)
    measured = make_measurement(per_class={"object": absent})
    details = find(measured.task).judgement.Details.model_validate(measured.details).model_dump(mode="json")
    written = dict(measured) | {"details": details}
    evaluation = Evaluation(**written, gate=GateResult(passed=True, checks=[]))
    text = evaluation.dumps()
    assert json.loads(text)["details"]["per_class"]["object"]["iou"] is None
    assert Evaluation.model_validate_json(text) == evaluation


def test_a_metric_that_is_not_finite_is_refused(make_measurement):
    fields = dict(make_measurement())
    with pytest.raises(ValidationError, match="finite"):
        Measurement(**fields | {"metrics": {"mean_iou": float("nan")}})
