"""What a template may call: functions by name, with Go's types for their arguments.

A function is registered with the types of its arguments; Go's own conversions are few, so a float where an
int is asked for is an error, as there. A last type with a star takes any number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from preflight.render.gotemplate.names import SPRIG
from preflight.render.gotemplate.nodes import Branch, Function, Inner, Node, Pipe, Print
from preflight.render.gotemplate.values import Long, NotKnownError, TemplateError, kind

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "map": (dict,),
    "list": (list, tuple),
}
GO_NAMES = {"str": "string", "float": "float64", "map": "map[string]interface {}", "list": "[]interface {}"}


@dataclass(frozen=True)
class _Known:
    run: Callable[..., Any]
    types: tuple[str, ...]


KNOWN: dict[str, _Known] = {}


def function(*types: str, names: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function under its own name without a last underscore, or under others."""

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        for name in names or (run.__name__.strip("_"),):
            KNOWN[name] = _Known(run, types)
        return run

    return register


def call(name: str, arguments: list[Any]) -> Any:
    """The function's value. Raises TemplateError, as Go does, where an argument is none of its type."""
    known = KNOWN[name]
    _count(name, known.types, len(arguments))
    for expected, argument in zip(_expected(known.types, len(arguments)), arguments, strict=True):
        _suits(name, expected, argument)
    try:
        return known.run(*arguments)
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        raise TemplateError(f"error calling {name}: {error}") from error


def check(nodes: tuple[Node, ...]) -> None:
    """Every function that is named, called or not: Go looks for them when it parses."""
    for name in _named(nodes):
        if name in KNOWN or name in {"and", "or"}:
            continue
        if name in SPRIG:
            raise NotKnownError(f"the template function {name} is not evaluated here")
        raise TemplateError(f'function "{name}" not defined')


def _named(nodes: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Print | Branch):
            yield from _in_pipe(node.pipe)
        if isinstance(node, Branch):
            yield from _named(node.then)
            yield from _named(node.otherwise)


def _in_pipe(pipe: Pipe) -> Iterator[str]:
    for command in pipe.commands:
        for operand in command:
            if isinstance(operand, Function):
                yield operand.name
            elif isinstance(operand, Inner):
                yield from _in_pipe(operand.pipe)


def _count(name: str, types: tuple[str, ...], given: int) -> None:
    variadic = bool(types) and types[-1].endswith("*")
    least = len(types) - variadic
    if given < least or (given > least and not variadic):
        at_least = "at least " if variadic else ""
        raise TemplateError(f"wrong number of args for {name}: want {at_least}{least} got {given}")


def _expected(types: tuple[str, ...], given: int) -> list[str]:
    fixed = [each for each in types if not each.endswith("*")]
    return fixed + [types[-1].removesuffix("*")] * (given - len(fixed)) if types else []


def _suits(name: str, expected: str, argument: Any) -> None:
    if expected == "any":
        return
    told = GO_NAMES.get(expected, expected)
    if argument is None:
        raise TemplateError(f"invalid value; {name} expects {told}")
    fits = isinstance(argument, TYPES[expected]) and type(argument) is not Long
    if not fits or (expected != "bool" and isinstance(argument, bool)):
        raise TemplateError(f"wrong type for value; {name} expects {told}; got {kind(argument)}")
