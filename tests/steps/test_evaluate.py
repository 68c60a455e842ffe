import pytest

from pylib.errors import ConfigurationError
from pylib.steps.evaluate import evaluate_and_show


def test_a_pipeline_without_a_gate_is_named_before_anything_is_measured(tmp_path):
    places = (tmp_path / name for name in ("shards", "model", "evaluation"))
    with pytest.raises(ConfigurationError) as error:
        evaluate_and_show(*places, html=tmp_path / "report.html", pipeline="cats")
    there = "classification, segmentation, tabular"
    assert f"no gate for the pipeline 'cats'; there are: {there}; write cats.yaml" in str(error.value)
    assert list(tmp_path.iterdir()) == []
