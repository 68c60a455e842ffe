"""Amounts of resources by name, and how the API server adds and compares them."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any

from preflight.quantities import STANDARD, quantity

Amounts = dict[str, Decimal]
MILLI = Decimal("0.001")


def amounts(written: Any) -> Amounts:
    """What a mapping of names to quantities says; what is no quantity is left to the schemas."""
    told = {str(name): quantity(value) for name, value in (written or {}).items()}
    return {name: value for name, value in told.items() if value is not None}


def added(*every: Amounts) -> Amounts:
    """The sum, by name."""
    return {name: sum((each.get(name, Decimal(0)) for each in every), Decimal(0)) for name in _names(every)}


def largest(*every: Amounts) -> Amounts:
    """The largest of each name."""
    return {name: max(each[name] for each in every if name in each) for name in _names(every)}


def times(number: int, each: Amounts) -> Amounts:
    """So many of the same."""
    return {name: number * value for name, value in each.items()}


def milli(value: Decimal) -> Decimal:
    """As a limit range compares: in thousandths, rounded up."""
    return value.quantize(MILLI, rounding=ROUND_CEILING)


def overcommitted(name: str) -> bool:
    """Whether a limit may exceed the request: not of devices and huge pages."""
    return name in STANDARD or ("/" not in name and not name.startswith("hugepages-"))


def plain(value: Decimal, name: str) -> str:
    """As people write it: memory in the largest unit that leaves a short number, others as they are."""
    if "memory" in name or "storage" in name:
        for unit, power in (("Gi", 3), ("Mi", 2), ("Ki", 1)):
            share = value / Decimal(1024) ** power
            if share >= 1:
                return f"{float(share):.4g}{unit}"
    return f"{value.normalize():f}"


def _names(every: Iterable[Amounts]) -> list[str]:
    return list(dict.fromkeys(name for each in every for name in each))
