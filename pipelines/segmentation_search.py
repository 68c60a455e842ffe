"""The same as `segmentation`, with a search for hyper-parameters before it trains.

    pylib run segmentation_search --data sample@master -p sweep=smoke -p image_size=64   on this machine
    pylib run segmentation_search --data pets@master --weights imagenet --cluster       as Katib's Experiment

A pipeline of its own, because a condition within the other one would cost each of its runs two more pods,
10 s each, to find out that nothing is searched. The step `search` waits, on the smallest share of a node,
while the trials work on nodes of their own; started again it follows the Experiment that is there.
"""

from kfp import dsl

from components.search import search
from components.train import train
from pipelines.placement import allocate, reads_data, searches
from pipelines.segmentation import NAME, TASK, judge_and_release, learns, prepared

__all__ = ["NAME", "TASK", "segmentation_search"]


@dsl.pipeline(name="segmentation-search", description="A search, then images and masks to a released U-Net")
def segmentation_search(
    data: str,
    sweep: str = "segmentation",
    weights: str = "none",
    image_size: int = 0,
    seed: int = 0,
    gpus: str = "0",
    champion: str = "",
    robustness: bool = False,
    notebook: bool = False,
    options: dict = {},  # type: ignore[type-arg]  # noqa: B006 (KFP reads the default, nothing changes it)
) -> None:
    """Search, train with what was found, judge and release.

    Args:
        data: repository@commit in the versioned store; `pylib run` takes a branch as well.
        sweep: a file of pipelines/sweeps by its name, without `.yaml`.
        weights: the encoder's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        image_size: side of the square to learn from, 32 to 1024 by 32, as the trials' `--image-size`.
        seed: of initial weights, order and augmentation, of the model that is judged.
        gpus: how many GPUs train on a cluster, a whole number; trials get what the cluster's settings say.
        champion: digest of a released model that must be beaten to be released, or `served`: what Git serves.
        robustness: also judge it on images that were attacked, corrupted and flipped; takes longer.
        notebook: make the report of notebooks/report.ipynb, which is kept beside it with its outputs.
        options: other hyper-parameters by name that are not searched for, such as {"epochs": 10}.
    """
    shards = prepared(data, image_size)
    found = search(data=data, sweep=sweep, weights=weights, image_size=image_size)
    allocate(found, cpu="50m", memory="256Mi", memory_limit="2Gi", hours=24, retries=2, cached=False)
    reads_data(found)
    searches(found)
    trained = train(
        shards=shards, weights=weights, seed=seed, options=options, optimal=found.outputs["optimal"]
    )
    learns(trained, gpus)
    judge_and_release(shards, trained, data=data, champion=champion, robustness=robustness, notebook=notebook)
