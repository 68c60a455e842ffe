"""The promotion: a Git commit that changes the served model, if the gate lets it through."""

from kfp.dsl import Artifact, Input, Model, Output

from components import component


@component
def release(
    model: Input[Model], evaluation: Input[Artifact], data: str, pipeline: str, released: Output[Artifact]
) -> None:
    """Upload the model under its digest and commit that digest to the SeldonDeployment that serves it.

    Args:
        model: what `train` made.
        evaluation: what `evaluate` made of it; a model that failed the gate fails here.
        data: repository@commit that the model learned from.
        pipeline: under whose name the model is served.
        released: release.json with the digest and the Git commit.
    """
    from pathlib import Path

    from pylib.steps.release import release

    release(Path(model.path), Path(evaluation.path), Path(released.path), data=data, pipeline=pipeline)
