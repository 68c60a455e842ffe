"""Shards to a trained and exported model."""

from kfp.dsl import Dataset, Input, Model, Output

from components import component


@component
def train(
    shards: Input[Dataset],
    weights: str,
    encoder: str,
    alpha: float,
    seed: int,
    options: dict,  # type: ignore[type-arg]  # KFP knows no parameters of a dict
    model: Output[Model],
) -> None:
    """Train a U-Net and export it.

    Args:
        shards: what `prepare` made; its train and validation splits are read.
        weights: the encoder's first weights: `none`, `imagenet`, a file, or repository@commit:path.
        encoder: mobilenet_v2 or vgg19.
        alpha: width multiplier of MobileNetV2.
        seed: of initial weights, order and augmentation.
        options: other fields of pylib's TrainingConfig by name, such as {"epochs": 10}.
        model: weights, specification, history, and model.onnx, which is what is served.
    """
    from pathlib import Path

    from pylib.steps.train import train

    train(
        Path(shards.path),
        Path(model.path),
        weights=weights,
        parameters={"encoder": encoder, "alpha": alpha, "seed": seed},
        options=options,
    )
