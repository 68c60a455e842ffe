"""What a trial of ours does: learns with the hyper-parameters that it is given, and reports by validation.

It prints `name=value` lines, which Katib's collector finds, one for each epoch; the test split is never read.
"""

import json
import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from pylib.errors import ConfigurationError, ModelError
from pylib.models import weights_source
from pylib.models.heads.spec import Value
from pylib.settings import settings
from pylib.sweeps.locking import held

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


def _train(
    task: str, shards: Path, scratch: Path, given: Mapping[str, str], weights: weights_source.Weights
) -> None:
    from pylib.training.config import training_config
    from pylib.training.run import train

    config = training_config(task, **{name: options(text) for name, text in given.items()})
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
    from pylib.tasks.task import find

    name, seed = given[HEAD], int(given.get("seed", "0"))
    chosen = {key: given[key] for key in _OF_FEATURES if key in given}
    own = {key.partition(".")[2]: _value(text) for key, text in given.items() if key.startswith(f"{name}.")}
    _refuse_unknown(given)
    for made in (scratch / "features", scratch / "head"):
        shutil.rmtree(made, ignore_errors=True)
    (scratch / "head").mkdir()
    with held(settings().output / ".features.lock"):  # of two trials at once, one computes and one finds
        config = find(task).features.Config.model_validate(chosen)
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
