"""Values: text, as Katib hands them to a trial, and what they are as numbers."""

import math
from collections.abc import Mapping

from katib.experiment import Experiment, Parameter

Assignments = Mapping[str, str]
"""A trial's parameters: the text of each by its name."""
Typed = int | float | str


def typed(parameter: Parameter, text: str) -> Typed:
    """The value with its type; a discrete one is whole where it is written so."""
    if parameter.type == "double":
        return float(text)
    if parameter.type == "int":
        return int(text)
    if parameter.type == "discrete":
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    return text


def typed_all(experiment: Experiment, assignments: Assignments) -> dict[str, Typed]:
    """All of a trial's, in the order of the Experiment."""
    return {each.name: typed(each, assignments[each.name]) for each in experiment.parameters}


def written(parameter: Parameter, value: Typed) -> str:
    """A value as Katib writes it: a double as Python's repr, what is listed verbatim."""
    return repr(float(value)) if parameter.type == "double" else str(value)


def placed(parameter: Parameter, share: float) -> str:
    """The value at a share in [0,1] of the space: of its logarithm where it is logUniform, of its list."""
    if parameter.values:
        return parameter.values[min(int(share * len(parameter.values)), len(parameter.values) - 1)]
    low, high = float(parameter.number("min") or 0), float(parameter.number("max") or 0)
    step = float(parameter.number("step") or (1 if parameter.type == "int" else 0))
    if parameter.distribution == "logUniform":
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return str(round(value)) if parameter.type == "int" else repr(min(max(value, low), high))
    if step:
        count = int((high - low) / step + 1e-9) + 1
        value = low + step * min(int(share * count), count - 1)
    else:
        value = low + share * (high - low)
    return str(int(value)) if parameter.type == "int" else repr(value)
