"""Step "evaluate": a model on the test split, with the report that people read."""

import shutil
from pathlib import Path

from pylib.provenance.materials import ROOT
from pylib.provenance.step import Input, Output, Result, step


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def evaluate(shards: Input, model: Input, evaluation: Output, gate: Input) -> Result:
    """Judge the exported model against the gate file; returns the metrics by name."""
    from pylib.data.shards import ShardIndex
    from pylib.evaluation.evaluate import evaluate as judge
    from pylib.evaluation.gate import read_gate
    from pylib.tasks import task

    limits = read_gate(gate, task.find(ShardIndex.read(shards).task))
    return dict(judge(shards, model, evaluation, limits).metrics)


def evaluate_and_show(shards: Path, model: Path, evaluation: Path, *, html: Path, pipeline: str) -> Result:
    """The step with the gate of a pipeline, and a copy of its report where the dashboard looks for a page."""
    from pylib.evaluation.gate import gate_file

    metrics = evaluate(shards, model, evaluation, gate_file(ROOT, pipeline))
    html.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(evaluation / "report.html", html)
    return metrics
