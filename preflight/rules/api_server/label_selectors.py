"""What the API server checks of label selectors, wherever they stand in its own kinds."""

from collections.abc import Iterator
from typing import Any

from preflight.findings import Finding, found, rule
from preflight.render.cluster import Render
from preflight.rules.api_server.names import key, labels
from preflight.schemas import core
from preflight.schemas.check import sound

WITH_VALUES = {"In", "NotIn", "Gt", "Lt"}
SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
OTHER = {"ConfigMap", "CustomResourceDefinition", "Secret"}  # they hold text or schemas, and no selectors


@rule("schema-selector", "a selector that is empty, or compares with what no label can be, is refused")
def selectors(render: Render) -> Iterator[Finding]:
    """A workload selects something; expressions have the values that they need, and labels can be ones."""
    for resource in sound(render, *SELECTING):
        selector = resource.spec.get("selector") or {}
        if not (selector.get("matchLabels") or selector.get("matchExpressions")):
            yield found("schema-selector", resource, "spec.selector", "it is empty; name the pods' labels")
    for resource in sound(render):
        if resource.group in core.groups() and resource.kind not in OTHER:
            for field, message in _selectors(resource.body, ""):
                yield found("schema-selector", resource, field, message)


def _selectors(body: Any, field: str) -> Iterator[tuple[str, str]]:
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


def _expressions(expressions: Any, field: str) -> Iterator[tuple[str, str]]:
    for index, expression in enumerate(expressions):
        yield from key(f"{field}[{index}].key", str(expression.get("key")))
        operator, values = str(expression.get("operator")), expression.get("values") or []
        if bool(values) != (operator in WITH_VALUES):
            what = "needs values" if operator in WITH_VALUES else "has no values; remove them"
            yield f"{field}[{index}].values", f"{operator} {what}"
