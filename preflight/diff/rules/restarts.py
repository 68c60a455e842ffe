"""Changes that end running pods, or that running pods do not see."""

from collections.abc import Iterator
from typing import Any

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.paths import starts
from preflight.diff.rules.immutable import refused
from preflight.render.cluster import Render
from preflight.render.pods import PodTemplate, pod_templates
from preflight.render.resources import Resource

# Where a change means new pods, by kind.
TEMPLATES = {
    "Deployment": ("spec.template",),
    "StatefulSet": ("spec.template",),
    "DaemonSet": ("spec.template",),
    "Notebook": ("spec.template",),
    "SeldonDeployment": ("spec.predictors", "spec.annotations", "spec.name", "spec.protocol"),
}
# How the pods are replaced, by kind and strategy.
HOW = {
    ("Deployment", ""): "its pods are replaced, rolling",
    ("Deployment", "Recreate"): "all its pods end before new ones start (Recreate): nobody answers meanwhile",
    ("StatefulSet", ""): "its pods restart one after another; where there is one, nobody answers meanwhile",
    ("StatefulSet", "OnDelete"): "its pods keep the former template until somebody deletes them (OnDelete)",
    ("DaemonSet", ""): "its pods restart, one node after another",
    ("DaemonSet", "OnDelete"): "its pods keep the former template until somebody deletes them (OnDelete)",
    ("Notebook", ""): "its pod is made anew: running kernels and what is not saved are lost",
    ("SeldonDeployment", ""): "new pods start, and the old ones end when those are ready",
}


@danger("pods-restart")
def pods_restart(difference: Difference) -> Iterator[Danger]:
    """A changed pod template."""
    for change in difference.objects:
        if change.verb in {"changed", "moved"} and not refused(change):
            paths = [each.path for each in change.fields if _restarts(change.resource.kind, each.path)]
            if paths:
                yield costs("pods-restart", Outcome.RESTARTED, change, _how(change), paths[0])


def _restarts(kind: str, path: tuple[Any, ...]) -> bool:
    of_replicas = path[-1] == "replicas"
    return not of_replicas and any(starts(path, prefix) for prefix in TEMPLATES.get(kind, ()))


def _how(change: ObjectChange) -> str:
    strategies = (
        change.value(f"spec.{field}.type", change.after) for field in ("strategy", "updateStrategy")
    )
    return HOW.get((change.resource.kind, next(filter(None, strategies), "")), HOW[change.resource.kind, ""])


@danger("scaled-to-zero")
def scaled_to_zero(difference: Difference) -> Iterator[Danger]:
    """A workload that has no pods any more."""
    for change in difference.objects:
        for each in change.fields:
            if each.path[-1] == "replicas" and type(each.after) is int and each.after == 0:
                message = "no pod of it is left; what asks it gets no answer"
                yield costs("scaled-to-zero", Outcome.STOPPED, change, message, each.path)


@danger("configuration-unseen")
def configuration_unseen(difference: Difference) -> Iterator[Danger]:
    """A configuration changed in place: running pods have read the former one."""
    restarting = {id(change.after) for change in difference.objects if change.fields and not refused(change)}
    for change in difference.objects:
        if change.resource.kind in {"ConfigMap", "Secret"} and change.verb == "changed" and _content(change):
            users = [each for each in _users(difference.after, change.resource) if id(each) not in restarting]
            if users:
                names = ", ".join(map(str, users))
                message = f"{names} keeps what it has read until it restarts; mounted files follow in minutes"
                yield costs("configuration-unseen", Outcome.STALE, change, message)


def _content(change: ObjectChange) -> bool:
    return any(each.path[0] in {"data", "binaryData", "stringData"} for each in change.fields)


def _users(render: Render, configuration: Resource) -> list[Resource]:
    """The workloads whose pods read it."""
    kinds = render.of(*TEMPLATES)
    return [
        resource
        for resource in kinds
        if resource.namespace == configuration.namespace
        and any(_reads(pod, configuration) for pod in pod_templates(resource))
    ]


def _reads(pod: PodTemplate, configuration: Resource) -> bool:
    kind = "configMap" if configuration.kind == "ConfigMap" else "secret"
    return configuration.name in set(_names(pod.spec, kind))


def _names(value: Any, kind: str, key: str = "") -> Iterator[str]:
    """The names in `configMap`, `configMapRef` and `configMapKeyRef`, or the same of a secret."""
    if isinstance(value, dict):
        if key in {kind, f"{kind}Ref", f"{kind}KeyRef"}:
            yield str(value.get("name") or value.get("secretName"))
        for name, each in value.items():
            yield from _names(each, kind, name)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each, kind, key)
