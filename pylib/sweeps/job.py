"""What a trial's Job must be for this machine to read it, as the API server would refuse it on a cluster."""

from collections.abc import Iterator
from typing import Any

from katib.experiment import Experiment, value_at

_NUMBERS = (
    "spec.activeDeadlineSeconds",
    "spec.backoffLimit",
    "spec.template.spec.terminationGracePeriodSeconds",
)
_FIELD = "spec.trialTemplate.trialSpec"


def faults(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """Each field, dotted, that is not what Kubernetes has there, and what to write."""
    if not isinstance(experiment.trial.get("metadata") or {}, dict):
        yield f"{_FIELD}.metadata", "it is no mapping; write labels and annotations below it"
    for path in _NUMBERS:
        value = value_at(experiment.trial, path)
        if value is not None and (type(value) is not int or value < 0):
            yield f"{_FIELD}.{path}", f"{value!r} is no whole number from 0"
    if experiment.primary:
        field, container = experiment.primary
        for key in ("command", "args"):
            if not _texts(container.get(key) or []):
                yield f"{field}.{key}", "it is no list of words in quotes; write one"
        yield from _variables(f"{field}.env", container.get("env") or [])


def _texts(body: Any) -> bool:
    return isinstance(body, list) and all(isinstance(each, str) for each in body)


def _variables(field: str, listed: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(listed, list):
        yield field, "it is no list; write - {name: …, value: …} for each"
        return
    for index, each in enumerate(listed):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            yield f"{field}[{index}]", "it has no name; write {name: …, value: …}"
        elif not isinstance(each.get("value") or "", str) or isinstance(each.get("value"), bool):
            yield f"{field}[{index}].value", f"{each['value']!r} is no text; write it in quotes"
