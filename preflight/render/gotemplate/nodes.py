"""What a template is made of, once it is parsed."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Literal:
    """A string, a number, true, false or nil."""

    value: Any


@dataclass(frozen=True)
class Dot:
    """The data at hand, or a field of it: `.`, `.path.basename`."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Variable:
    """`$`, `$name`, or a field of one."""

    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Function:
    """A function by its name."""

    name: str


@dataclass(frozen=True)
class Inner:
    """A pipeline in parentheses, or a field of what it gives."""

    pipe: "Pipe"
    names: tuple[str, ...] = ()


Operand = Literal | Dot | Variable | Function | Inner


@dataclass(frozen=True)
class Pipe:
    """Commands, each of which gives its value to the next as the last argument.

    variables: what it is assigned to; declares: whether those are new
    """

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True)
class Text:
    """What is copied."""

    text: str


@dataclass(frozen=True)
class Print:
    """A pipeline whose value is printed, unless it is assigned."""

    pipe: Pipe


@dataclass(frozen=True)
class Branch:
    """`if`, `with` or `range`, what it does and what it does otherwise."""

    word: str
    pipe: Pipe
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]


@dataclass(frozen=True)
class Leave:
    """`break` or `continue`."""

    word: str


Node = Text | Print | Branch | Leave
