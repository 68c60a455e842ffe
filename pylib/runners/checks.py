"""Arguments of a pipeline, checked before anything runs: by name, by type, and by what the steps will say.

A step on a cluster would say the same, minutes later and three times over. Each check is the step's own.
"""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pylib.errors import ConfigurationError, PipelineError
from pylib.runners import pipelines
from pylib.steps.prepare import check_image_size
from pylib.steps.train import configuration
from pylib.store.files import FileRef
from pylib.store.protocol import CommitRef
from pylib.tasks import task

Arguments = dict[str, Any]


def checked(pipeline: Any, given: Arguments) -> Arguments:
    """The arguments with each in its parameter's type; PipelineError or ConfigurationError, one line."""
    known = pipelines.parameters(pipeline)
    for name in given:
        if name not in known:
            raise PipelineError(
                f"pipeline {pipeline.name}: no parameter {name!r}; it has: {', '.join(known)}"
            )
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in given:
            raise PipelineError(f"pipeline {pipeline.name}: {name!r} is required; give --{name}")
    types = {p.name: p.annotation for p in inspect.signature(pipeline.pipeline_func).parameters.values()}
    arguments = {name: _typed(name, value, types[name]) for name, value in given.items()}
    _values({**known, **arguments})
    return arguments


def _typed(name: str, value: Any, wanted: type) -> Any:
    """A value as its parameter takes it: a number is text where text is asked, 1 a float, 96.0 whole."""
    if wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ConfigurationError(f"{name}={value!r}: it is not {_WORDS.get(wanted, wanted.__name__)}")
    return value


_WORDS = {int: "a whole number", float: "a number", str: "text", dict: 'an object such as {"epochs": 10}'}


def _values(arguments: Arguments) -> None:
    for names, check in _CHECKS.items():
        if set(names) <= arguments.keys():
            check(*(arguments[name] for name in names))


def _data(data: str) -> None:
    CommitRef.parse(data)


def _gpus(gpus: str) -> None:
    if not re.fullmatch(r"\d{1,3}", gpus):
        raise ConfigurationError(f"gpus={gpus!r}: it is not a whole number of GPUs; 0 trains on processors")


def _weights(weights: str) -> None:
    if "@" in weights and not Path(weights).exists():
        FileRef.parse(weights)


def _training(weights: str, encoder: str, alpha: float, seed: int, options: Arguments) -> None:
    config = configuration(task.DEFAULT, {"encoder": encoder, "alpha": alpha, "seed": seed}, options)
    task.find(task.DEFAULT).network.check_weights(config, weights)


_CHECKS: dict[tuple[str, ...], Callable[..., None]] = {
    ("data",): _data,
    ("image_size",): check_image_size,
    ("gpus",): _gpus,
    ("weights",): _weights,
    ("weights", "encoder", "alpha", "seed", "options"): _training,
}
