"""Who may speak to whom: nobody with a pod of ours, unless a policy says so."""

from preflight.findings import Problem, Problems
from preflight.platform.bringing import bringing
from preflight.registry import rule
from preflight.render.cluster import Render
from preflight.render.resources import Body, Resource
from preflight.render.selection import matches

POLICY = ("NetworkPolicy",)


@rule("non-isolated-pod", "a pod that no policy selects takes connections from every other pod")
def non_isolated_pod(render: Render) -> Problems:
    """Every namespace of ours denies by default; in others each of our pods has a policy of its own."""
    policies = [each for each in render.of("NetworkPolicy") if _restricts(each)]
    ours = {each.name: each for each in render.of("Namespace")}
    for namespace, resource in ours.items():
        denied = any(each.namespace == namespace and not _selector(each) for each in policies)
        if namespace in render.pods and not denied:
            message = "no NetworkPolicy selects all of its pods; add one that denies by default"
            yield Problem(resource, "metadata.name", message, unless=bringing(render, POLICY, namespace))
    # Whether a namespace is ours is not known either, as long as something may bring it.
    others = sorted(render.pods.keys() - ours)
    for pod in (pod for namespace in others for pod in render.pods[namespace]):
        there = [each for each in policies if each.namespace == pod.resource.namespace]
        selected = any(matches(_selector(each), pod.labels) for each in there)
        if not selected and not pod.spec.get("hostNetwork"):
            message = f"no NetworkPolicy of namespace {pod.resource.namespace} selects it; add one"
            field = pod.field.rpartition(".")[0]
            yield Problem(
                pod.resource, field, message, unless=bringing(render, POLICY, pod.resource.namespace)
            )


def _selector(policy: Resource) -> Body:
    return policy.spec.get("podSelector") or {}


def _restricts(policy: Resource) -> bool:
    """Whether it is about what comes in, and does not let everybody in."""
    incoming = "Ingress" in (policy.spec.get("policyTypes") or ["Ingress"])
    return incoming and {} not in (policy.spec.get("ingress") or [])
