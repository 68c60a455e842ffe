"""The LimitRanger: it gives containers what they do not state, and refuses what is too small or too large."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from preflight.admission.amounts import Amounts, amounts, milli, plain
from preflight.admission.requirements import Given, PodAsked, Refusal
from preflight.render.resources import Resource


@dataclass(frozen=True)
class Limits:
    """An item of a LimitRange, with the defaults that the API server makes of its bounds.

    origin: for each default, `default.cpu`, the field that it comes from
    """

    resource: Resource
    field: str
    type: str
    min: Amounts
    max: Amounts
    default: Amounts
    default_request: Amounts
    ratio: Amounts
    origin: dict[str, str]

    def given(self, key: str) -> Given:
        """Where a bound or a default is written."""
        return Given(self.resource, f"{self.field}.{self.origin.get(key, key)}")


def limits_of(resource: Resource) -> list[Limits]:
    """The items of a LimitRange."""
    return [
        _limits(resource, f"spec.limits[{index}]", item)
        for index, item in enumerate(resource.spec.get("limits") or [])
    ]


def fill_in(ranges: Iterable[Resource], pod: PodAsked) -> PodAsked:
    """The pod with what the limit ranges give its containers; it is changed in place."""
    for resource in ranges:
        items = [each for each in limits_of(resource) if each.type == "Container"]
        for container in pod.containers:
            for part, key in (("limits", "default"), ("requests", "defaultRequest")):
                told, own = container.of(part), set(container.of(part))
                for item in items:  # of two items the later one counts
                    defaults = item.default if part == "limits" else item.default_request
                    for name, value in defaults.items():
                        if name not in own:
                            told[name] = value
                            container.given[f"{part}.{name}"] = item.given(f"{key}.{name}")
    return pod


def refusals(ranges: Iterable[Resource], pod: PodAsked) -> Iterator[Refusal]:
    """What the limit ranges refuse in a pod that has its defaults."""
    for item in (item for resource in ranges for item in limits_of(resource)):
        if item.type == "Container":
            for each in pod.containers:
                yield from _bounds(item, each.name, each.requests, each.limits, each.given)
        elif item.type == "Pod":
            requests, limits = (pod.total(part, overhead=False) for part in ("requests", "limits"))
            yield from _bounds(item, "", requests, limits, {})


def claim_refusals(ranges: Iterable[Resource], requests: Amounts) -> Iterator[Refusal]:
    """What the limit ranges refuse in a claim that requests so much."""
    for item in (item for resource in ranges for item in limits_of(resource)):
        if item.type == "PersistentVolumeClaim":
            yield from _least(item, "", requests, {}, {})
            for name, most in item.max.items():
                asked = requests.get(name)
                if asked is None or milli(asked) > milli(most):
                    yield _refusal(
                        item, "max", name, "", "requests", asked, f"above its most, {plain(most, name)}", {}
                    )


def _bounds(
    item: Limits, container: str, requests: Amounts, limits: Amounts, given: dict[str, Given]
) -> Iterator[Refusal]:
    yield from _least(item, container, requests, limits, given)
    for name, most in item.max.items():
        told = f"above its most, {plain(most, name)}"
        if name not in limits:
            yield _refusal(item, "max", name, container, "limits", None, told, given)
        for part, amount in (("limits", limits), ("requests", requests)):
            if name in amount and milli(amount[name]) > milli(most):
                yield _refusal(item, "max", name, container, part, amount[name], told, given)
                break
    for name, most in item.ratio.items():
        request, limit = requests.get(name), limits.get(name)
        if not request or not limit or limit / request > most:
            told = f"more than {plain(most, '')} times the request, {plain(request or Decimal(0), name)}"
            yield _refusal(item, "maxLimitRequestRatio", name, container, "limits", limit, told, given)


def _least(
    item: Limits, container: str, requests: Amounts, limits: Amounts, given: dict[str, Given]
) -> Iterator[Refusal]:
    for name, least in item.min.items():
        told = f"below its least, {plain(least, name)}"
        if name not in requests:
            yield _refusal(item, "min", name, container, "requests", None, told, given)
        for part, amount in (("requests", requests), ("limits", limits)):
            if name in amount and milli(amount[name]) < milli(least):
                yield _refusal(item, "min", name, container, part, amount[name], told, given)
                break


def _refusal(
    item: Limits,
    bound: str,
    name: str,
    container: str,
    part: str,
    amount: Decimal | None,
    told: str,
    given: dict[str, Given],
) -> Refusal:
    what = f"{part}.{name} of {plain(amount, name)} is {told}" if amount is not None else f"no {part}.{name}"
    by = Given(item.resource, f"{item.field}.{bound}.{name}")
    return Refusal(container, f"{part}.{name}", what, by, given.get(f"{part}.{name}"))


def _limits(resource: Resource, field: str, item: dict[str, object]) -> Limits:
    least, most = amounts(item.get("min")), amounts(item.get("max"))
    default, request = amounts(item.get("default")), amounts(item.get("defaultRequest"))
    origin: dict[str, str] = {}
    if item.get("type") == "Container":
        for source, key, target, values in (
            ("max", "default", default, most),
            ("default", "defaultRequest", request, default),
            ("min", "defaultRequest", request, least),
        ):
            for name, value in values.items():
                if name not in target:
                    target[name] = value
                    origin[f"{key}.{name}"] = origin.get(f"{source}.{name}", f"{source}.{name}")
    ratio = amounts(item.get("maxLimitRequestRatio"))
    return Limits(resource, field, str(item.get("type")), least, most, default, request, ratio, origin)
