"""Step "train": shards to a trained and exported model."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pylib.data.dataset import DatasetIndex
from pylib.data.needs import need
from pylib.errors import ConfigurationError
from pylib.models import weights_source
from pylib.provenance.step import File, Input, Output, Result, Scratch, step
from pylib.settings import settings
from pylib.store.artifacts import MODEL_FILE
from pylib.tasks.task import find
from pylib.training.config import TrainingConfig, training_config

if TYPE_CHECKING:
    import keras

    from pylib.data.shards import ShardIndex
    from pylib.training.run import TrainingResult


def _task(*, shards: Path, **_: object) -> str:
    from pylib.data.shards import ShardIndex

    return ShardIndex.read(shards).task


@step(cached=True, task=_task)
def train(
    shards: Input,
    model: Output,
    scratch: Scratch,
    *,
    weights: File,
    parameters: dict[str, Any],
    options: dict[str, Any],
    search: dict[str, Any] = {},  # noqa: ARG001, B006 (it is for the record)
) -> Result:
    """Train, then export what is served; `scratch` keeps the checkpoints that a second try goes on from.

    parameters: hyper-parameters that are parameters of the pipeline; options: the others
    search: which search they are of, for the record; empty where a person gave them
    """
    from pylib.data.shards import ShardIndex

    index = ShardIndex.read(shards)
    trained = _fitted(shards, model, scratch, configuration(index.task, parameters, options), weights)
    digest = _exported(_calibrated(shards, model, trained), model / MODEL_FILE, index)
    _keep_logs(scratch, settings().output / "tensorboard" / digest[:12])
    trained.dismiss()
    return {"model": digest, f"validation_{trained.score}": trained.best_score}


def _fitted(
    shards: Path, model: Path, scratch: Path, config: TrainingConfig, weights: str
) -> "TrainingResult":
    """Train from the first weights of that name, and log the run where the settings say."""
    from pylib.training.run import train as fit
    from pylib.training.tracking import tracking_uri

    first = weights_source.fetched(weights, settings().store, scratch)
    return fit(
        shards, model, config, weights=first, scratch=scratch, tracking=tracking_uri(settings().output)
    )


def _exported(served: "keras.Model", file: Path, index: "ShardIndex") -> str:
    """Write what is served; returns its digest."""
    from pylib.serving.export import export_onnx

    return export_onnx(
        served,
        file,
        task=index.task,
        classes=index.classes,
        image_size=index.image_size,
        sample_bits=index.sample_bits,
    )


def _calibrated(shards: Path, folder: Path, trained: "TrainingResult") -> "keras.Model":
    """Put the calibration that is best on the calibration split into the model and its folder.

    A task without classes has no confidence to calibrate.
    """
    from pylib.calibration.choice import choose
    from pylib.calibration.decisions import decided
    from pylib.calibration.record import FILE
    from pylib.kernels import held
    from pylib.models.storage import save_model

    if not trained.spec.classes:
        return trained.model
    network = find(trained.spec.task).network
    decisions = decided(shards, network.trained_part(trained.model))
    with held():
        found = choose(decisions)
    model, spec = network.calibrated(trained.model, trained.spec, found.calibration)
    save_model(model, spec, folder)
    (folder / FILE).write_bytes(found.dumps())
    return model


def searched(
    optimal: Path | None,
    parameters: dict[str, Any],
    options: dict[str, Any],
    search: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """What `train` is given: hyper-parameters, and where a search found some of them, those and its record.

    search: which one found those that are given, as the command that `pylib sweep run` prints says it
    What all trials had alike, such as few epochs, a person may say otherwise.
    Raises ConfigurationError where a person and the search both say one; SweepError.
    """
    from pylib.sweeps import training
    from pylib.sweeps.optimal import FILE, Optimal

    if optimal is None:
        return {"parameters": parameters, "options": options, "search": dict(search)}
    found = Optimal.model_validate_json((optimal / FILE).read_bytes())
    own, others = training.hyper_parameters(found)
    differs = set(found.searched or found.parameters)
    if twice := sorted(differs & (options.keys() | parameters.keys() - {"seed"})):
        raise ConfigurationError(f"options: {', '.join(twice)} is what the search {found.experiment} is for")
    best = {name: value for name, value in own.items() if name in differs}
    origin = found.origin.model_dump()
    return {"parameters": own | parameters | best, "options": others | options, "search": origin}


def check_parameters(
    task: str,
    weights: str,
    encoder: str | None,
    alpha: float | None,
    seed: int,
    options: dict[str, Any],
    search: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """What the step would say of its parameters, before anything runs."""
    from pylib.sweeps.optimal import check_origin

    check_origin(search)
    weights_source.check(weights)
    given = {"encoder": encoder, "alpha": alpha, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    find(task).network.check_weights(configuration(task, given, options), weights)


def check_data(index: DatasetIndex) -> None:
    """What the step would say of a data set, before anything runs."""
    need(index, "train", "validation")


def hyper_parameters(task: str) -> type[TrainingConfig]:
    """What `parameters` and `options` may be, together."""
    return find(task).network.Config


def configuration(task: str, parameters: dict[str, Any], options: dict[str, Any]) -> TrainingConfig:
    """One set of a task's hyper-parameters; a name that is given twice is refused, not silently overruled."""
    twice = sorted(parameters.keys() & options.keys())
    if twice:
        raise ConfigurationError(
            f"options: {', '.join(twice)} is a parameter of its own; give it as -p name=value"
        )
    return training_config(task, **parameters, **options)


def _keep_logs(scratch: Path, target: Path) -> None:
    """Move TensorBoard's logs to where people look; the scratch folder goes when the step ends."""
    from pylib.training.mlflow_log import warn

    try:
        target.mkdir(parents=True, exist_ok=True)
        for log in (scratch / "tensorboard").rglob("events.*"):
            shutil.move(log, target / log.name)
    except OSError as error:  # the model is there, and matters more
        warn(f"TensorBoard's log cannot be kept in {target} ({error.strerror or error})")
