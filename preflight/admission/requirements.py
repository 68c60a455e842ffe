"""What the containers of a pod ask for, once the API server has filled in what it fills in by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from preflight.admission.amounts import Amounts, added, amounts, largest, overcommitted
from preflight.render.resources import Body, Resource

PARTS = ("requests", "limits")
# What a pod as a whole may state.
POD_LEVEL = ("cpu", "memory")


@dataclass(frozen=True)
class Given:
    """The field of a LimitRange that gave a container what it did not state."""

    resource: Resource
    field: str


@dataclass(frozen=True)
class Refusal:
    """Why the API server refuses a pod.

    container: its name, empty where the pod as a whole is meant
    part: what is refused of it, `requests.cpu`
    by: the field that refuses, None where the pod contradicts itself
    given: the field that gave it what is refused, None where the container states that itself
    """

    container: str
    part: str
    message: str
    by: Given | None = None
    given: Given | None = None


@dataclass
class Asked:
    """What a container asks for. `sidecar`: an init container that goes on running."""

    name: str
    init: bool
    sidecar: bool
    requests: Amounts
    limits: Amounts
    given: dict[str, Given] = field(default_factory=dict)

    def of(self, part: str) -> Amounts:
        """Its requests, or its limits."""
        return self.requests if part == "requests" else self.limits


@dataclass
class PodAsked:
    """What a pod asks for: its containers', and what it states as a whole."""

    containers: list[Asked]
    whole: dict[str, Amounts]
    overhead: Amounts

    def total(self, part: str, *, overhead: bool = True) -> Amounts:
        """What counts for the pod: its containers together, or its largest moment of starting."""
        counted = {**self.aggregated(part), **self.whole.get(part, {})}
        if not overhead:
            return counted
        extra = {
            name: value for name, value in self.overhead.items() if part == "requests" or name in counted
        }
        return added(counted, extra)

    def aggregated(self, part: str) -> Amounts:
        """Of its containers alone: init containers run one after another, sidecars beside what follows."""
        running = added(*(each.of(part) for each in self.containers if not each.init))
        beside: Amounts = {}
        start: Amounts = {}
        for each in self.containers:
            if each.init and each.sidecar:
                running, beside = added(running, each.of(part)), added(beside, each.of(part))
                start = largest(start, beside)
            elif each.init:
                start = largest(start, added(each.of(part), beside))
        return largest(running, start)


def asked(spec: Body) -> PodAsked:
    """What a pod's spec asks for: where it states a limit and no request, that is the request as well."""
    containers = [*_containers(spec, "initContainers"), *_containers(spec, "containers")]
    told = spec.get("resources") or {}
    whole = {part: _whole(told.get(part)) for part in PARTS}
    pod = PodAsked(containers, {}, amounts(spec.get("overhead")))
    if whole["limits"]:
        of_all = pod.aggregated("requests")
        together = {name: of_all[name] for name in POD_LEVEL if name in of_all}
        whole["requests"] = {**whole["limits"], **together, **whole["requests"]}
    pod.whole = {part: told for part, told in whole.items() if told}
    return pod


def contradictions(pod: PodAsked) -> Iterator[Refusal]:
    """What the API server refuses in a pod by itself, once the defaults are in."""
    for each in pod.containers:
        for name, request in each.requests.items():
            limit = each.limits.get(name)
            if limit is None and not overcommitted(name):
                yield _refusal(each, name, f"{name} takes a limit that is the same")
            elif limit is not None and _beyond(name)(request, limit):
                relation = "is above" if overcommitted(name) else "is not"
                yield _refusal(each, name, f"a request of {request:f} {name} {relation} the limit, {limit:f}")
    yield from _of_whole(pod)


def _of_whole(pod: PodAsked) -> Iterator[Refusal]:
    told, of_all = pod.whole.get("requests", {}), pod.aggregated("requests")
    for name, request in told.items():
        if of_all.get(name, request) > request:
            yield Refusal("", f"requests.{name}", f"its containers ask for {of_all[name]:f} {name} together")
        if pod.whole.get("limits", {}).get(name, request) < request:
            yield Refusal("", f"requests.{name}", f"a request of {request:f} {name} is above the limit")
    for name, limit in pod.whole.get("limits", {}).items():
        for each in pod.containers:
            if each.limits.get(name, limit) > limit:
                yield _refusal(
                    each, name, f"a limit of {each.limits[name]:f} {name} is above the pod's", "limits"
                )


def _beyond(name: str) -> Callable[[Any, Any], bool]:
    return (lambda one, other: one > other) if overcommitted(name) else (lambda one, other: one != other)


def _refusal(each: Asked, name: str, message: str, part: str = "requests") -> Refusal:
    given = each.given.get(f"limits.{name}") or each.given.get(f"requests.{name}")
    return Refusal(each.name, f"{part}.{name}", message, None, given)


def _whole(told: Any) -> Amounts:
    return {name: value for name, value in amounts(told).items() if name in POD_LEVEL}


def _containers(spec: Body, key: str) -> Iterator[Asked]:
    for body in spec.get(key) or []:
        told = body.get("resources") or {}
        limits = amounts(told.get("limits"))
        yield Asked(
            str(body.get("name", "")),
            init=key == "initContainers",
            sidecar=key == "initContainers" and body.get("restartPolicy") == "Always",
            requests={**limits, **amounts(told.get("requests"))},
            limits=limits,
        )
