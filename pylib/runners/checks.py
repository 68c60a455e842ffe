"""Arguments of a pipeline, checked before anything runs: by name, by type, and by what the steps will say.

A step on a cluster would say the same, minutes later and three times over. Each check of values is the
step's own: the functions `check_parameters` and `check_data` of its module, found through the pipeline's
components.
"""

import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pylib.data.dataset import DatasetIndex
from pylib.errors import ConfigurationError, PipelineError, did_you_mean
from pylib.runners import components, pipelines
from pylib.runners.options import Option, described

Arguments = dict[str, Any]


def checked(pipeline: Any, given: Arguments) -> Arguments:
    """The arguments with each in its parameter's type; PipelineError or ConfigurationError, one line."""
    known = pipelines.parameters(pipeline)
    _names(pipeline, given, known)
    types = pipelines.types(pipeline)
    arguments = {name: _typed(name, value, types[name]) for name, value in given.items()}
    _gpus({**known, **arguments}.get("gpus", "0"))
    _loops(pipeline, {**known, **arguments})
    _values(pipeline, {**known, **arguments})
    return arguments


def read(pipeline: Any, given: Mapping[str, str]) -> Arguments:
    """Values as people write them: JSON where it is such, and text for a parameter that takes text."""
    types = pipelines.types(pipeline)
    return {name: _read(name, text, types.get(name, str)) for name, text in given.items()}


def _read(name: str, text: str, wanted: type) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> Arguments:
        keys = [key for key, _ in pairs]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise ConfigurationError(f"{name}: {twice[0]!r} is given twice in {text}")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=once)
    except ValueError:
        return text.split(",") if wanted is list else text
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


_WORDS = {
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list such as a,b",
    dict: 'an object such as {"epochs": 10}',
}


def _gpus(gpus: str) -> None:
    if not re.fullmatch(r"\d{1,3}", gpus):
        raise ConfigurationError(f"gpus={gpus!r}: it is not a whole number of GPUs; 0 trains on processors")


def _loops(pipeline: Any, arguments: Arguments) -> None:
    """A loop over nothing makes nothing for the steps after it, and one over equals makes a thing twice."""
    for loop in components.loops(pipeline).values():
        items = loop.items(arguments)
        if isinstance(loop.over, str) and loop.over in arguments and not items:
            raise ConfigurationError(f"{loop.over} is empty: name at least one")
        if twice := [item for item in items if items.count(item) > 1]:
            raise ConfigurationError(f"{loop.over}: {twice[0]!r} is named twice; name each once")


def _values(pipeline: Any, arguments: Arguments) -> None:
    _ask_steps(pipeline, "check_parameters", arguments, {})


def data(pipeline: Any, arguments: Arguments, index: DatasetIndex | None) -> list[str]:
    """Whether every step can do its work on the data; DataError or ConfigurationError, one line.

    `index` is that of a data set of images, for pipelines whose steps take one.

    Returns what a person should know all the same, a line each.
    """
    whole = {**pipelines.parameters(pipeline), **arguments}
    return _ask_steps(pipeline, "check_data", whole, {"index": index} if index else {})


def takes_images(pipeline: Any) -> bool:
    """Whether a step's check of the data asks for the index of a data set of images."""
    found = (getattr(_step(used.name), "check_data", None) for used in components.used(pipeline))
    return any("index" in inspect.signature(check).parameters for check in found if check)


def built_in(pipeline: Any) -> tuple[str, dict[str, bytes]] | None:
    """A repository and the files of its commit, where a step brings data of its own; None where none does."""
    found = (getattr(_step(used.name), "built_in", None) for used in components.used(pipeline))
    return next((make() for make in found if make), None)


def _ask_steps(pipeline: Any, function: str, arguments: Arguments, known: Arguments) -> list[str]:
    """Call that function of each step that has it, where all that it asks for is known before the run.

    What its component has no input for is what other steps are given by that name, such as the side of the
    images that an earlier one makes; where they are given several values, it is not known.
    """
    said: list[str] = []
    for used in components.used(pipeline):
        check = getattr(_step(used.name), function, None)
        if check is None:
            continue
        wanted = inspect.signature(check).parameters
        needed = {name for name, each in wanted.items() if each.default is inspect.Parameter.empty}
        others = _of_others(pipeline, used, arguments)
        for given in used.each(arguments):
            inputs = {"task": pipelines.task(pipeline), **others, **known, **given}
            if needed <= inputs.keys():
                with _named(used, given):
                    said.append(check(**{name: inputs[name] for name in wanted if name in inputs}) or "")
    return [line for line in said if line]


def _of_others(pipeline: Any, one: components.Used, arguments: Arguments) -> Arguments:
    found: dict[str, list[Any]] = {}
    for used in components.used(pipeline):
        for name, value in used.inputs(arguments).items():
            if name not in one.defined and value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


@contextmanager
def _named(used: components.Used, given: Arguments) -> Iterator[None]:
    """Say which of the pipeline's parameters an item of a loop is of, where a step refuses it."""
    loop = used.loop
    items = [repr(given[name]) for name, source in used.parameters.items() if loop and source == loop.item]
    try:
        yield
    except ConfigurationError as error:
        if loop and isinstance(loop.over, str) and any(item in str(error) for item in items):
            raise ConfigurationError(f"{loop.over}: {error}") from error
        raise


def limits(pipeline: Any) -> dict[str, str]:
    """The range, or the choices, of each of the pipeline's parameters whose step says such, as text."""
    return {
        parameter: said[name].limits
        for used, said in _hyper_parameters(pipeline)
        for name, parameter in used.parameters.items()
        if name in said
    }


def options(pipeline: Any) -> dict[str, list[Option]]:
    """What each of the pipeline's parameters may hold that takes hyper-parameters by name.

    Not those that are given to a step of it by another way.
    """
    own = {name for used in components.used(pipeline) for name in used.given}
    return {
        used.parameters["options"]: [each for name, each in said.items() if name not in own]
        for used, said in _hyper_parameters(pipeline)
        if "options" in used.parameters
    }


def _hyper_parameters(pipeline: Any) -> Iterator[tuple[components.Used, dict[str, Option]]]:
    for used in components.used(pipeline):
        if of := getattr(_step(used.name), "hyper_parameters", None):
            yield used, described(of(pipelines.task(pipeline)))


def _step(component: str) -> ModuleType | None:
    """The module of the step that a component calls, by the component's name; None where it calls none."""
    name = f"pylib.steps.{component}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
