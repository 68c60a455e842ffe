"""Rows by split to a regression that is exported, judged, logged and registered."""

from kfp.dsl import Artifact, Dataset, Input, Metrics, Model, Output

from components import component


@component
def regress(
    table: Input[Dataset],
    pipeline: str,
    alpha: float,
    l1_ratio: float,
    model: Output[Model],
    evaluation: Output[Artifact],
    metrics: Output[Metrics],
) -> None:
    """Fit an elastic net and judge it on rows that nothing has looked at before.

    Args:
        table: what `read_table` made.
        pipeline: whose gate in gates/ the model must pass, or it fails here; it is registered as its model.
        alpha: weight of the penalty.
        l1_ratio: share of the absolute values in the penalty.
        model: model.onnx, and its coefficients as people read them.
        evaluation: regression.json with the metrics and the gate's checks.
        metrics: the same metrics for the Kubeflow dashboard.
    """
    from pathlib import Path

    from pylib.steps.regress_and_register import regress_and_register

    metrics.metadata.update(
        regress_and_register(
            Path(table.path),
            Path(model.path),
            Path(evaluation.path),
            pipeline=pipeline,
            alpha=alpha,
            l1_ratio=l1_ratio,
        )
    )
