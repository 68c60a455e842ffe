"""Step "train" for a classifier: what is said of its parameters before anything runs."""

from typing import Any

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import scarce
from pylib.models import weights_source
from pylib.steps import train
from pylib.steps.train import configuration, hyper_parameters
from pylib.tasks.task import find

__all__ = ["check_data", "check_parameters", "hyper_parameters"]


def check_parameters(
    task: str, weights: str, backbone: str, alpha: float, seed: int, options: dict[str, Any]
) -> None:
    """What the step would say of its parameters, before anything runs."""
    weights_source.check(weights)
    config = configuration(task, {"backbone": backbone, "alpha": alpha, "seed": seed}, options)
    find(task).network.check_weights(config, weights)


def check_data(index: DatasetIndex) -> str:
    """What the step would say of a data set, before anything runs.

    Returns what is no fault but will be: classes of which there is hardly an image.
    """
    train.check_data(index)
    return scarce(index, "train", "validation", "test")
