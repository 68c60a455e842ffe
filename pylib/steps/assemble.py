"""Step "assemble": fitted heads to one calibrated and exported model."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import scarce
from pylib.errors import ConfigurationError
from pylib.heads.table import find_head
from pylib.models import weights_source
from pylib.provenance.step import File, Input, Inputs, Output, Result, Scratch, step
from pylib.settings import settings
from pylib.steps.train import configuration
from pylib.tasks.task import find
from pylib.training.config import TrainingConfig


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def assemble(
    shards: Input,
    features: Input,
    heads: Inputs,
    model: Output,
    scratch: Scratch,
    *,
    weights: File,
    target_precision: float,
    fine_tune: int,
    seed: int,
    options: dict[str, Any],
    search: dict[str, Any] = {},  # noqa: ARG001, B006 (it is for the record)
) -> Result:
    """Choose among the heads, calibrate and export; returns the model's digest and the validation figures.

    search: which search found the head, for the record; empty where a person chose
    """
    from pylib.heads.assembly import assemble as put_together
    from pylib.heads.fine_tuning import FineTuning
    from pylib.training.tracking import tracking_uri

    then = "fine-tunes, calibrates" if fine_tune else "calibrates"
    print(f"chooses among {len(heads)} heads, {then}, exports and asks the export", flush=True)  # noqa: T201
    values = {"seed": seed, **options}
    tuning = FineTuning(fine_tune, values, scratch, tracking_uri(settings().output)) if fine_tune else None
    made = put_together(
        shards,
        features,
        heads,
        model,
        weights=weights_source.fetched(weights, settings().store, scratch),
        target_precision=target_precision,
        tuning=tuning,
    )
    for note in made.notes:
        print(note, flush=True)  # noqa: T201
    best = made.leaderboard.rows[0]
    return {"model": made.digest, "head": best.head, "validation_macro_f1": best.macro_f1}


def check_parameters(
    task: str,
    heads: list[str],
    target_precision: float,
    fine_tune: int,
    seed: int,
    options: dict[str, Any],
    backbone: str | None = None,
    alpha: float | None = None,
    search: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """What the step would say of its parameters and of the heads to come, before anything runs.

    backbone, alpha: those of the features, where they are known
    """
    from pylib.sweeps.optimal import check_origin

    check_origin(search)
    if not 0 <= target_precision <= 1:
        raise ConfigurationError(
            f"target_precision={target_precision}: it is a share of answers; give 0 to 1 (0: none is unsure)"
        )
    if fine_tune < 0:
        raise ConfigurationError(f"fine_tune={fine_tune}: give a number of blocks, or 0 for none")
    if fine_tune and heads and not any(find_head(name).kind == "dense" for name in heads):
        raise ConfigurationError(
            f"fine_tune={fine_tune}: only a dense head learns on with its backbone, and there are "
            f"{', '.join(heads)}; add dense to heads"
        )
    if options and not fine_tune:
        raise ConfigurationError(
            f"options: {', '.join(sorted(options))} are of fine-tuning, and fine_tune is 0; "
            "give a number of blocks as well"
        )
    network = _network(task, backbone, alpha)
    configuration(task, {**network.model_dump(), "seed": seed, "fine_tune": fine_tune}, options)


def _network(task: str, backbone: str | None, alpha: float | None) -> BaseModel:
    """That of the features; the default one where it is unknown, or wrong, which `features` says."""
    config = find(task).features.Config
    given = {name: each for name, each in (("backbone", backbone), ("alpha", alpha)) if each is not None}
    try:
        return config.model_validate(given)
    except ValidationError:
        return config()


def check_data(index: DatasetIndex) -> str:
    """What is no fault of a data set but will be: classes of which there is hardly an image."""
    return scarce(index, "train", "validation", "test")


def hyper_parameters(task: str) -> type[TrainingConfig]:
    """What `options` may be."""
    return find(task).network.Config
