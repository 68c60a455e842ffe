"""Step "features": shards to the features of their images, which every head learns from."""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import need
from pylib.errors import ConfigurationError, ModelError
from pylib.models import weights_source
from pylib.models.backbones import find_backbone
from pylib.provenance.step import File, Input, Output, Result, Scratch, step
from pylib.records import first_error
from pylib.settings import settings
from pylib.tasks.task import find


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def features(
    shards: Input, features: Output, scratch: Scratch, *, weights: File, backbone: str, alpha: float
) -> Result:
    """Look at each image of all splits but the test, by the frozen backbone."""
    from pylib.data.shards import ShardIndex
    from pylib.features.extract import extract

    config = configuration(ShardIndex.read(shards).task, backbone, alpha)
    first = weights_source.fetched(weights, settings().store, scratch)
    made, computed = extract(shards, features, config, first, artifacts=settings().artifacts)
    return {"computed": computed, **{name: len(ids) for name, ids in made.ids.items()}}


def check_parameters(task: str, weights: str, backbone: str, alpha: float, image_size: int = 0) -> None:
    """What the step would say of its parameters, and of the side of the images to come where it is known."""
    weights_source.check(weights)
    find(task).features.check(configuration(task, backbone, alpha), weights)
    if image_size:
        find(task).records.check_image_size(image_size)  # the task says it better, and either may come first
        _check_size(backbone, image_size)


def check_data(index: DatasetIndex, weights: str, backbone: str, image_size: int = 0) -> str:
    """What the step would say of a data set, before anything runs.

    Returns what is no fault but will be: random weights tell little of real images.
    """
    need(index, "train", "validation")
    _check_size(backbone, image_size or find(index.task).records.natural_size(index))
    poor = "weights=none: the backbone's are random, and on real images quality will be poor; give imagenet"
    return poor if weights == "none" else ""


def _check_size(backbone: str, image_size: int) -> None:
    try:
        find_backbone(backbone).check_size(image_size)
    except ModelError as error:
        raise ConfigurationError(f"{error}; give a larger image_size, or another backbone") from error


def hyper_parameters(task: str) -> type[BaseModel]:
    """What names the network: choices and ranges."""
    return find(task).features.Config


def configuration(task: str, backbone: str, alpha: float) -> BaseModel:
    """The network's name, checked; raises ConfigurationError, one line."""
    try:
        return find(task).features.Config.model_validate({"backbone": backbone, "alpha": alpha})
    except ValidationError as error:
        place, _, reason = first_error(error, "").partition(": ")
        value = {"backbone": backbone, "alpha": alpha}.get(place)
        raise ConfigurationError(f"{place}={value!r}: {reason}") from error
