"""Who may do more than before: roles, bindings and AppProjects."""

import json
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.render.resources import Body

ROLES = {"Role", "ClusterRole"}
BINDINGS = {"RoleBinding", "ClusterRoleBinding"}
SHOWN = 4
# What an AppProject allows: a longer list allows more; where it denies, a shorter one does.
ALLOWING = (
    "sourceRepos",
    "destinations",
    "clusterResourceWhitelist",
    "namespaceResourceWhitelist",
    "sourceNamespaces",
    "roles",
)
DENYING = ("clusterResourceBlacklist", "namespaceResourceBlacklist")
Grant = tuple[str, str, str, str]


@danger("access-widened")
def access_widened(difference: Difference) -> Iterator[Danger]:
    """A role with more verbs, a binding with more subjects, and any new way to be cluster-admin."""
    for change in difference.objects:
        if change.after and change.resource.kind in ROLES and change.before:
            old, new = ([*grants(side.body.get("rules") or [])] for side in (change.before, change.after))
            more = sorted(each for each in set(new) if not any(covers(one, each) for one in old))
            if more:
                yield _widened(change, f"newly allowed: {_listed(map(_sentence, more))}", "rules")
        elif change.after and change.resource.kind in BINDINGS:
            yield from _binding(change, change.after.body)


def grants(rules: list[Body]) -> Iterator[Grant]:
    """Each thing that rules allow: group, resource or path, object's name, verb; `*` stands for all."""
    for rule in rules:
        resources = product(rule.get("apiGroups") or [], rule.get("resources") or [])
        for (group, resource), name, verb in product(
            resources, rule.get("resourceNames") or ["*"], rule.get("verbs") or []
        ):
            yield group, resource, name, verb
        for path, verb in product(rule.get("nonResourceURLs") or [], rule.get("verbs") or []):
            yield "", path, "*", verb


def covers(one: Grant, other: Grant) -> bool:
    """Whether the first allows all that the second does."""
    return all(mine in {"*", theirs} for mine, theirs in zip(one, other, strict=True))


def _sentence(grant: Grant) -> str:
    group, resource, name, verb = grant
    what = f"{resource}.{group}" if group else resource
    return f"{verb} {what}" + ("" if name == "*" else f" {name}")


def _binding(change: ObjectChange, body: Body) -> Iterator[Danger]:
    role = (body.get("roleRef") or {}).get("name")
    more = _more(change, "subjects")
    if more and (change.before or role == "cluster-admin"):
        who = _listed(f"{each.get('kind')} {each.get('name')}" for each in more)
        yield _widened(change, f"{role} is given to {who}", "subjects")


@danger("project-widened")
def project_widened(difference: Difference) -> Iterator[Danger]:
    """An AppProject that lets its applications do more."""
    for change in difference.objects:
        if change.resource.kind == "AppProject" and change.before and change.after:
            for field in ALLOWING:
                more = _more(change, f"spec.{field}")
                if more:
                    message = f"its applications may use more: {_listed(map(_compact, more))}"
                    yield costs("project-widened", Outcome.OPENED, change, message, f"spec.{field}")
            for field in DENYING:
                fewer = _more(change, f"spec.{field}", reverse=True)
                if fewer:
                    message = f"no longer denied to its applications: {_listed(map(_compact, fewer))}"
                    yield costs("project-widened", Outcome.OPENED, change, message, f"spec.{field}")


@danger("project-narrowed")
def project_narrowed(difference: Difference) -> Iterator[Danger]:
    """An AppProject that no longer allows what its applications may still have there."""
    for change in difference.objects:
        if change.resource.kind == "AppProject" and change.before and change.after:
            for field in ALLOWING:
                fewer = _more(change, f"spec.{field}", reverse=True)
                if fewer:
                    gone = _listed(map(_compact, fewer))
                    message = f"what is there is neither updated nor pruned any more: {gone}"
                    yield costs("project-narrowed", Outcome.STALE, change, message, f"spec.{field}")


def _more(change: ObjectChange, field: str, *, reverse: bool = False) -> list[Any]:
    """The elements of a list that only the later side has; only the earlier one, in reverse."""
    old, new = (change.value(field, side) or [] for side in (change.before, change.after))
    if reverse:
        old, new = new, old
    known = {_compact(each) for each in old}
    return [each for each in new if _compact(each) not in known]


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _listed(texts: Iterable[str]) -> str:
    every = list(texts)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(every[:SHOWN]) + more


def _widened(change: ObjectChange, message: str, field: str) -> Danger:
    return costs("access-widened", Outcome.OPENED, change, message, field)
