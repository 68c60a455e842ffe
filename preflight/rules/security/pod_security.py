"""Kubernetes' Pod Security Standards, as the API server's admission judges the pods of a namespace."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from preflight.admission.made import Made
from preflight.admission.made import every_pod as every_made
from preflight.admission.pod_security import ENFORCE, LEVELS, Violation, violations
from preflight.admission.workloads import runs, standing
from preflight.findings import Faults, Problem, Problems
from preflight.registry import rule
from preflight.render.cluster import Render, every_pod
from preflight.render.resources import Resource


@rule(
    "unset-pod-security-level",
    "a namespace without a level takes every pod, privileged ones too",
    of="Namespace",
)
def unset_pod_security_level(resource: Resource) -> Faults:
    """Every namespace says which pods it takes."""
    if resource.labels.get(ENFORCE) not in LEVELS:
        message = f"no Pod Security level; set {ENFORCE} as strict as its pods allow"
        yield "metadata.labels", message


@rule(
    "pod-security-violation", "the API server refuses such a pod, and its Deployment stands at zero for ever"
)
def pod_security_violation(render: Render) -> Problems:
    """No pod that its namespace's level refuses, what others add to it included."""
    levels = {each.name: each.labels.get(ENFORCE, "privileged") for each in render.of("Namespace")}
    for pod in every_pod(render):
        level = levels.get(pod.resource.namespace, "privileged")
        for field, message in violations(pod, level):
            told = f"{message}, and its namespace is {level}; change the pod, or the level"
            cause = f"namespace {pod.resource.namespace} takes no pods that are less than {level}"
            yield Problem(pod.resource, field, told, cause)
    yield from _added(render, levels)


def _added(render: Render, levels: dict[str, str]) -> Problems:
    """What is in no template of ours, a sidecar or a pipeline's step: found at the level that refuses it."""
    refused: dict[Violation, list[str]] = defaultdict(list)
    for made in every_made(standing(render), runs(render)):
        for message in _of_what_is_added(made, levels.get(made.namespace, "privileged")):
            refused[made.namespace, message].append(made.name)
    spaces = {each.name: each for each in render.of("Namespace")}
    for (name, message), pods in refused.items():
        who = f"{pods[0]} and {len(pods) - 1} more" if len(pods) > 1 else pods[0]
        told = f"it refuses {who}: {message}; lower the level, or change what adds it"
        yield Problem(spaces[name], f"metadata.labels.{ENFORCE}", told)


def _of_what_is_added(made: Made, level: str) -> Iterator[str]:
    for body in (*made.before, *made.beside):
        spec = {**made.pod.spec, "initContainers": [], "containers": [body], "volumes": []}
        for field, message in violations(replace(made.pod, field="", spec=spec), level):
            if field.startswith(".containers"):
                yield f"of its container {body.get('name')}, {message}"
