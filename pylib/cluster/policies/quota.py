"""Quotas: what asks for more than there is: the workload is taken, and its pods are refused."""

from collections.abc import Iterator
from decimal import Decimal

from pylib.cluster.findings import Finding, found, rule
from pylib.cluster.pods import PodTemplate, containers, dig
from pylib.cluster.pods import pod_templates as templates
from pylib.cluster.render import Render
from pylib.cluster.resources import Resource
from pylib.cluster.schemas.quantities import quantity

Asked = dict[str, Decimal]
# What a Service of each type counts as; a load balancer takes node ports as well.
SERVICES = {"NodePort": ("services.nodeports",), "LoadBalancer": ("services.loadbalancers",)}
KINDS = ("Deployment", "StatefulSet", "Job", "CronJob", "Pod", "Notebook", "SeldonDeployment")
ONE = Decimal(1)


@rule("quota-exceeded", "the workload is taken, its pods are refused, and it never comes up")
def quota_exceeded(render: Render) -> Iterator[Finding]:
    """No pod, claim or Service asks for more than all that its namespace may have."""
    for quota in render.of("ResourceQuota"):
        hard = {name: quantity(value) for name, value in (quota.spec.get("hard") or {}).items()}
        for resource in render.of(*KINDS, "PersistentVolumeClaim", "Service"):
            if resource.namespace == quota.namespace:
                for field, asked in _asked(resource):
                    yield from _above(resource, field, asked, hard)


def _above(
    resource: Resource, field: str, asked: Asked, hard: dict[str, Decimal | None]
) -> Iterator[Finding]:
    for name, amount in asked.items():
        limit = hard.get(name)
        if limit is not None and amount > limit:
            message = f"asks for {amount:f} of {name}, and the quota of {resource.namespace} has {limit:f}"
            cause = f"the quota of {resource.namespace} has {limit:f} of {name}"
            yield found(
                "quota-exceeded", resource, field, f"{message}; ask for less, or raise the quota", cause
            )


def _asked(resource: Resource) -> Iterator[tuple[str, Asked]]:
    """What an object asks of its namespace, by the field that says so."""
    if resource.kind == "Service":
        yield "spec.type", dict.fromkeys(SERVICES.get(str(resource.spec.get("type")), ()), ONE)
    elif resource.kind == "PersistentVolumeClaim":
        storage = quantity(dig(resource.body, "spec.resources.requests.storage"))
        yield "spec.resources.requests.storage", {"requests.storage": storage or Decimal(0)}
    else:
        yield from ((pod.field, _of_pod(pod)) for pod in templates(resource))


def _of_pod(pod: PodTemplate) -> Asked:
    """The sum over its containers, or the largest init container, which runs alone."""
    asked: Asked = {}
    for what in ("requests", "limits"):
        for name in ("cpu", "memory", "nvidia.com/gpu"):
            running, first = Decimal(0), Decimal(0)
            for container in containers(pod):
                amount = quantity((dig(container.body, f"resources.{what}") or {}).get(name)) or Decimal(0)
                running, first = (
                    (running, max(first, amount)) if container.init else (running + amount, first)
                )
            asked[f"{what}.{name}"] = max(running, first)
    return asked
