"""Whose traffic is looked at: the pods that both sides have, and those that only policies speak of."""

from collections.abc import Iterator
from typing import NamedTuple

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.traffic import mesh
from preflight.render.cluster import Render, every_pod
from preflight.render.resources import Body, Resource
from preflight.render.selection import Labels, matches

SELECTORS = ("podSelector", "selector")


class Target(NamedTuple):
    """Pods by their namespace and labels, before and after; what they are of, as people know it."""

    name: str
    namespace: str
    before: Labels
    after: Labels


def targets(difference: Difference, changed: list[ObjectChange]) -> Iterator[Target]:
    """The pods of workloads that both sides have; for a changed policy that selects none, what it names."""
    before, after = _pods(difference.before), _pods(difference.after)
    for key, (namespace, labels) in before.items():
        if key in after:
            yield Target(key[0], namespace, labels, after[key][1])
    known = [*before.values(), *after.values()]
    named = {}
    for change in changed:
        for side in (change.before, change.after):
            if side and _stays(change, difference) and not _selects_some(side, known):
                labels = _example(side)
                named[side.namespace, str(sorted(labels.items()))] = labels
    for (namespace, _), labels in named.items():
        words = ",".join(f"{key}={value}" for key, value in labels.items() if key != mesh.TARGET)
        what = labels.get(mesh.TARGET) or f"pods of {namespace}" + (f" with {words}" if words else "")
        yield Target(what, namespace, labels, labels)


def _pods(render: Render) -> dict[tuple[str, str], tuple[str, Labels]]:
    return {(str(pod.resource), pod.field): (pod.resource.namespace, pod.labels) for pod in every_pod(render)}


def _stays(change: ObjectChange, difference: Difference) -> bool:
    """Whether what a policy is about may be there on both sides, as its application is."""
    name = change.resource.application
    return name in difference.before.applications and name in difference.after.applications


def _selector(policy: Resource) -> Body:
    return next((policy.spec[key] for key in SELECTORS if policy.spec.get(key)), {})


def _selects_some(policy: Resource, known: list[tuple[str, Labels]]) -> bool:
    selector = _selector(policy)
    here = [labels for namespace, labels in known if namespace == policy.namespace]
    return not mesh.target(policy) and any(matches(selector, labels) for labels in here)


def _example(policy: Resource) -> Labels:
    """Labels that a policy selects, the fewest."""
    target, selector = mesh.target(policy), _selector(policy)
    if target:
        return {mesh.TARGET: target}
    labels = dict(selector.get("matchLabels") or {})
    for each in selector.get("matchExpressions") or []:
        if each.get("operator") in {"In", "Exists"}:
            labels.setdefault(str(each.get("key")), str((each.get("values") or ["any"])[0]))
    return labels
