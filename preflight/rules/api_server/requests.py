"""Quantities of resources: what is asked for is there, and fits below its limit."""

from typing import Any

from preflight.findings import Faults
from preflight.quantities import STANDARD, quantity
from preflight.registry import schema_rule
from preflight.render.pods import containers, pod_templates
from preflight.render.resources import Resource
from preflight.schemas.check import sound
from preflight.schemas.suggest import did_you_mean


@schema_rule("schema-quantity", "a request above its limit, or a share of a device, is refused", of=sound)
def quantities(resource: Resource) -> Faults:
    """Requests and limits of containers, and the bounds of a LimitRange."""
    for container in (each for pod in pod_templates(resource) for each in containers(pod)):
        yield from _resources(container.body.get("resources") or {}, f"{container.field}.resources")
    limits = resource.spec.get("limits") if resource.kind == "LimitRange" else []
    for index, each in enumerate(limits or []):
        yield from _limits(each, f"spec.limits[{index}]")


def _resources(told: Any, field: str) -> Faults:
    for part in ("requests", "limits"):
        for name, written in (told.get(part) or {}).items():
            if "/" not in name and name not in STANDARD and not name.startswith("hugepages-"):
                message = f"there is no resource {name}{did_you_mean(name, STANDARD)}"
                yield f"{field}.{part}.{name}", message
            value = quantity(written)
            if value is not None and value < 0:
                yield f"{field}.{part}.{name}", f"{written} is less than nothing; write such as 500m or 2Gi"
    yield from _above(told, field, "requests", "limits")
    yield from _devices(told, field)


def _devices(told: Any, field: str) -> Faults:
    """What is counted in devices cannot be overcommitted: its limit is its request."""
    limits = told.get("limits") or {}
    for name, written in (told.get("requests") or {}).items():
        if "/" in name and quantity(limits.get(name)) != quantity(written):
            yield f"{field}.requests.{name}", f"limits.{name} must be there and be the same, {written}"


def _limits(limits: Any, field: str) -> Faults:
    """As the API server orders them: min, defaultRequest, default, max."""
    order = ("min", "defaultRequest", "default", "max")
    for at, lower in enumerate(order):
        for upper in order[at + 1 :]:
            yield from _above(limits, field, lower, upper)


def _above(told: Any, field: str, lower: str, upper: str) -> Faults:
    limits = told.get(upper) or {}
    for name, written in (told.get(lower) or {}).items():
        asked, limit = quantity(written), quantity(limits.get(name))
        if asked is not None and limit is not None and asked > limit:
            message = f"{written} is above {upper}.{name}, {limits[name]}; raise the one or lower the other"
            yield f"{field}.{lower}.{name}", message
