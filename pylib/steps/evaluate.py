"""Step "evaluate": a model on the test split, with the report that people read."""

import shutil
from pathlib import Path

from pylib.provenance.materials import ROOT
from pylib.provenance.step import Input, Output, Result, step

GATE = ROOT / "gate.yaml"


@step(cached=True)
def evaluate(shards: Input, model: Input, evaluation: Output, gate: Input) -> Result:
    """Judge the exported model against the gate file; returns the figures by name."""
    from pylib.evaluation.evaluate import evaluate as judge
    from pylib.evaluation.gate import read_gate

    judged = judge(shards, model, evaluation, read_gate(gate))
    return dict(judged.metrics)


def evaluate_and_show(shards: Path, model: Path, evaluation: Path, *, html: Path, pipeline: str) -> Result:
    """The step against the pipeline's gate, and a copy of its report where the Kubeflow dashboard looks."""
    del pipeline  # there is one gate file yet
    figures = evaluate(shards, model, evaluation, GATE)
    html.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(evaluation / "report.html", html)
    return figures
