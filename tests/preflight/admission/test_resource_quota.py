"""What a pod, a claim and a Service count as, and what a quota asks of them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from preflight.admission.requirements import asked
from preflight.admission.resource_quota import counts, exceeded, of_claim, of_pod, of_service, unstated
from preflight.render.resources import Origin, Resource
from tests.preflight.admission.examples import pods

Body = dict[str, Any]


def quota(hard: Body, **spec: Any) -> Resource:
    """A quota of so much."""
    body = {"kind": "ResourceQuota", "metadata": {"name": "a"}, "spec": {"hard": hard, **spec}}
    return Resource("app", body, Origin("limits.yaml", upstream=False))


def pod(*containers: Body, **spec: Any) -> Body:
    """A pod whose containers ask for these."""
    return {
        "containers": [{"name": f"c{at}", "resources": each} for at, each in enumerate(containers)],
        **spec,
    }


def test_names_that_mean_the_same_count_the_same() -> None:
    usage = of_pod(asked(pod({"requests": {"cpu": "1"}, "limits": {"cpu": "2", "nvidia.com/gpu": "1"}})))
    assert usage["cpu"] == usage["requests.cpu"] == 1
    assert (usage["limits.cpu"], usage["requests.nvidia.com/gpu"], usage["pods"]) == (2, 1, 1)


def test_an_init_container_counts_where_it_is_the_largest() -> None:
    first = [{"name": "first", "resources": {"requests": {"cpu": "3"}}}]
    both = pod({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1"}}, initContainers=first)
    assert of_pod(asked(both))["requests.cpu"] == 3
    beside = [{**first[0], "restartPolicy": "Always"}]
    assert of_pod(asked({**both, "initContainers": beside}))["requests.cpu"] == 5


@pytest.mark.parametrize(
    ("hard", "spec", "missing"),
    [
        ({"requests.cpu": "8"}, pod({}), ["requests.cpu"]),
        ({"requests.cpu": "8"}, pod({"limits": {"cpu": "1"}}), []),
        ({"limits.memory": "8Gi", "pods": "3"}, pod({"limits": {"memory": "1Gi"}}, {}), ["limits.memory"]),
        ({"requests.ephemeral-storage": "8Gi", "requests.nvidia.com/gpu": "1", "pods": "3"}, pod({}), []),
        ({"requests.cpu": "8"}, pod({}, resources={"requests": {"cpu": "1"}}), []),
    ],
)
def test_cpu_and_memory_must_be_stated_and_nothing_else(hard: Body, spec: Body, missing: list[str]) -> None:
    assert [each.part for each in unstated(quota(hard), asked(spec))] == missing


@pytest.mark.parametrize(
    ("scope", "spec", "looked_at"),
    [
        ("Terminating", pod({}, activeDeadlineSeconds=60), True),
        ("Terminating", pod({}), False),
        ("NotTerminating", pod({}), True),
        ("BestEffort", pod({}), True),
        ("BestEffort", pod({"requests": {"cpu": "1m"}}), False),
        ("NotBestEffort", pod({"limits": {"memory": "1Mi"}}), True),
        ("PriorityClass", pod({}, priorityClassName="high"), True),
        ("PriorityClass", pod({}), False),
    ],
)
def test_a_scope_chooses(scope: str, spec: Body, looked_at: bool) -> None:
    assert counts(quota({"pods": "1"}, scopes=[scope]), spec, asked(spec)) is looked_at


def test_a_quota_of_other_things_looks_at_no_pod() -> None:
    assert not counts(quota({"configmaps": "1", "requests.storage": "1Gi"}), pod({}), asked(pod({})))


def test_what_is_not_asked_for_is_never_too_much() -> None:
    none = quota({"requests.nvidia.com/gpu": "0", "pods": "1"})
    assert list(exceeded(none, of_pod(asked(pod({}))))) == []
    assert list(exceeded(none, of_pod(asked(pod({"limits": {"nvidia.com/gpu": "1"}})))))


def test_a_claim_counts_for_its_class_too() -> None:
    usage = of_claim({"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}})
    assert usage["requests.storage"] == usage["fast.storageclass.storage.k8s.io/requests.storage"] == 2**30
    assert usage["persistentvolumeclaims"] == 1


def test_a_load_balancer_takes_node_ports_unless_it_is_told_not_to() -> None:
    ports = [{"port": 80}, {"port": 443, "nodePort": 30443}]
    usage = of_service({"type": "LoadBalancer", "ports": ports})
    assert (usage["services.nodeports"], usage["services.loadbalancers"]) == (2, 1)
    told = of_service({"type": "LoadBalancer", "ports": ports, "allocateLoadBalancerNodePorts": False})
    assert told["services.nodeports"] == 1
    assert "services.nodeports" not in of_service({"ports": ports})


@given(spec=pods())
def test_a_pod_counts_at_least_what_each_of_its_containers_asks_for(spec: Body) -> None:
    told = asked(spec)
    for name, value in of_pod(told).items():
        part, _, resource = name.partition(".")
        if part in {"requests", "limits"} and resource:
            largest = max(each.of(part).get(resource, Decimal(0)) for each in told.containers)
            together = sum(each.of(part).get(resource, Decimal(0)) for each in told.containers)
            assert largest <= value <= together
