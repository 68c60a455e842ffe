"""A search, of which the step after it trains with the best parameters; it waits, and its trials work."""

from kfp.dsl import Artifact, Output

from components import component


@component
def search(
    data: str, sweep: str, optimal: Output[Artifact], weights: str = "none", image_size: int = 0
) -> None:
    """Search for hyper-parameters: on a cluster as an Experiment of Katib, on a laptop in processes.

    Args:
        data: repository@commit in the versioned store, which every trial learns from.
        sweep: a file of pipelines/sweeps by its name, without `.yaml`.
        optimal: optimal.json, the best trial and its parameters.
        weights: first weights: `none`, `imagenet`, a file, or repository@commit:path.
        image_size: side of the square that the pipeline learns from; trials must learn from the same.
    """
    from pathlib import Path

    from pylib.steps.search import check_parameters, file_of, search

    check_parameters(sweep=sweep, image_size=int(image_size))
    search(Path(optimal.path), experiment=str(file_of(sweep)), data=data, weights=weights)
