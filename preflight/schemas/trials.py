"""The object that a Katib trial makes, as it would be with sample values: it is checked like any other."""

import re
from collections.abc import Mapping
from typing import Any

from preflight.render.pods import value_at
from preflight.render.resources import Body

FIELD = "spec.trialTemplate.trialSpec"
PLACEHOLDER = re.compile(r"\$\{trialParameters\.(.+?)\}")


def sample(experiment: Body) -> Any:
    """The trial's object with a value in each placeholder's place; None where the Experiment has none."""
    spaces = {
        str(parameter.get("name")): parameter.get("feasibleSpace") or {}
        for parameter in value_at(experiment, "spec.parameters") or []
    }
    values = {
        str(entry.get("name")): _value(spaces.get(str(entry.get("reference")), {}))
        for entry in value_at(experiment, "spec.trialTemplate.trialParameters") or []
    }
    return _filled(value_at(experiment, FIELD), values)


def _value(space: Body) -> str:
    """The first value of a list, the least of a range; what Katib tells of the trial itself is text."""
    listed = space.get("list") or []
    return str(listed[0] if listed else space.get("min", "trial"))


def _filled(body: Any, values: Mapping[str, str]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(below, values) for key, below in body.items()}
    if isinstance(body, list):
        return [_filled(below, values) for below in body]
    if isinstance(body, str):
        return PLACEHOLDER.sub(lambda match: values.get(match[1], "trial"), body)
    return body
