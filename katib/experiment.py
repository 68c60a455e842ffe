"""An Experiment as it is written: parameters, settings, the trial's template and its containers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

Body = Mapping[str, Any]
NUMBERS = {"int", "double"}
LISTS = {"categorical", "discrete"}
TRIAL_FIELD = "spec.trialTemplate.trialSpec"


@dataclass(frozen=True)
class Parameter:
    """One parameter of the search, with its field path."""

    field: str
    body: Body

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body.get("name", ""))

    @property
    def type(self) -> str:
        """One of int, double, categorical, discrete."""
        return str(self.body.get("parameterType", ""))

    @property
    def space(self) -> Body:
        """Its feasible space."""
        return self.body.get("feasibleSpace") or {}

    @property
    def distribution(self) -> str:
        """How values are drawn; Katib's default is uniform."""
        return str(self.space.get("distribution") or "uniform")

    @property
    def values(self) -> list[str]:
        """The listed values."""
        return [str(value) for value in self.space.get("list") or []]

    def number(self, key: str) -> Decimal | None:
        """Its min, max or step; None where it is not there or is no number."""
        return number(self.space.get(key))


@dataclass(frozen=True)
class Experiment:
    """An Experiment; `body` is the object as YAML or JSON has it."""

    body: Body

    @property
    def name(self) -> str:
        """Its name."""
        return str(value_at(self.body, "metadata.name") or "")

    @property
    def namespace(self) -> str:
        """Its namespace; empty where it is left to whoever creates it."""
        return str(value_at(self.body, "metadata.namespace") or "")

    @property
    def spec(self) -> Body:
        """Its spec."""
        return self.body.get("spec") or {}

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The parameters of the search."""
        listed = enumerate(self.spec.get("parameters") or [])
        return [Parameter(f"spec.parameters[{index}]", body) for index, body in listed]

    @property
    def objective(self) -> Body:
        """Metrics, their strategies and the goal."""
        return self.spec.get("objective") or {}

    @property
    def algorithm(self) -> str:
        """The search algorithm's name."""
        return str(value_at(self.body, "spec.algorithm.algorithmName") or "")

    @cached_property
    def settings(self) -> list[Body]:
        """The algorithm's settings, each with name and value."""
        return value_at(self.body, "spec.algorithm.algorithmSettings") or []

    @property
    def template(self) -> Body:
        """The trial's template, around the object that a trial makes."""
        return self.spec.get("trialTemplate") or {}

    @property
    def trial(self) -> Body:
        """The object that a trial makes, with placeholders; empty where a ConfigMap holds it."""
        return self.template.get("trialSpec") or {}

    @property
    def collector(self) -> str:
        """The kind of metrics collector; Katib's default is StdOut."""
        return str(value_at(self.body, "spec.metricsCollectorSpec.collector.kind") or "StdOut")

    @cached_property
    def containers(self) -> list[tuple[str, Body]]:
        """Every container of the trial's pods, with its field path, whichever kind the trial's object is."""
        return list(containers(self.trial, TRIAL_FIELD))

    @property
    def primary(self) -> tuple[str, Body] | None:
        """The container whose output or files the collector reads."""
        name = self.template.get("primaryContainerName")
        return next((each for each in self.containers if each[1].get("name") == name), None)

    def count(self, key: str) -> int | None:
        """One of the counts of trials; None where it is not written."""
        value = self.spec.get(key)
        return value if isinstance(value, int) else None


def value_at(body: Any, path: str) -> Any:
    """The value at a dotted path of mappings, None where a step is missing; an empty path is the body."""
    for step in filter(None, path.split(".")):
        body = body.get(step) if isinstance(body, dict) else None
    return body


def number(written: Any) -> Decimal | None:
    """What Go and Python both read as a finite number; None for anything else."""
    try:
        value = Decimal(str(written)) if written is not None and "_" not in str(written) else Decimal("nan")
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def containers(body: Any, field: str) -> Iterator[tuple[str, Body]]:
    """Every container below a field of an object, with its path."""
    if isinstance(body, dict):
        for key, below in body.items():
            if key == "containers" and isinstance(below, list):
                listed = ((f"{field}.containers[{index}]", each) for index, each in enumerate(below))
                yield from (each for each in listed if isinstance(each[1], dict))
            else:
                yield from containers(below, f"{field}.{key}")
