"""What the API server checks of label selectors, wherever they stand in its own kinds."""

from typing import Any

from preflight.findings import Faults
from preflight.registry import schema_rule
from preflight.render.resources import Resource
from preflight.schemas import core
from preflight.schemas.check import sound
from preflight.schemas.dns import key, labels

WITH_VALUES = {"In", "NotIn", "Gt", "Lt"}
SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
OTHER = {"ConfigMap", "CustomResourceDefinition", "Secret"}  # they hold text or schemas, and no selectors


@schema_rule(
    "schema-selector", "a selector that is empty, or compares with what no label can be, is refused", of=sound
)
def selectors(resource: Resource) -> Faults:
    """A workload selects something; expressions have the values that they need, and labels can be ones."""
    selector = resource.spec.get("selector") or {}
    empty = not (selector.get("matchLabels") or selector.get("matchExpressions"))
    if resource.kind in SELECTING and empty:
        yield "spec.selector", "it is empty; name the pods' labels"
    if resource.group in core.groups() and resource.kind not in OTHER:
        yield from _selectors(resource.body, "")


def _selectors(body: Any, field: str) -> Faults:
    if isinstance(body, dict):
        for name, below in body.items():
            at = f"{field}.{name}".removeprefix(".")
            if name == "matchExpressions":
                yield from _expressions(below or [], at)
            elif name == "matchLabels":
                yield from labels(below or {}, at)
            else:
                yield from _selectors(below, at)
    elif isinstance(body, list):
        for index, below in enumerate(body):
            yield from _selectors(below, f"{field}[{index}]")


def _expressions(expressions: Any, field: str) -> Faults:
    for index, expression in enumerate(expressions):
        yield from key(f"{field}[{index}].key", str(expression.get("key")))
        operator, values = str(expression.get("operator")), expression.get("values") or []
        if bool(values) != (operator in WITH_VALUES):
            what = "needs values" if operator in WITH_VALUES else "has no values; remove them"
            yield f"{field}[{index}].values", f"{operator} {what}"
