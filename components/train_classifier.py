"""Shards of labelled images to a trained and exported classifier."""

from kfp.dsl import Dataset, Input, Model, Output

from components import component


@component
def train_classifier(
    shards: Input[Dataset],
    model: Output[Model],
    weights: str = "none",
    backbone: str = "mobilenet_v2",
    alpha: float = 0.35,
    seed: int = 0,
    options: dict = {},  # type: ignore[type-arg]  # noqa: B006  # KFP knows no parameters of a dict
) -> None:
    """Train a classifier and export it.

    Args:
        shards: what `prepare` made; its train and validation splits are read.
        model: weights, specification, history, and model.onnx, which is what is served.
        weights: the backbone's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        backbone: a network of keras.applications by its name here, such as mobilenet_v2.
        alpha: width multiplier of MobileNetV2.
        seed: of initial weights, order and augmentation.
        options: other hyper-parameters by name, such as {"epochs": 10}.
    """
    from pathlib import Path

    from pylib.steps.train import train

    train(
        Path(shards.path),
        Path(model.path),
        weights=weights,
        parameters={"backbone": backbone, "alpha": alpha, "seed": seed},
        options=options,
    )
