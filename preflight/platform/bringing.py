"""Which applications that could not be rendered may bring what is missing."""

from collections.abc import Iterable

from preflight.platform.reach import Reach, reaches
from preflight.render.cluster import Render
from preflight.render.pods import TEMPLATES

# What becomes what a pod, a route or a binding names.
POD_MAKERS = (*TEMPLATES, "SeldonDeployment")
SERVICE_MAKERS = ("Service", "Notebook", "Tensorboard", "SeldonDeployment")


def bringing(render: Render, kinds: Iterable[str], namespace: str = "") -> list[Reach]:
    """The applications, not rendered, that may bring an object of one of the kinds into a namespace.

    One that lives in no namespace, where none is given.
    """
    listed = list(kinds)
    return [each for each in reaches(render) if any(each.may_bring(kind, namespace) for kind in listed)]


def bringing_anywhere(render: Render, kinds: Iterable[str]) -> list[Reach]:
    """The same, whatever the namespace."""
    listed = list(kinds)
    return [each for each in reaches(render) if any(map(each.may_bring_anywhere, listed))]


def bringing_named(render: Render, pattern: str) -> list[Reach]:
    """Those that may bring what a pattern such as `Deployment kubeflow/*` is about."""
    kind, _, name = pattern.partition(" ")
    namespace, slash, _ = name.partition("/")
    if set("*?[") & set(kind + (namespace if slash else "")):
        return list(reaches(render))
    return bringing(render, [kind], namespace if slash else "")


def whole(render: Render, namespace: str) -> bool:
    """Whether no application that could not be rendered may bring something into a namespace."""
    return not any(each.may_write_into(namespace) for each in reaches(render))
