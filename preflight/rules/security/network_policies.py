"""Who may speak to whom: nobody with a pod of ours, unless a policy says so."""

from collections.abc import Iterator

from preflight.findings import Said, found, rule
from preflight.render.cluster import Render
from preflight.render.resources import Body, Resource
from preflight.render.selection import bringing, matches, unless_brought

POLICY = ("NetworkPolicy",)


@rule("network-policy-missing", "a pod that no policy selects takes connections from every other pod")
def network_policy_missing(render: Render) -> Iterator[Said]:
    """Every namespace of ours denies by default; in others each of our pods has a policy of its own."""
    policies = [each for each in render.of("NetworkPolicy") if _restricts(each)]
    ours = {each.name: each for each in render.of("Namespace")}
    for namespace, resource in ours.items():
        denied = any(each.namespace == namespace and not _selector(each) for each in policies)
        if namespace in render.pods and not denied:
            message = "no NetworkPolicy selects all of its pods; add one that denies by default"
            finding = found("network-policy-missing", resource, "metadata.name", message)
            yield unless_brought(finding, bringing(render, POLICY, namespace))
    # Whether a namespace is ours is not known either, as long as something may bring it.
    others = sorted(render.pods.keys() - ours)
    for pod in (pod for namespace in others for pod in render.pods[namespace]):
        there = [each for each in policies if each.namespace == pod.resource.namespace]
        selected = any(matches(_selector(each), pod.labels) for each in there)
        if not selected and not pod.spec.get("hostNetwork"):
            message = f"no NetworkPolicy of namespace {pod.resource.namespace} selects it; add one"
            field = pod.field.rpartition(".")[0]
            finding = found("network-policy-missing", pod.resource, field, message)
            yield unless_brought(finding, bringing(render, POLICY, pod.resource.namespace))


def _selector(policy: Resource) -> Body:
    return policy.spec.get("podSelector") or {}


def _restricts(policy: Resource) -> bool:
    """Whether it is about what comes in, and does not let everybody in."""
    incoming = "Ingress" in (policy.spec.get("policyTypes") or ["Ingress"])
    return incoming and {} not in (policy.spec.get("ingress") or [])
