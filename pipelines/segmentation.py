"""Images and masks to a released segmentation model: prepare, train, evaluate, release.

    pylib run segmentation --data sample@master                      on this machine
    pylib run segmentation --data pets@master --weights imagenet     with pretrained weights
    pylib run segmentation --data pets@master --cluster              on Kubeflow Pipelines

Four steps and not more, because a step costs 13 to 20 s on a cluster before our code begins. Requests are
what the steps took at most on the sample and on 399 pets at 160 pixels, rounded up: prepare 0.16 GB, train
1.6 GB, evaluate 1.2 GB.
"""

from typing import Any

from kfp import dsl

from components.evaluate import evaluate
from components.prepare import prepare
from components.release import release
from components.train import train
from pipelines.placement import allocate, logs_runs, on_gpus, reads_data, releases, uses_models

NAME = TASK = "segmentation"
"""What is judged and served under this name; the task whose data it takes."""


def prepared(data: Any, image_size: Any) -> Any:
    """The shards of a data commit."""
    task = prepare(data=data, image_size=image_size)
    allocate(task, cpu="250m", memory="512Mi", memory_limit="8Gi", hours=2)
    reads_data(task)
    return task.outputs["shards"]


def learns(task: dsl.PipelineTask, gpus: Any) -> None:
    """Where a network is trained."""
    allocate(task, cpu="500m", memory="2Gi", memory_limit="16Gi", hours=12, retries=2)
    on_gpus(task, gpus)
    reads_data(task)
    logs_runs(task)


def judge_and_release(
    shards: Any, trained: dsl.PipelineTask, *, data: Any, champion: Any, robustness: Any, notebook: Any
) -> None:
    """Judge what was trained, and release it where the gate lets it pass."""
    evaluated = evaluate(
        shards=shards,
        model=trained.outputs["model"],
        pipeline=NAME,
        champion=champion,
        robustness=robustness,
        notebook=notebook,
    )
    allocate(evaluated, cpu="250m", memory="1536Mi", memory_limit="8Gi", hours=2)
    uses_models(evaluated)
    released = release(
        model=trained.outputs["model"],
        evaluation=evaluated.outputs["evaluation"],
        data=data,
        pipeline=NAME,
    )
    allocate(released, cpu="100m", memory="512Mi", memory_limit="2Gi", hours=0.5, retries=0, cached=False)
    releases(released)
    logs_runs(released)


@dsl.pipeline(name=NAME, description="Images and masks to a released U-Net")
def segmentation(
    data: str,
    weights: str = "none",
    encoder: str = "mobilenet_v2",
    alpha: float = 0.35,
    image_size: int = 0,
    seed: int = 0,
    gpus: str = "0",
    champion: str = "",
    robustness: bool = False,
    notebook: bool = False,
    options: dict = {},  # type: ignore[type-arg]  # noqa: B006 (KFP reads the default, nothing changes it)
    search: dict = {},  # type: ignore[type-arg]  # noqa: B006
) -> None:
    """Train, judge and release.

    Args:
        data: repository@commit in the versioned store; `pylib run` takes a branch as well.
        weights: the encoder's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        encoder: mobilenet_v2 or vgg19.
        alpha: width multiplier of MobileNetV2.
        image_size: side of the square to learn from, 32 to 1024 by 32; 0: the images' own, at most 160.
        seed: of initial weights, order and augmentation.
        gpus: how many GPUs train on a cluster, a whole number; `pylib run` takes the cluster's own.
        champion: digest of a released model that must be beaten to be released, or `served`: what Git serves.
        robustness: also judge it on images that were attacked, corrupted and flipped; takes longer.
        notebook: make the report of notebooks/report.ipynb, which is kept beside it with its outputs.
        options: other hyper-parameters by name, such as {"epochs": 10}.
        search: which search found them, as the command that `pylib sweep run` prints says; for the record.
    """
    shards = prepared(data, image_size)
    trained = train(
        shards=shards,
        weights=weights,
        encoder=encoder,
        alpha=alpha,
        seed=seed,
        options=options,
        search=search,
    )
    learns(trained, gpus)
    judge_and_release(shards, trained, data=data, champion=champion, robustness=robustness, notebook=notebook)
