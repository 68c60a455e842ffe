"""Go's values as templates see them: how they are printed, what is true, what is empty.

Numbers from YAML and JSON are floats, as in Go; those written in a template are whole numbers.
"""

import math
from typing import Any

from preflight.errors import ClusterError

# The powers of ten between which a float is printed without an exponent.
_SMALLEST, _LARGEST = -4, 6


class TemplateError(ClusterError):
    """What Go's template engine refuses."""


class NotKnownError(ClusterError):
    """What Go may know, and this evaluator does not."""


class Long(int):
    """Go's int64, which is no int: a function that takes an int refuses it."""


def go_data(value: Any) -> Any:
    """YAML's data as Go has it after JSON: every number is a float."""
    if isinstance(value, dict):
        return {str(key): go_data(each) for key, each in value.items()}
    if isinstance(value, list):
        return [go_data(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def kind(value: Any) -> str:
    """The value's type, by Go's name for it."""
    if value is None:
        return "nil"
    names = {bool: "bool", Long: "int64", int: "int", float: "float64", str: "string", dict: "map"}
    return names.get(type(value), "slice")


def shown(value: Any) -> str:
    """A value as `%v` prints it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(shown, value))}]"
    return "<nil>" if value is None else str(value)


def printed(value: Any) -> str:
    """A value as an action of a template prints it: nothing at all has a name of its own there."""
    return "<no value>" if value is None else shown(value)


def number(value: float) -> str:
    """A float as Go's `%v`: the shortest that reads back, with an exponent from 1e+06 on or below 1e-04.

    Source: strconv/ftoa.go, the verb g with the shortest precision.
    """
    if math.isinf(value) or math.isnan(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    digits, exponent = _shortest(value)
    if not _SMALLEST <= exponent < _LARGEST:
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{'-' if value < 0 else ''}{mantissa}e{exponent:+03d}"
    return f"{value:.{max(len(digits) - 1 - exponent, 0)}f}"


def _shortest(value: float) -> tuple[str, int]:
    """The fewest digits that read back as the value, and the power of ten of the first."""
    mantissa, _, power = f"{abs(value):.17e}".partition("e")
    for precision in range(17):
        text = f"{abs(value):.{precision}e}"
        if float(text) == abs(value):
            mantissa, _, power = text.partition("e")
            break
    return mantissa.replace(".", ""), int(power)


def truth(value: Any) -> bool:
    """Whether `if` takes the value: what is not zero, not empty and there."""
    return bool(value)


def is_number(value: Any) -> bool:
    """Whether it is a number; true and false are none in Go."""
    return isinstance(value, int | float) and not isinstance(value, bool)
