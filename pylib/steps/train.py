"""Step "train": shards to a trained and exported model."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pylib.errors import ConfigurationError
from pylib.provenance.step import File, Input, Output, Result, Scratch, step
from pylib.settings import settings
from pylib.store.artifacts import MODEL_FILE
from pylib.store.files import FileRef
from pylib.store.opening import open_store
from pylib.training.config import TrainingConfig, training_config

if TYPE_CHECKING:
    from pylib.models.encoders import Weights


@step(cached=True)
def train(
    shards: Input,
    model: Output,
    scratch: Scratch,
    *,
    weights: File,
    parameters: dict[str, Any],
    options: dict[str, Any],
) -> Result:
    """Train, then export what is served; `scratch` keeps the checkpoints that a second try goes on from.

    parameters: hyper-parameters that are parameters of the pipeline; options: the others
    """
    from pylib.data.shards import ShardIndex
    from pylib.serving.export import export_onnx
    from pylib.training.run import train as fit
    from pylib.training.tracking import tracking_uri

    index = ShardIndex.read(shards)
    config = configuration(index.task, parameters, options)
    output = settings().output
    trained = fit(
        shards,
        model,
        config,
        weights=_first(weights, scratch),
        scratch=scratch,
        tracking=tracking_uri(output),
    )
    digest = export_onnx(
        trained.model,
        model / MODEL_FILE,
        task=index.task,
        classes=index.classes,
        image_size=index.image_size,
    )
    _keep_logs(scratch, output / "tensorboard" / digest[:12])
    return {"model": digest, f"validation_{trained.score}": trained.best_score}


def configuration(task: str, parameters: dict[str, Any], options: dict[str, Any]) -> TrainingConfig:
    """One set of a task's hyper-parameters; a name that is given twice is refused, not silently overruled."""
    twice = sorted(parameters.keys() & options.keys())
    if twice:
        raise ConfigurationError(
            f"options: {', '.join(twice)} is a parameter of its own; give it as -p name=value"
        )
    return training_config(task, **parameters, **options)


def _first(weights: str, scratch: Path) -> "Weights":
    """`none`, `imagenet`, a file, or one of the store's, which is fetched."""
    if weights in {"none", "imagenet"}:
        return cast("Weights", weights)
    if FileRef.names(weights):
        return FileRef.parse(weights).fetch(open_store(settings().store), scratch)
    return Path(weights)


def _keep_logs(scratch: Path, target: Path) -> None:
    """Move TensorBoard's logs to where people look; the scratch folder goes when the step ends."""
    target.mkdir(parents=True, exist_ok=True)
    for log in (scratch / "tensorboard").rglob("events.*"):
        shutil.move(log, target / log.name)
