"""Images and labels to a released classifier: features once, heads side by side, the best of them served.

    pylib run classification --data inks@master                          on this machine
    pylib run classification --data trashnet@master --weights imagenet   with pretrained weights
    pylib run classification --data trashnet@master --cluster            on Kubeflow Pipelines

Features are computed once, so a head costs seconds; on a cluster each is a task of its own, all at once.
"""

from typing import List  # noqa: UP035  # KFP reads no `list[str]`

from kfp import dsl

from components.assemble import assemble
from components.evaluate import evaluate
from components.features import features as compute_features
from components.fit_head import fit_head
from components.prepare import prepare
from components.release import release
from pipelines.placement import (
    allocate,
    keeps_features,
    logs_runs,
    on_gpus,
    reads_data,
    releases,
    uses_models,
)

NAME = TASK = "classification"
"""What is judged and served under this name; the task whose data it takes."""


@dsl.pipeline(name=NAME, description="Images and labels to a released classifier")
def classification(
    data: str,
    weights: str = "none",
    backbone: str = "mobilenet_v2",
    alpha: float = 0.35,
    image_size: int = 0,
    heads: List[str] = ["logistic", "dense", "boosting", "svm", "knn_7", "knn_3"],  # noqa: B006, UP006
    target_precision: float = 0.95,
    fine_tune: int = 0,
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
        weights: the backbone's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        backbone: a network of keras.applications by its name here.
        alpha: width multiplier of MobileNetV2.
        image_size: side of the square to learn from, 32 to 1024 pixels; 0: 224, or small images' own.
        heads: what is fitted on the features, of which the best is served.
        target_precision: share of right answers among those that are not unsure; 0: no answer is unsure.
        fine_tune: how many of the backbone's last blocks learn further with a dense head; 0: none.
        seed: of folds, first weights, order and augmentation.
        gpus: how many GPUs train on a cluster, a whole number; `pylib run` takes the cluster's own.
        champion: digest of a released model that must be beaten to be released, or `served`: what Git serves.
        robustness: also judge it on images that were attacked, corrupted and flipped; takes longer.
        notebook: make the report of notebooks/report.ipynb, which is kept beside it with its outputs.
        options: other hyper-parameters of fine-tuning by name, such as {"epochs": 5}.
        search: which search found the head, as the command of `pylib sweep run` says; for the record.
    """
    prepared = prepare(data=data, image_size=image_size)
    allocate(prepared, cpu="250m", memory="512Mi", memory_limit="8Gi", hours=2)
    reads_data(prepared)
    computed = compute_features(
        shards=prepared.outputs["shards"], weights=weights, backbone=backbone, alpha=alpha
    )
    allocate(computed, cpu="500m", memory="1536Mi", memory_limit="16Gi", hours=6)
    on_gpus(computed, gpus)
    keeps_features(computed)
    with dsl.ParallelFor(heads) as name:
        fitted = fit_head(features=computed.outputs["features"], name=name, seed=seed)
        allocate(fitted, cpu="250m", memory="1Gi", memory_limit="8Gi", hours=2)
    assembled = assemble(
        shards=prepared.outputs["shards"],
        features=computed.outputs["features"],
        heads=dsl.Collected(fitted.outputs["head"]),
        weights=weights,
        target_precision=target_precision,
        fine_tune=fine_tune,
        seed=seed,
        options=options,
        search=search,
    )
    allocate(assembled, cpu="500m", memory="2Gi", memory_limit="16Gi", hours=12, retries=2)
    on_gpus(assembled, gpus)
    reads_data(assembled)
    logs_runs(assembled)
    model = assembled.outputs["model"]
    evaluated = evaluate(
        shards=prepared.outputs["shards"],
        model=model,
        pipeline=NAME,
        champion=champion,
        robustness=robustness,
        notebook=notebook,
    )
    allocate(evaluated, cpu="250m", memory="1536Mi", memory_limit="8Gi", hours=2)
    uses_models(evaluated)
    released = release(model=model, evaluation=evaluated.outputs["evaluation"], data=data, pipeline=NAME)
    allocate(released, cpu="100m", memory="512Mi", memory_limit="2Gi", hours=0.5, retries=0, cached=False)
    releases(released)
    logs_runs(released)
