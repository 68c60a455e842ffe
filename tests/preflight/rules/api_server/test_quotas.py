"""A pod, a claim or a Service against the quota of its namespace, from just below to just above it."""

from collections.abc import Callable

import pytest

from preflight.render.cluster import Render
from tests.preflight.conftest import said

OBJECTS = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: a, namespace: a}
spec:
  hard: {requests.cpu: "2", limits.memory: 4Gi, services.nodeports: "%(node)s", services.loadbalancers: "1"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: x, namespace: %(namespace)s}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          initContainers: [{name: first, resources: {requests: {cpu: %(first)s}}}]
          containers:
            - {name: one, resources: {requests: {cpu: 1500m}, limits: {memory: %(memory)s}}}
            - {name: two, resources: {requests: {cpu: %(second)s}, limits: {memory: 1Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: x, namespace: %(namespace)s}
spec: {type: %(type)s, ports: [{port: 80}]}
"""
FITS = {
    "namespace": "a",
    "first": "2",
    "second": "500m",
    "memory": "3Gi",
    "type": "LoadBalancer",
    "node": "1",
}
POD = "spec.jobTemplate.spec.template.spec"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"second": "501m"}, [("CronJob a/x", POD)]),
        ({"first": "2001m"}, [("CronJob a/x", POD)]),
        ({"memory": "3073Mi"}, [("CronJob a/x", POD)]),
        ({"type": "NodePort", "node": "0"}, [("Service a/x", "spec.type")]),
        ({"node": "0"}, [("Service a/x", "spec.type")]),
        ({"second": "9", "type": "NodePort", "node": "0", "namespace": "b"}, []),
    ],
)
def test_only_what_cannot_fit_is_found(
    render_of: Callable[..., Render], change: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    findings = said("quota-exceeded", render_of(OBJECTS % {**FITS, **change}))
    assert [(each.object, each.field) for each in findings] == expected
