"""A pipeline's parameters on the command line: as options of their own, and as `-p name=value`.

All are taken as text here, so that both ways are read, converted and refused by the same code.
"""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar, cast

import typer
from rich.markup import escape
from typer.core import TyperCommand

from pylib.errors import PipelineError

Command = TypeVar("Command", bound=TyperCommand)
PARAMETER = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", "-p", metavar="NAME=VALUE", help="a parameter by name, as JSON or as text; repeatable"
    ),
]
_METAVARS = {str: "TEXT", int: "INTEGER", float: "NUMBER", bool: "true|false", dict: "JSON", list: "JSON"}


def pairs(given: Iterable[str]) -> dict[str, str]:
    """What `-p name=value` gave; PipelineError for another form."""
    found: dict[str, str] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise PipelineError(f"--parameter {item!r}: not name=value")
        if name in found:
            raise PipelineError(f"{name} is given twice: -p {name}={found[name]}, -p {item}")
        found[name] = value
    return found


def together(given: Iterable[str], own: Mapping[str, str | None]) -> dict[str, str]:
    """Both ways in one; PipelineError for a parameter that is given in both."""
    options = {name: value for name, value in own.items() if value is not None}
    texts = pairs(given)
    if twice := sorted(options.keys() & texts.keys()):
        name = twice[0]
        raise PipelineError(f"{name} is given twice: --{flag(name)} {options[name]}, -p {name}={texts[name]}")
    return options | texts


def flag(parameter: str) -> str:
    """The name of a parameter's option, without its dashes."""
    return parameter.replace("_", "-")


def options(pipeline: Any) -> list[inspect.Parameter]:
    """An option for each of the pipeline's parameters: type, range, default and what its docstring says."""
    from pylib.runners import checks, pipelines

    described, limits = pipelines.described(pipeline), checks.limits(pipeline)
    types = pipelines.types(pipeline)
    return [
        _option(name, types[name], default, described.get(name, ""), limits.get(name, ""))
        for name, default in pipelines.parameters(pipeline).items()
    ]


def _option(name: str, wanted: type, default: Any, described: str, limits: str) -> inspect.Parameter:
    required = default is inspect.Parameter.empty
    shown = default if isinstance(default, str) or required else json.dumps(default)
    parts = [described, f"({limits})" if limits else "", "(required)" if required else ""]
    info = typer.Option(
        f"--{flag(name)}",
        metavar=_METAVARS.get(wanted, "TEXT"),
        help=escape(" ".join(part for part in parts if part)),
        show_default=False if required else shown or "empty",
        rich_help_panel="Parameters",
    )
    annotation = Annotated[str | None, info]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def command(
    name: str, function: Callable[..., None], own: list[inspect.Parameter], *, cls: type[Command]
) -> Command:
    """A command of a function whose `**` takes the options that a pipeline adds, which come first."""
    signature = inspect.signature(function)
    general = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    general = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in general]
    function.__signature__ = signature.replace(parameters=[*own, *general])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name, cls=cls)(function)
    return cast("Command", typer.main.get_command(app))
