"""Shards to features: a frozen backbone looks at each image once, and every head learns from what it saw."""

from kfp.dsl import Dataset, Input, Output

from components import component


@component
def features(
    shards: Input[Dataset],
    features: Output[Dataset],
    weights: str = "none",
    backbone: str = "mobilenet_v2",
    alpha: float = 0.35,
) -> None:
    """Compute the features of the train, validation and calibration splits; those of known images are kept.

    Args:
        shards: what `prepare` made.
        features: float32 features and targets by split, and which row is which image.
        weights: the backbone's: `none`, `imagenet`, a file, or repository@commit:path.
        backbone: a network of keras.applications by its name here, such as mobilenet_v2.
        alpha: width multiplier of MobileNetV2.
    """
    from pathlib import Path

    from pylib.steps.features import features as compute

    compute(Path(shards.path), Path(features.path), weights=weights, backbone=backbone, alpha=alpha)
