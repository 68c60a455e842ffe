"""Step "regress": rows by split to an exported regression, judged on the test split and logged."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.errors import GateError
from pylib.provenance.materials import ROOT
from pylib.provenance.step import Input, Output, Result, step
from pylib.settings import settings
from pylib.store.artifacts import MODEL_FILE
from pylib.training.mlflow_log import REASON, MlflowLog
from pylib.training.mlflow_store import tracking_uri

if TYPE_CHECKING:
    from pylib.tabular.judgement import TableEvaluation
    from pylib.tabular.prepared import PreparedTable
    from pylib.tabular.regression import Penalty, Regression


def _task(**_: object) -> str:
    return "tabular"


@step(cached=True, task=_task)
def regress(
    table: Input, model: Output, evaluation: Output, gate: Input, *, alpha: float, l1_ratio: float
) -> Result:
    """Learn from the split "train", export, judge the export on "test", log the run; returns the metrics.

    Raises GateError where the model does not reach the gate: there is no model then, and a failed run.
    """
    from pylib.tabular import coefficients, judgement
    from pylib.tabular.prepared import TABLE_FILE, PreparedTable, rows_of
    from pylib.tabular.regression import fit, penalty_of

    started, prepared, penalty = time.time(), PreparedTable.read(table), penalty_of(alpha, l1_ratio)
    log = MlflowLog(tracking_uri(settings().output), prepared.name)
    log.open()
    fitted = fit(*rows_of(table, "train"), penalty)
    judged = _judge(table, prepared, fitted, model / MODEL_FILE, gate)
    shutil.copyfile(table / TABLE_FILE, model / TABLE_FILE)
    coefficients.write(model, prepared.features, fitted, penalty)
    (evaluation / judgement.FILE).write_bytes(judged.dumps())
    failure = "" if judged.gate.passed else f"{prepared.name}: {_failures(judged)}"
    _log(log, judged, penalty, started, failure)
    if failure:
        raise GateError(f"{failure}; take other columns or more lines, or change gates/{gate.name}")
    return {"model": judged.model_digest, **judged.metrics}


def check_parameters(pipeline: str, alpha: float, l1_ratio: float) -> None:
    """What the step would say of its parameters and its gate, before anything runs."""
    from pylib.evaluation.gate import gate_file, read_limits
    from pylib.tabular.judgement import METRICS
    from pylib.tabular.regression import penalty_of

    penalty_of(alpha, l1_ratio)
    read_limits(gate_file(ROOT, pipeline), METRICS)


def hyper_parameters(task: str) -> "type[Penalty]":  # noqa: ARG001  # of this one there is one set
    """What the step's hyper-parameters may be."""
    from pylib.tabular.regression import Penalty

    return Penalty


def _judge(
    table: Path, prepared: "PreparedTable", fitted: "Regression", file: Path, gate: Path
) -> "TableEvaluation":
    """Export the model and measure the export, which is all that anybody will have of it."""
    from pylib.evaluation.gate import read_limits
    from pylib.tabular import judgement
    from pylib.tabular.export import export, predict
    from pylib.tabular.prepared import rows_of

    digest = export(fitted, file, features=prepared.features, target=prepared.target)
    features, truth = rows_of(table, "test")
    answers = predict(file, features)
    metrics = judgement.measure(truth, answers)
    parity = judgement.difference(answers, fitted.predict(features), float(truth.std()))
    before, known = rows_of(table, "validation")
    return judgement.TableEvaluation(
        model_digest=digest,
        table=prepared.name,
        target=prepared.target,
        rows=len(truth),
        metrics=metrics,
        validation=judgement.measure(known, predict(file, before)),
        parity=parity,
        gate=judgement.decide(read_limits(gate, judgement.METRICS), len(truth), metrics, parity),
    )


def _log(log: MlflowLog, judged: "TableEvaluation", penalty: "Penalty", started: float, failure: str) -> None:
    metrics = judged.metrics | {f"validation_{name}": value for name, value in judged.validation.items()}
    log.write(
        penalty.model_dump() | {"target": judged.target},
        [{"epoch": 0, **metrics}],
        {"model_sha256": judged.model_digest} | ({REASON: failure} if failure else {}),
        started,
        status="FAILED" if failure else "FINISHED",
    )


def _failures(judged: "TableEvaluation") -> str:
    return "the gate is not passed: " + ", ".join(map(str, judged.gate.failures))
