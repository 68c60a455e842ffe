"""A model on the test split: metrics, the report that people read, the gate's decision."""

from kfp.dsl import HTML, Artifact, Dataset, Input, Metrics, Model, Output

from components import component


@component
def evaluate(
    shards: Input[Dataset],
    model: Input[Model],
    pipeline: str,
    evaluation: Output[Artifact],
    metrics: Output[Metrics],
    report: Output[HTML],
    champion: str = "",
    robustness: bool = False,
    notebook: bool = False,
) -> None:
    """Evaluate the exported model on images that nothing has looked at before.

    Args:
        shards: what `prepare` made; its test split is read.
        model: what `train` made.
        pipeline: whose gate in gates/ the model is held against.
        evaluation: evaluation.json with metrics, parity and the gate's checks, and report.html.
        metrics: the same metrics for the Kubeflow dashboard.
        report: the same report for the Kubeflow dashboard.
        champion: digest of the released model that it is set beside; empty for none.
        robustness: whether it is also judged on images that were attacked, corrupted and flipped.
        notebook: whether the report is notebooks/report.ipynb, run, and not the page alone.
    """
    from pathlib import Path

    from pylib.steps.evaluate import evaluate_and_show

    metrics.metadata.update(
        evaluate_and_show(
            Path(shards.path),
            Path(model.path),
            Path(evaluation.path),
            html=Path(report.path),
            pipeline=pipeline,
            champion=champion,
            robustness=robustness,
            notebook=notebook,
        )
    )
