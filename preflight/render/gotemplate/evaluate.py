"""A parsed template put to work on data, as text/template's exec.go does it."""

from collections.abc import Iterator
from typing import Any

from preflight.render.gotemplate import arithmetic, builtin, collections, encoding, functions, strings  # noqa: F401
from preflight.render.gotemplate.nodes import (
    Branch,
    Dot,
    Function,
    Inner,
    Leave,
    Literal,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
)
from preflight.render.gotemplate.parser import parse
from preflight.render.gotemplate.values import TemplateError, is_number, kind, printed, truth

Scope = dict[str, list[Any]]


def render(text: str, data: Any, *, missing_is_error: bool = False) -> str:
    """The text that a template makes of data.

    missing_is_error: the option `missingkey=error`. Raises TemplateError and NotKnownError.
    """
    nodes = parse(text)
    functions.check(nodes)
    return "".join(_Run(missing_is_error).walk(nodes, data, {"$": [data]}))


class _LeaveError(Exception):
    """A `break` or `continue` on its way to its range."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class _Run:
    def __init__(self, missing_is_error: bool) -> None:
        self.strict = missing_is_error

    def walk(self, nodes: tuple[Node, ...], dot: Any, scope: Scope) -> Iterator[str]:
        scope = dict(scope)
        for node in nodes:
            if isinstance(node, Text):
                yield node.text
            elif isinstance(node, Branch):
                yield from self.branch(node, dot, dict(scope))
            elif isinstance(node, Leave):
                raise _LeaveError(node.word)
            else:
                value = self.pipe(node.pipe, dot, scope)
                if not node.pipe.variables:
                    yield printed(value)

    def branch(self, node: Branch, dot: Any, scope: Scope) -> Iterator[str]:
        if node.word == "range":
            yield from self.range(node, dot, scope)
            return
        value = self.pipe(node.pipe, dot, scope)
        if truth(value):
            yield from self.walk(node.then, value if node.word == "with" else dot, scope)
        else:
            yield from self.walk(node.otherwise, dot, scope)

    def range(self, node: Branch, dot: Any, scope: Scope) -> Iterator[str]:
        value = self.pipe(Pipe(node.pipe.commands), dot, scope)
        pairs = _pairs(value)
        if not pairs:
            yield from self.walk(node.otherwise, dot, scope)
        for key, each in pairs:
            inner = dict(scope)
            names = node.pipe.variables
            for name, item in zip(names, (key, each) if len(names) > 1 else (each,), strict=False):
                inner[name] = [item]
            try:
                yield from self.walk(node.then, each, inner)
            except _LeaveError as left:
                if left.word == "break":
                    return

    def pipe(self, pipe: Pipe, dot: Any, scope: Scope) -> Any:
        value = self.command(pipe.commands[0], dot, scope, ())
        for command in pipe.commands[1:]:
            value = self.command(command, dot, scope, (value,))
        for name in pipe.variables:
            if pipe.declares:
                scope[name] = [value]
            else:
                _cell(scope, name)[0] = value
        return value

    def command(self, operands: tuple[Operand, ...], dot: Any, scope: Scope, final: tuple[Any, ...]) -> Any:
        first, rest = operands[0], operands[1:]
        if not isinstance(first, Function):
            if rest or final:
                raise TemplateError(f"can't give argument to non-function {first}")
            return self.operand(first, dot, scope)
        if first.name in {"and", "or"}:
            return self.shortened(first.name == "or", (*rest, *map(Literal, final)), dot, scope)
        arguments = [self.operand(each, dot, scope) for each in rest]
        return functions.call(first.name, [*arguments, *final])

    def shortened(self, until: bool, operands: tuple[Operand, ...], dot: Any, scope: Scope) -> Any:
        """`and` and `or`: the first value that decides, or the last."""
        value: Any = None
        for each in operands:
            value = self.operand(each, dot, scope)
            if truth(value) is until:
                break
        return value

    def operand(self, operand: Operand, dot: Any, scope: Scope) -> Any:
        match operand:
            case Literal():
                return operand.value
            case Dot():
                return self.fields(dot, operand.names)
            case Variable():
                return self.fields(_cell(scope, operand.name)[0], operand.names)
            case Inner():
                return self.fields(self.pipe(operand.pipe, dot, scope), operand.names)
            case Function():
                return functions.call(operand.name, [])

    def fields(self, value: Any, names: tuple[str, ...]) -> Any:
        """A field of a field; what is missing is nothing, or an error where the option says so."""
        missed = False
        for name in names:
            if isinstance(value, dict):
                missed = name not in value
                if missed and self.strict:
                    raise TemplateError(f'map has no entry for key "{name}"')
                value = value.get(name)
            elif value is None and missed:
                continue
            elif value is None:
                raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
            else:
                raise TemplateError(f"can't evaluate field {name} in type {kind(value)}")
        return value


def _cell(scope: Scope, name: str) -> list[Any]:
    if name not in scope:
        raise TemplateError(f'undefined variable "{name}"')
    return scope[name]


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """What a range goes through: indexes and items, or keys in order and values; a number counts up to it."""
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    if is_number(value) and isinstance(value, int):
        return [(index, index) for index in range(value)]
    if value is None:
        return []
    raise TemplateError(f"range can't iterate over {printed(value)}")
