"""The points of a grid, with Katib's own rounding.

Source: `pkg/suggestion/v1beta1/internal/search_space.py` (convert_to_combinations).
"""

import math
from decimal import Decimal

from katib.experiment import NUMBERS, Parameter

MANY = 1_000_000  # points of one parameter, beyond which rounding does not matter


def combinations(parameter: Parameter) -> int | None:
    """How many values a grid has of a parameter; None where its space cannot be read."""
    if parameter.type not in NUMBERS:
        return len(parameter.values)
    low, high = parameter.number("min"), parameter.number("max")
    step = parameter.number("step") or (Decimal(1) if parameter.type == "int" else None)
    if low is None or high is None or not step or step < 0 or high < low:
        return None
    points = int((high - low) // step) + 1
    return points if parameter.type == "int" or points > MANY else _rounded(low, high, step)


def points(parameter: Parameter) -> list[str]:
    """The values of a parameter, as Katib writes them; its space can be read."""
    if parameter.type not in NUMBERS:
        return parameter.values
    low, step = parameter.number("min") or Decimal(0), parameter.number("step") or Decimal(1)
    count = combinations(parameter) or 0
    if parameter.type == "int":
        return [str(int(low + step * place)) for place in range(count)]
    first, width = float(low), (float(low) + float(step)) - float(low)  # numpy.arange's own
    return [repr(first + place * width) for place in range(count)]


def _rounded(low: Decimal, high: Decimal, step: Decimal) -> int:
    """As Katib counts them, in binary floating point: 0.1 to 0.7 by 0.2 are three, not four."""
    first, end = float(low), float(high) + float(step)
    count = math.ceil((end - first) / float(step))  # numpy.arange's own count and, below, its last point
    last = first + (count - 1) * ((first + float(step)) - first)
    return count - int(last > float(high))
