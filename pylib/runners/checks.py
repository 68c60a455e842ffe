"""Arguments of a pipeline, checked before anything runs: by name, by type, and by what the steps will say.

A step on a cluster would say the same, minutes later and three times over. Each check of values is the
step's own: the function `check_parameters` of its module, found through the pipeline's components.
"""

import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from pylib.errors import ConfigurationError, PipelineError, did_you_mean
from pylib.runners import components, pipelines

Arguments = dict[str, Any]


def checked(pipeline: Any, given: Arguments) -> Arguments:
    """The arguments with each in its parameter's type; PipelineError or ConfigurationError, one line."""
    known = pipelines.parameters(pipeline)
    _names(pipeline, given, known)
    types = pipelines.types(pipeline)
    arguments = {name: _typed(name, value, types[name]) for name, value in given.items()}
    _gpus({**known, **arguments}.get("gpus", "0"))
    _values(pipeline, {**known, **arguments})
    return arguments


def read(pipeline: Any, given: Mapping[str, str]) -> Arguments:
    """Values as people write them: JSON where it is such, and text for a parameter that takes text."""
    types = pipelines.types(pipeline)
    return {name: _read(text, types.get(name, str)) for name, text in given.items()}


def _read(text: str, wanted: type) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if wanted is str and not isinstance(value, str) else value


def _names(pipeline: Any, given: Iterable[str], known: Arguments) -> None:
    for name in given:
        if name not in known:
            has = did_you_mean(name, known) or f"it has: {', '.join(known)}"
            raise PipelineError(f"pipeline {pipeline.name}: no parameter {name!r}; {has}")
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in given:
            raise PipelineError(f"pipeline {pipeline.name}: {name!r} is required; give --{name}")


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


def _gpus(gpus: str) -> None:
    if not re.fullmatch(r"\d{1,3}", gpus):
        raise ConfigurationError(f"gpus={gpus!r}: it is not a whole number of GPUs; 0 trains on processors")


def _values(pipeline: Any, arguments: Arguments) -> None:
    for used in components.used(pipeline):
        check = getattr(_step(used.name), "check_parameters", None)
        if check is None:
            continue
        inputs = {"task": pipelines.task(pipeline), **used.inputs(arguments)}
        wanted = inspect.signature(check).parameters
        if wanted.keys() <= inputs.keys():
            check(**{name: inputs[name] for name in wanted})


def limits(pipeline: Any) -> dict[str, str]:
    """The range, or the choices, of each of the pipeline's parameters whose step says such, as text."""
    found: dict[str, str] = {}
    for used in components.used(pipeline):
        if of := getattr(_step(used.name), "limits", None):
            said = of(pipelines.task(pipeline))
            found |= {parameter: said[name] for name, parameter in used.parameters.items() if name in said}
    return found


def _step(component: str) -> ModuleType | None:
    """The module of the step that a component calls, by the component's name; None where it calls none."""
    name = f"pylib.steps.{component}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
