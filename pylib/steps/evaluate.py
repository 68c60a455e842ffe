"""Step "evaluate": a model on the test split, with the report that people read."""

import shutil
from pathlib import Path

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import need
from pylib.provenance.materials import ROOT
from pylib.provenance.step import Input, Output, Result, step
from pylib.tasks.task import find


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def evaluate(shards: Input, model: Input, evaluation: Output, gate: Input) -> Result:
    """Judge the exported model against the gate file; returns the metrics by name."""
    from pylib.data.shards import ShardIndex
    from pylib.evaluation.evaluate import evaluate as judge
    from pylib.evaluation.gate import read_gate

    limits = read_gate(gate, find(ShardIndex.read(shards).task))
    return dict(judge(shards, model, evaluation, limits).metrics)


def evaluate_and_show(shards: Path, model: Path, evaluation: Path, *, html: Path, pipeline: str) -> Result:
    """The step with the gate of a pipeline, and a copy of its report where the dashboard looks for a page."""
    from pylib.evaluation.gate import gate_file

    metrics = evaluate(shards, model, evaluation, gate_file(ROOT, pipeline))
    html.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(evaluation / "report.html", html)
    return metrics


def check_parameters(task: str, pipeline: str) -> None:
    """What the step would say of its gate, before anything runs."""
    from pylib.evaluation.gate import gate_file, read_gate

    read_gate(gate_file(ROOT, pipeline), find(task))


def check_data(index: DatasetIndex, task: str, pipeline: str) -> str:
    """The same of a data set: images to be judged on, the classes that the gate asks for.

    Returns what is no fault but will be: fewer images than the gate asks for.
    """
    from pylib.evaluation.gate import check_classes, gate_file, read_gate, too_few

    need(index, "test")
    path = gate_file(ROOT, pipeline)
    gate = read_gate(path, find(task))
    check_classes(gate, index.class_names, path)
    return too_few(gate, len(index.split("test")))
