"""What a trial of ours does: learns with the hyper-parameters that it is given, and reports by validation.

It prints `name=value` lines, which Katib's collector finds, one for each epoch; the test split is never read.
"""

import json
import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pylib.errors import ConfigurationError, ModelError
from pylib.models import weights_source
from pylib.models.heads.spec import Value
from pylib.records import first_error
from pylib.settings import settings
from pylib.sweeps.locking import held

if TYPE_CHECKING:
    from pylib.training.config import TrainingConfig

HEAD = "head"
_FOUND = re.compile(r"[\w-]+", re.ASCII)
_OF_FEATURES = ("backbone", "alpha")


def learn(task: str, shards: Path, scratch: Path, given: Mapping[str, str], *, weights: str) -> None:
    """Train the task's network; where `head` is given, fit that head on features instead.

    given: hyper-parameters by name, as text; of heads NAME.PARAMETER, of which other heads' are left alone
    scratch: where a killed trial finds its checkpoint
    Raises ConfigurationError, DataError or ModelError, the last where a score is not finite.
    """
    fetched = weights_source.fetched(weights, settings().store, scratch)
    if HEAD in given:
        _fit(task, shards, scratch, given, fetched)
    else:
        _train(task, shards, scratch, given, fetched)


def check(task: str, given: Mapping[str, str]) -> None:
    """Raise ConfigurationError for hyper-parameters that `learn` would refuse; no data is looked at."""
    if HEAD in given:
        _own(given)
        _network(task, given)
    else:
        _configuration(task, given)


def _configuration(task: str, given: Mapping[str, str]) -> "TrainingConfig":
    from pylib.training.config import training_config

    return training_config(task, **{name: options(text) for name, text in given.items()})


def _network(task: str, given: Mapping[str, str]) -> Any:
    """The network whose features a head learns from."""
    from pylib.tasks.task import find

    chosen = {key: given[key] for key in _OF_FEATURES if key in given}
    try:
        return find(task).features.Config.model_validate(chosen)
    except ValidationError as error:
        raise ConfigurationError(first_error(error)) from error


def _own(given: Mapping[str, str]) -> tuple[int, dict[str, Value]]:
    """The seed, and the parameters of the head itself; ConfigurationError for what no head has."""
    _refuse_unknown(given)
    if not given.get("seed", "0").isdecimal():
        raise ConfigurationError(f"seed={given['seed']}: it is no whole number from 0")
    name = given[HEAD]
    own = {key.partition(".")[2]: _value(text) for key, text in given.items() if key.startswith(f"{name}.")}
    return int(given.get("seed", "0")), own


def _train(
    task: str, shards: Path, scratch: Path, given: Mapping[str, str], weights: weights_source.Weights
) -> None:
    from pylib.training.run import train

    config = _configuration(task, given)
    shutil.rmtree(scratch / "model", ignore_errors=True)
    trained = train(shards, scratch / "model", config, weights=weights, scratch=scratch, listen=report)
    trained.dismiss()
    best = f"best epoch {trained.best_epoch + 1} of {trained.epochs}"
    print(f"{best}; trained for {trained.seconds:.2f} s", flush=True)  # noqa: T201


def _fit(
    task: str, shards: Path, scratch: Path, given: Mapping[str, str], weights: weights_source.Weights
) -> None:
    from pylib.features.extract import extract
    from pylib.heads.fit import fit_head

    name, (seed, own) = given[HEAD], _own(given)
    config = _network(task, given)
    for made in (scratch / "features", scratch / "head"):
        shutil.rmtree(made, ignore_errors=True)
    (scratch / "head").mkdir()
    with held(settings().output / ".features.lock"):  # of two trials at once, one computes and one finds
        extract(shards, scratch / "features", config, weights, artifacts=settings().artifacts)
    fitted = fit_head(scratch / "features", name, scratch / "head", seed=seed, parameters=own)
    report({"macro_f1": fitted.macro_f1, "accuracy": fitted.accuracy})


def _refuse_unknown(given: Mapping[str, str]) -> None:
    from pylib.heads.table import HEADS, find_head

    find_head(given[HEAD])
    for key in set(given) - {HEAD, "seed", *_OF_FEATURES}:
        head, dot, parameter = key.partition(".")
        if not dot or head not in HEADS:
            raise ConfigurationError(f"{key}: of a head, give NAME.PARAMETER=VALUE, such as logistic.C=0.1")
        find_head(head).with_parameters({parameter: 0})


def report(entry: Mapping[str, float]) -> None:
    """Print metrics as Katib's collector reads them; ModelError where one is no finite number.

    Katib would take `nan` for an empty value, and the trial for the best.
    """
    found = {name: float(value) for name, value in entry.items() if _FOUND.fullmatch(name)}
    for name, value in found.items():
        if not math.isfinite(value):
            raise ModelError(f"{name} is {value}: this trial has no score; lower learning_rate")
    print(" ".join(f"{name}={value!r}" for name, value in found.items()), flush=True)  # noqa: T201


def options(text: str) -> str | list[str]:
    """A value as a configuration takes it: with commas it is a list."""
    return text.split(",") if "," in text else text


def _value(text: str) -> Value:
    """A head's parameter: a number where it is one."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float) and not isinstance(found, bool) else text
