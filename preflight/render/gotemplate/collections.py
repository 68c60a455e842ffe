"""Sprig's functions of lists and maps, and of what is empty."""

from typing import Any

from preflight.render.gotemplate.functions import function
from preflight.render.gotemplate.strings import strval
from preflight.render.gotemplate.values import Long, TemplateError, truth

FEWEST_DUG = 3


@function("any", "any*")
def default(fallback: Any, *given: Any) -> Any:
    return given[0] if given and truth(given[0]) else fallback


@function("any")
def empty(value: Any) -> bool:
    return not truth(value)


@function("any*")
def coalesce(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


@function("any", "any", "bool")
def ternary(one: Any, other: Any, condition: bool) -> Any:
    return one if condition else other


@function("any*", names=("all",))
def all_(*values: Any) -> bool:
    return all(map(truth, values))


@function("any*", names=("any",))
def any_(*values: Any) -> bool:
    return any(map(truth, values))


@function("any*", names=("list", "tuple"))
def list_(*values: Any) -> list[Any]:
    return list(values)


@function("any*", names=("dict",))
def dict_(*pairs: Any) -> dict[str, Any]:
    padded = [*pairs, *([""] if len(pairs) % 2 else [])]
    return {strval(padded[at]): padded[at + 1] for at in range(0, len(padded), 2)}


@function("map", "str")
def get(held: dict[str, Any], key: str) -> Any:
    return held.get(key, "")


@function("map", "str", "any", names=("set",))
def set_(held: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    held[key] = value
    return held


@function("map", "str")
def unset(held: dict[str, Any], key: str) -> dict[str, Any]:
    held.pop(key, None)
    return held


@function("map", "str", names=("hasKey",))
def has_key(held: dict[str, Any], key: str) -> bool:
    return key in held


@function("map", "str*")
def pick(held: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: held[key] for key in keys if key in held}


@function("map", "str*")
def omit(held: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in held.items() if key not in keys}


@function("map", "map*", names=("merge", "mustMerge"))
def merge(first: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """Into the first, what it lacks."""
    for other in others:
        merged(first, other)
    return first


@function("map", "map*", names=("mergeOverwrite", "mustMergeOverwrite"))
def merge_overwrite(first: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    for other in others:
        merged(first, other, over=True)
    return first


def merged(into: dict[str, Any], other: dict[str, Any], *, over: bool = False) -> dict[str, Any]:
    """`other` in `into`, map by map, as Go's mergo does it: what is empty there never wins.

    over: whether what is in both becomes the other's
    """
    for key, value in other.items():
        held = into.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            merged(held, value, over=over)
        elif not truth(held) or (over and truth(value)):
            into[key] = value
    return into


@function("any*")
def dig(*arguments: Any) -> Any:
    """Keys, what is taken where one is missing, and the map."""
    if len(arguments) < FEWEST_DUG:
        raise TemplateError("error calling dig: dig needs at least three arguments")
    *keys, fallback, held = arguments
    for key in keys:
        if not isinstance(held, dict):
            raise TemplateError("error calling dig: it met what is no map")
        if key not in held:
            return fallback
        held = held[key]
    return held


@function("str", "any")
def join(mark: str, values: Any) -> str:
    items = values if isinstance(values, list | tuple) else [] if values is None else [values]
    return mark.join(strval(value) for value in items if value is not None)


@function("any", names=("toStrings",))
def to_strings(values: Any) -> list[str]:
    return [strval(value) for value in values if value is not None]


@function("any", "list")
def has(value: Any, held: list[Any]) -> bool:
    return any(value == each and type(value) is type(each) for each in held)


@function("list")
def first(held: list[Any]) -> Any:
    return held[0] if held else None


@function("list")
def last(held: list[Any]) -> Any:
    return held[-1] if held else None


@function("list")
def rest(held: list[Any]) -> Any:
    return list(held[1:])


@function("list")
def initial(held: list[Any]) -> Any:
    return list(held[:-1])


@function("list")
def reverse(held: list[Any]) -> list[Any]:
    return list(reversed(held))


@function("list")
def uniq(held: list[Any]) -> list[Any]:
    return [value for at, value in enumerate(held) if value not in held[:at]]


@function("list")
def compact(held: list[Any]) -> list[Any]:
    return [value for value in held if truth(value)]


@function("list", "any*")
def without(held: list[Any], *values: Any) -> list[Any]:
    return [value for value in held if value not in values]


@function("list", "any", names=("append", "push", "mustAppend", "mustPush"))
def append(held: list[Any], value: Any) -> list[Any]:
    return [*held, value]


@function("list", "any", names=("prepend", "mustPrepend"))
def prepend(held: list[Any], value: Any) -> list[Any]:
    return [value, *held]


@function("list*")
def concat(*lists: list[Any]) -> list[Any]:
    return [value for each in lists for value in each]


@function("any", names=("sortAlpha",))
def sort_alpha(held: Any) -> list[str]:
    return sorted(to_strings(held)) if isinstance(held, list | tuple) else [strval(held)]


@function("int")
def until(count: int) -> list[int]:
    return list(range(count))


@function("list", "any*", names=("slice", "mustSlice"))
def slice_(held: list[Any], *bounds: Any) -> list[Any]:
    start, end = [*map(int, bounds), *(0, len(held))[len(bounds) :]][:2]
    if not 0 <= start <= end <= len(held):
        raise TemplateError("error calling slice: slice bounds out of range")
    return list(held[start:end])


@function("map*")
def keys(*held: dict[str, Any]) -> list[str]:
    """Go gives them in no order; here they are sorted, so that a check says the same each time."""
    return sorted(key for each in held for key in each)


@function("any", "any*", names=("max", "biggest"))
def max_(*values: Any) -> Long:
    return Long(max(int(value) for value in values))


@function("any", "any*", names=("min",))
def min_(*values: Any) -> Long:
    return Long(min(int(value) for value in values))
