"""What sets make: applications with a name, each once, where Argo CD looks."""

import re
from collections import defaultdict
from fnmatch import fnmatchcase

from preflight.findings import Problem, Problems
from preflight.registry import rule
from preflight.render.applications import ROOT
from preflight.render.cluster import Render
from preflight.render.kinds import namespace
from preflight.render.resources import Resource
from preflight.render.sets.expand import names
from preflight.rules.argo_cd.folders import in_two_sets

NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LONGEST = 253
TEMPLATE = "spec.template.metadata.name"
PARAMETERS = "argocd-cmd-params-cm"
ARGOCD = "argocd"
# Who looks at what, and the key that lets it look into other namespaces.
LOOKERS = {"Application": "application.namespaces", "ApplicationSet": "applicationsetcontroller.namespaces"}


@rule(
    "applicationset-error",
    "Argo CD then changes none of the set's applications, and shows it in the set's status alone",
)
def applicationset_error(render: Render) -> Problems:
    """Every generator and template of a set makes what it is to make."""
    for expansion in render.expansions:
        for told in expansion.refused:
            yield Problem(expansion.source, told.field, told.message)


@rule("invalid-application-name", "the API server refuses an application whose name is no DNS name")
def invalid_application_name(render: Render) -> Problems:
    """Every application that a set makes has a name that Kubernetes takes."""
    for expansion in render.expansions:
        for name in dict.fromkeys(names(expansion)):
            if not NAME.fullmatch(name) or len(name) > LONGEST:
                told = f"it makes the name '{name}'" if name else "it makes an application without a name"
                unresolved = (
                    "; a parameter of that name is not given" if "{{" in name or "<no value>" in name else ""
                )
                message = f"{told}{unresolved}; names are of a-z, 0-9, '-' and '.'"
                yield Problem(expansion.source, TEMPLATE, message)


@rule("duplicate-application", "of two applications of one name Argo CD makes one, and which one is chance")
def duplicate_application(render: Render) -> Problems:
    """No two applications have one name and namespace: of one set, of two, or of a set and a folder."""
    made: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    shared = in_two_sets(render)  # which folder-in-two-applicationsets says
    for resource in render.of("Application"):
        if resource.name != ROOT:
            made[namespace(render, resource), resource.name].append(resource)
    for expansion in render.expansions:
        for name in filter(None, names(expansion)):
            made[namespace(render, expansion.source), name].append(expansion.source)
    for (_, name), makers in made.items():
        if len(makers) > 1 and not {(name, str(each)) for each in makers} <= shared:
            others = " and ".join(dict.fromkeys(map(str, makers)))
            field = TEMPLATE if makers[-1].kind == "ApplicationSet" else "metadata.name"
            message = f"{name} is made {len(makers)} times, by {others}; give each a name of its own"
            yield Problem(makers[-1], field, message)


@rule("application-ignored", "nothing of it is ever applied, and nothing says so")
def application_ignored(render: Render) -> Problems:
    """Every Application and set is in Argo CD's own namespace, or in one that it is told to look into."""
    own = _controller(render)
    for kind, key in LOOKERS.items():
        told = _parameter(render, key)
        for resource in render.of(kind):
            place = namespace(render, resource)
            if place not in {own, ""} and told is not None and not _covers(told, place):
                message = (
                    f"Argo CD looks into {own}; move it there, or put {place} into {key} of {PARAMETERS}"
                )
                yield Problem(resource, "metadata.namespace", message)


def _controller(render: Render) -> str:
    """Argo CD's namespace: that of its root, settings or projects; `argocd` where none is rendered."""
    roots = [each for each in render.of("Application") if each.name == ROOT]
    settings = [each for each in render.of("ConfigMap") if each.name == PARAMETERS]
    known = [*roots, *settings, *render.of("AppProject")]
    return next((each.namespace for each in known if each.namespace), ARGOCD)


def _parameter(render: Render, key: str) -> str | None:
    """What Argo CD is told; None where its settings could not be rendered."""
    settings = [each for each in render.of("ConfigMap") if each.name == PARAMETERS]
    if not settings and render.unchecked:
        return None
    return ",".join(str((each.body.get("data") or {}).get(key) or "") for each in settings)


def _covers(told: str, place: str) -> bool:
    """Patterns with commas between; one in slashes is a regular expression."""
    for pattern in filter(None, (each.strip() for each in told.split(","))):
        expression = pattern[1:-1] if len(pattern) > 1 and pattern[0] == pattern[-1] == "/" else None
        if re.search(expression, place) if expression else fnmatchcase(place, pattern):
            return True
    return False
