"""Step "train": shards to a trained and exported model."""

from pathlib import Path
from typing import Any

from pylib.provenance.step import File, Input, Output, Result, Scratch, step


@step(cached=True)
def train(
    shards: Input,
    model: Output,
    scratch: Scratch,
    *,
    weights: File,
    encoder: str,
    alpha: float,
    seed: int,
    options: dict[str, Any],
) -> Result:
    """Train, then export what is served; `scratch` keeps the checkpoints that a second try goes on from."""
    from pylib.data.shards import ShardIndex
    from pylib.models.storage import load_model
    from pylib.serving.export import export_onnx
    from pylib.training.config import training_config
    from pylib.training.run import train as fit

    config = training_config(encoder=encoder, alpha=alpha, seed=seed, **options)
    first = weights if weights in {"none", "imagenet"} else Path(weights)
    trained = fit(shards, model, config, weights=first, scratch=scratch)
    index = ShardIndex.read(shards)
    digest = export_onnx(
        load_model(model), model / "model.onnx", classes=index.classes, image_size=index.image_size
    )
    return {"model": digest, "validation_mean_iou": trained.best_mean_iou}
