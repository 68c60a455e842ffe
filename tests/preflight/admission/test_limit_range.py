"""What a LimitRange gives and refuses, line by line of Kubernetes' own code, and for whatever is drawn."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from preflight.admission.limit_range import claim_refusals, fill_in, refusals
from preflight.admission.requirements import asked, contradictions
from preflight.render.resources import Origin, Resource
from tests.preflight.admission.examples import limit_ranges, pods

Body = dict[str, Any]


def limit_range(*items: Body) -> list[Resource]:
    """A namespace's only LimitRange."""
    body = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "a"},
        "spec": {"limits": list(items)},
    }
    return [Resource("app", body, Origin("limits.yaml", upstream=False))]


def container(name: str = "main", *, init: bool = False, **resources: Body) -> Body:
    """A pod of one container, beside one that states all."""
    own = {"name": name, "resources": resources}
    return {"initContainers": [own], "containers": []} if init else {"containers": [own]}


def said(ranges: list[Resource], spec: Body) -> list[tuple[str, str, str]]:
    """The container, the part and the field that refuses, of each refusal."""
    pod = fill_in(ranges, asked(spec))
    every = [*contradictions(pod), *refusals(ranges, pod)]
    return [
        (each.container, each.part, (each.given or each.by).field) for each in every if each.given or each.by
    ]


def test_a_default_limit_below_the_request_refuses_the_pod() -> None:
    ranges = limit_range({"type": "Container", "defaultRequest": {"cpu": "50m"}, "default": {"cpu": "1"}})
    assert said(ranges, container(requests={"cpu": "2"})) == [
        ("main", "requests.cpu", "spec.limits[0].default.cpu")
    ]
    assert said(ranges, container(requests={"cpu": "2"}, limits={"cpu": "2"})) == []
    assert said(ranges, container("first", init=True, requests={"cpu": "2"})) != []


def test_a_most_is_a_default_as_well() -> None:
    ranges = limit_range({"type": "Container", "max": {"cpu": "1"}})
    pod = fill_in(ranges, asked(container()))
    assert (pod.containers[0].requests, pod.containers[0].limits) == (
        {"cpu": Decimal(1)},
        {"cpu": Decimal(1)},
    )
    assert said(ranges, container(requests={"cpu": "2"}))[0] == (
        "main", "requests.cpu", "spec.limits[0].max.cpu"
    )  # fmt: skip


def test_a_limit_is_the_request_before_a_default_is_looked_for() -> None:
    ranges = limit_range({"type": "Container", "defaultRequest": {"memory": "1Gi"}})
    assert said(ranges, container(limits={"memory": "128Mi"})) == []


@pytest.mark.parametrize(
    ("bounds", "resources", "expected"),
    [
        ({"min": {"cpu": "100m"}}, {"requests": {"cpu": "99m"}}, ["requests.cpu"]),
        ({"min": {"cpu": "100m"}}, {"requests": {"cpu": "100m"}}, []),
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "1001m"}}, ["limits.cpu"]),
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "1"}}, []),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            ["limits.cpu"],
        ),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}, []),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {"requests": {"cpu": "1"}}, ["limits.cpu"]),
    ],
)
def test_a_container_is_held_to_its_bounds(bounds: Body, resources: Body, expected: list[str]) -> None:
    ranges = limit_range({"type": "Container", **bounds})
    assert [part for _, part, _ in said(ranges, container(**resources))] == expected


def test_a_pod_is_held_to_its_bounds_as_a_whole() -> None:
    ranges = limit_range({"type": "Pod", "max": {"cpu": "1"}})
    half = {"name": "half", "resources": {"limits": {"cpu": "500m"}}}
    more = {"name": "more", "resources": {"limits": {"cpu": "501m"}}}
    assert said(ranges, {"containers": [half, {**half, "name": "other"}]}) == []
    assert said(ranges, {"containers": [half, more]}) != []
    assert said(ranges, {"containers": [half], "initContainers": [{**more, "name": "first"}]}) == []
    assert said(ranges, {"containers": [half], "initContainers": [{**more, "restartPolicy": "Always"}]}) != []


def test_a_claim_is_held_to_its_bounds() -> None:
    ranges = limit_range(
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "5Gi"}}
    )
    sizes = {
        size: [*claim_refusals(ranges, {"storage": Decimal(size) * 2**30})] for size in ("0.5", "1", "5", "6")
    }
    assert [size for size, told in sizes.items() if told] == ["0.5", "6"]


@given(limits=limit_ranges(), spec=pods())
def test_defaults_are_given_once_and_take_nothing_away(limits: list[Body], spec: Body) -> None:
    ranges = limit_range(*limits)
    own = asked(spec)
    pod = fill_in(ranges, asked(spec))
    again = fill_in(ranges, fill_in(ranges, asked(spec)))
    for before, once, twice in zip(own.containers, pod.containers, again.containers, strict=True):
        assert (once.requests, once.limits) == (twice.requests, twice.limits)
        assert before.requests.items() <= once.requests.items()
        assert before.limits.items() <= once.limits.items()
