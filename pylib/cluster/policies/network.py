"""Who may speak to whom: every pod is behind a NetworkPolicy."""

from collections.abc import Iterator

from pylib.cluster.findings import Finding, found, rule
from pylib.cluster.policies.selection import every_pod, matches
from pylib.cluster.render import Render
from pylib.cluster.resources import Resource


@rule("network-policy-missing", "a pod that no policy selects takes connections from every other pod")
def network_policy_missing(render: Render) -> Iterator[Finding]:
    """Some policy restricts what comes in to every pod that has a network of its own."""
    policies = [each for each in render.of("NetworkPolicy") if _of_ingress(each)]
    for pod in every_pod(render):
        namespace = pod.resource.namespace
        selected = any(
            each.namespace == namespace and matches(each.spec.get("podSelector"), pod.labels)
            for each in policies
        )
        if not selected and not pod.spec.get("hostNetwork"):
            message = f"no NetworkPolicy of namespace {namespace} selects it; deny by default there"
            yield found("network-policy-missing", pod.resource, pod.field.rpartition(".")[0], message)


def _of_ingress(policy: Resource) -> bool:
    return "Ingress" in (policy.spec.get("policyTypes") or ["Ingress"])
