"""Sprig's functions of whole numbers."""

import re
from typing import Any

from preflight.render.gotemplate.functions import function
from preflight.render.gotemplate.values import Long


def whole(value: Any) -> Long:
    """Sprig's toInt64: what is no number is 0."""
    if isinstance(value, str):
        return Long(value) if re.fullmatch(r"[-+]?\d+", value) else Long(0)
    return Long(value) if isinstance(value, int | float) else Long(0)


@function("any", names=("int",))
def to_int(value: Any) -> int:
    return int(whole(value))


function("any", names=("int64",))(whole)


@function("str")
def atoi(text: str) -> int:
    return int(whole(text))


@function("any*")
def add(*values: Any) -> Long:
    return Long(sum(map(whole, values)))


@function("any")
def add1(value: Any) -> Long:
    return Long(whole(value) + 1)


@function("any", "any")
def sub(one: Any, other: Any) -> Long:
    return Long(whole(one) - whole(other))


@function("any", "any*")
def mul(one: Any, *others: Any) -> Long:
    product = whole(one)
    for other in others:
        product = Long(product * whole(other))
    return product


@function("any", "any")
def div(one: Any, other: Any) -> Long:
    return Long(abs(whole(one)) // abs(whole(other)) * (1 if (whole(one) < 0) == (whole(other) < 0) else -1))


@function("any", "any")
def mod(one: Any, other: Any) -> Long:
    return Long(abs(whole(one)) % abs(whole(other)) * (-1 if whole(one) < 0 else 1))
