"""Placeholders: what Katib puts in their place, as plain text in the template's JSON.

Source: `pkg/controller.v1beta1/experiment/manifest/generator.go` and `pkg/controller.v1beta1/consts`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from katib.experiment import Body, Experiment, value_at

PLACEHOLDER = re.compile(r"\$\{trialParameters\.(.+?)\}")
META = re.compile(
    r"\$\{trialSpec\.(?P<what>Name|Namespace|Kind|APIVersion|(?P<map>Labels|Annotations)\[(?P<key>.+)\])\}"
)


class SubstitutionError(Exception):
    """A reference that nothing answers, or a value that breaks the JSON it is put into; one line."""


def trial_object(experiment: Experiment, trial: str, assignments: Mapping[str, str]) -> Body:
    """The object that a trial makes: placeholders replaced, and the trial's name and namespace put in.

    trial: the trial's name; assignments: value by parameter, as text
    Raises SubstitutionError.
    """
    text = json.dumps(experiment.trial)
    for name, value in _values(experiment, trial, assignments).items():
        text = text.replace(f"${{trialParameters.{name}}}", value)
    try:
        made: Body = json.loads(text)
    except ValueError as error:
        raise SubstitutionError(f"a value breaks the JSON of the trial's object ({error})") from error
    told = {"name": trial, "namespace": experiment.namespace}
    return {**made, "metadata": {**(made.get("metadata") or {}), **told}}


def _values(experiment: Experiment, trial: str, assignments: Mapping[str, str]) -> dict[str, str]:
    """The value of each trial parameter by its name."""
    values, referred = {}, set()
    for entry in experiment.template.get("trialParameters") or []:
        name, reference = str(entry.get("name")), str(entry.get("reference"))
        if match := META.fullmatch(reference):
            values[name] = _meta(experiment, trial, match)
        elif reference in assignments:
            values[name] = assignments[reference]
            referred.add(reference)
        else:
            raise SubstitutionError(f"trial parameter {name}: there is no parameter {reference}")
    if missing := sorted(set(assignments) - referred):
        raise SubstitutionError(f"no trial parameter refers to {', '.join(missing)}")
    return values


def _meta(experiment: Experiment, trial: str, match: re.Match[str]) -> str:
    if match["map"]:
        found = (value_at(experiment.trial, f"metadata.{match['map'].lower()}") or {}).get(match["key"])
        if found is None:
            raise SubstitutionError(f"the trial's object has no {match['map'].lower()} {match['key']}")
        return str(found)
    told = {
        "Name": trial,
        "Namespace": experiment.namespace,
        "Kind": str(experiment.trial.get("kind", "")),
        "APIVersion": str(experiment.trial.get("apiVersion", "")),
    }
    return told[match["what"]]


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
    return _filled(value_at(experiment, "spec.trialTemplate.trialSpec"), values)


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
