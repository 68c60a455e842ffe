"""Shards to a trained and exported model."""

from typing import Optional

from kfp.dsl import Artifact, Dataset, Input, Model, Output

from components import component


@component
def train(
    shards: Input[Dataset],
    model: Output[Model],
    weights: str = "none",
    encoder: Optional[str] = None,  # noqa: UP045  # KFP reads no `str | None`
    alpha: Optional[float] = None,  # noqa: UP045
    seed: int = 0,
    options: dict = {},  # type: ignore[type-arg]  # noqa: B006  # KFP knows no parameters of a dict
    search: dict = {},  # type: ignore[type-arg]  # noqa: B006
    optimal: Optional[Input[Artifact]] = None,  # noqa: UP045
) -> None:
    """Train the network of the data's task and export it.

    Args:
        shards: what `prepare` made; its train and validation splits are read.
        model: weights, specification, history, and model.onnx, which is what is served.
        weights: the network's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        encoder: mobilenet_v2 or vgg19; for tasks whose network has one.
        alpha: width multiplier of MobileNetV2; for tasks whose network has one.
        seed: of initial weights, order and augmentation.
        options: other hyper-parameters by name, such as {"epochs": 10}.
        search: which search found what is given, for the record: its experiment, sha256 and trial.
        optimal: what `search` found, which is given as if a person had.
    """
    from pathlib import Path

    from pylib.steps.train import searched, train

    given = {"encoder": encoder, "alpha": alpha, "seed": seed}
    train(
        Path(shards.path),
        Path(model.path),
        weights=weights,
        **searched(
            Path(optimal.path) if optimal else None,
            {name: value for name, value in given.items() if value is not None},
            options,
            search,
        ),
    )
