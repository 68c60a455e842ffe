"""The newest evaluation of a task and a data set among the runs of an output folder, whatever ran since."""

from pathlib import Path

import pytest

from pylib.errors import ReleaseError
from pylib.evaluation.report import read_report
from pylib.evaluation.runs import newest
from tests.evaluation.test_hand_made import CLASSIFICATION, LABELS, MASKS, SEGMENTATION
from tests.evaluation.test_notebook import written


def left(output: Path, run: str, test=CLASSIFICATION, truth=LABELS) -> Path:
    """The folder of the evaluation that a run of that name left."""
    folder = output / "runs" / run / "inner" / "evaluate" / "evaluation"
    folder.mkdir(parents=True)
    written(test, truth, folder)
    return folder


def test_it_is_the_newest_of_its_task_whatever_the_pipelines_are_called(tmp_path):
    left(tmp_path, "zoo-20261128-235959-000001")
    newer = left(tmp_path, "classification-20261129-000000-000001")
    masks = left(tmp_path, "segmentation-20261129-000000-000002", SEGMENTATION, MASKS)
    (tmp_path / "runs/tabular-20261129-000000-000003/inner/regress").mkdir(parents=True)
    (tmp_path / "latest").symlink_to("runs/tabular-20261129-000000-000003")
    found = newest(tmp_path, task="classification")
    assert found.folder == newer
    name, items = CLASSIFICATION.index.name, len(LABELS)
    assert str(found) == (
        f"classification-20261129-000000-000001: model {'a' * 12}, {items} test items of {name}"
    )
    assert newest(tmp_path).folder == masks
    assert newest(tmp_path, task="classification", dataset="another") is None


def test_one_that_cannot_be_read_is_passed_over(tmp_path):
    older = left(tmp_path, "classification-20261128-000000-000001")
    (left(tmp_path, "classification-20261129-000000-000001") / "evaluation.json").write_text("{")
    assert newest(tmp_path).folder == older


def test_the_report_s_notebook_takes_it_though_a_table_was_last(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path))
    with pytest.raises(ReleaseError, match=r"runs has no evaluation: run a pipeline"):
        read_report()
    left(tmp_path, "classification-20261129-000000-000001")
    (tmp_path / "runs/tabular-20261129-000000-000003").mkdir()
    assert read_report().evaluation.task == "classification"
