"""Kinds: which are Kubernetes' own, what defines the others, which of them live in a namespace."""

from preflight.render.cluster import Render
from preflight.render.resources import KUBERNETES, Resource

# What Argo CD itself must know before it can sync anything.
ARGOCD_KINDS = {"Application", "ApplicationSet", "AppProject"}
Definitions = dict[tuple[str, str], Resource]


def definitions(render: Render) -> Definitions:
    """The CustomResourceDefinition of each group and kind."""
    return {
        (str(each.spec.get("group")), str((each.spec.get("names") or {}).get("kind"))): each
        for each in render.of("CustomResourceDefinition")
    }


def custom(resource: Resource) -> bool:
    """Whether a CustomResourceDefinition must make its kind."""
    return resource.group not in KUBERNETES["groups"]


def namespaced(resource: Resource, known: Definitions) -> bool:
    """Whether an object lives in a namespace; of a kind that nothing defines, whether it names one."""
    if not custom(resource):
        return resource.kind not in KUBERNETES["cluster_scoped"]
    definition = known.get((resource.group, resource.kind))
    return bool(resource.namespace) if definition is None else definition.spec.get("scope") == "Namespaced"


def landing(place: str) -> str:
    """What findings about one namespace have in common."""
    return f"objects land in namespace {place or 'default'}"


def namespace(render: Render, resource: Resource) -> str:
    """The namespace that a namespaced object lands in: its own, else its application's."""
    return resource.namespace or render.applications[resource.application].namespace
