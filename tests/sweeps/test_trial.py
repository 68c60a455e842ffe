"""What a trial of ours says, and what it refuses."""

from pathlib import Path

import pytest

from katib.collectors import collect
from pylib.errors import ConfigurationError, ModelError
from pylib.sweeps.trial import learn, report
from tests.katib.experiments import experiment, objective


def test_metrics_are_lines_that_katibs_collector_finds(capsys: pytest.CaptureFixture[str]) -> None:
    report({"epoch": 0.0, "mean_iou": 0.123456789, "learning_rate": 1e-05, "iou of ink": 0.5})
    said = capsys.readouterr().out
    assert said == "epoch=0.0 mean_iou=0.123456789 learning_rate=1e-05\n"
    told = experiment(objective={**objective(), "objectiveMetricName": "mean_iou"})
    assert [each.value for each in collect(told, said.splitlines())] == ["0.123456789"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_fails_instead_of_being_printed(value, capsys) -> None:
    with pytest.raises(ModelError, match="no score"):
        report({"mean_iou": value})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"head": "logistic", "C": "1"}, "NAME.PARAMETER=VALUE"),
        ({"head": "logistic", "logistic.D": "1"}, "no parameter D"),
        ({"head": "logistik"}, "did you mean logistic"),
    ],
)
def test_what_a_head_does_not_have_is_refused_by_name(given, said, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        learn("classification", tmp_path, tmp_path, given, weights="none")
