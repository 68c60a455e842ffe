"""The functions that text/template itself has."""

import re
from typing import Any
from urllib.parse import quote_plus

from preflight.render.gotemplate.functions import function
from preflight.render.gotemplate.values import NotKnownError, TemplateError, is_number, kind, shown, truth

VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<precision>\d+))?(?P<verb>.)", re.DOTALL)


@function("any")
def not_(value: Any) -> bool:
    return not truth(value)


@function("any")
def len_(value: Any) -> int:
    if not isinstance(value, str | list | tuple | dict):
        raise TemplateError(
            f"error calling len: len of {'nil pointer' if value is None else f'type {kind(value)}'}"
        )
    return len(value.encode()) if isinstance(value, str) else len(value)


@function("any", "any*")
def index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = _at(value, key)
    return value


def _at(value: Any, key: Any) -> Any:
    if value is None:
        raise TemplateError("error calling index: index of untyped nil")
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise TemplateError(f"error calling index: value has type {kind(key)}; should be string")
        return value.get(key)
    if not isinstance(value, str | list | tuple):
        raise TemplateError(f"error calling index: can't index item of type {kind(value)}")
    if not isinstance(key, int) or isinstance(key, bool):
        raise TemplateError(f"error calling index: cannot index slice/array with type {kind(key)}")
    items = value.encode() if isinstance(value, str) else value
    if not 0 <= key < len(items):
        raise TemplateError(f"error calling index: index out of range: {key}")
    return items[key]


def _comparable(one: Any, other: Any, *, ordered: bool = False) -> None:
    kinds = [_basic(each) for each in (one, other)]
    if "map" in kinds or "slice" in kinds:
        raise TemplateError("non-comparable type: " + kinds[0])
    if kinds[0] != kinds[1] and ("nil" not in kinds or ordered):
        raise TemplateError("incompatible types for comparison")


def _basic(value: Any) -> str:
    return "int" if kind(value) == "int64" else kind(value)


@function("any", "any*")
def eq(one: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("error calling eq: missing argument for comparison")
    for other in others:
        _comparable(one, other)
        if one == other:
            return True
    return False


@function("any", "any")
def ne(one: Any, other: Any) -> bool:
    return not eq(one, other)


@function("any", "any")
def lt(one: Any, other: Any) -> bool:
    _comparable(one, other, ordered=True)
    if isinstance(one, bool) or one is None:
        raise TemplateError("error calling lt: invalid type for comparison")
    return bool(one < other)


@function("any", "any")
def le(one: Any, other: Any) -> bool:
    return bool(lt(one, other) or eq(one, other))


@function("any", "any")
def gt(one: Any, other: Any) -> bool:
    return not le(one, other)


@function("any", "any")
def ge(one: Any, other: Any) -> bool:
    return not lt(one, other)


@function("any*")
def print_(*values: Any) -> str:
    """As fmt.Sprint: a space between two that are no strings."""
    text = ""
    for at, value in enumerate(values):
        apart = at and not isinstance(value, str) and not isinstance(values[at - 1], str)
        text += (" " if apart else "") + shown(value)
    return text


@function("any*")
def println(*values: Any) -> str:
    return " ".join(map(shown, values)) + "\n"


@function("any*")
def urlquery(*values: Any) -> str:
    return quote_plus(print_(*values), safe="-_.~")


@function("str", "any*")
def printf(pattern: str, *values: Any) -> str:
    left = list(values)
    text = VERB.sub(lambda match: "%" if match["verb"] == "%" else _verb(match, left), pattern)
    if left:
        raise NotKnownError(f"printf {pattern!r} with more values than it has verbs is not evaluated here")
    return text


def _verb(match: re.Match[str], left: list[Any]) -> str:
    if not left:
        raise NotKnownError(f"printf with fewer values than verbs ({match[0]}) is not evaluated here")
    text = _formatted(match["verb"], match["precision"], left.pop(0), match[0])
    width = int(match["width"] or 0)
    if "-" in match["flags"]:
        return text.ljust(width)
    return text.zfill(width) if "0" in match["flags"] else text.rjust(width)


def _formatted(verb: str, precision: str | None, value: Any, written: str) -> str:  # noqa: PLR0911
    whole = is_number(value) and isinstance(value, int)
    match verb:
        case "v" if precision is None:
            return shown(value)
        case "s" if isinstance(value, str):
            return value[: int(precision)] if precision else value
        case "q" if isinstance(value, str) and value.isascii() and value.isprintable():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case "d" if whole and precision is None:
            return str(value)
        case "x" if whole:
            return f"{value:x}"
        case "f" if isinstance(value, float):
            return f"{value:.{precision or 6}f}"
        case "t" if isinstance(value, bool):
            return shown(value)
    raise NotKnownError(f"printf's {written} of a {kind(value)} is not evaluated here")
