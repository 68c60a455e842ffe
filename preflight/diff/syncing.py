"""What Argo CD is told of an object's end: pruned, kept, replaced, or run as a hook."""

from katib.experiment import value_at
from preflight.render.applications import Application
from preflight.render.cluster import Render
from preflight.render.resources import Resource

OPTIONS = "argocd.argoproj.io/sync-options"
HOOK = "argocd.argoproj.io/hook"
FINALIZER = "resources-finalizer.argocd.argoproj.io"
NEVER_DELETING = {"create-only", "create-update"}


def sync_options(resource: Resource) -> frozenset[str]:
    """The options in an object's own annotation."""
    return frozenset(option.strip() for option in resource.annotations.get(OPTIONS, "").split(","))


def is_hook(resource: Resource) -> bool:
    """Whether each sync makes the object anew, so that nothing of it is changed in place."""
    return HOOK in resource.annotations or "name" not in resource.metadata


def option(resource: Resource, what: str, application: Application) -> str:
    """The option, `Prune=false`, that keeps an object, its own before its application's; empty for none."""
    for options in (sync_options(resource), application.sync_options):
        found = sorted(each for each in options if each.startswith(f"{what}="))
        if found:
            return found[0] if found[0] in {f"{what}=false", f"{what}=confirm"} else ""
    return ""


def policy(of_set: Resource) -> str:
    """What a set may do with its applications, `sync` where it does not say."""
    return str((of_set.spec.get("syncPolicy") or {}).get("applicationsSync") or "sync")


def cascades(application: Application, render: Render) -> bool:
    """Whether the end of an application is the end of its objects.

    Source: the ApplicationSet controller, which gives its applications the finalizer unless told otherwise.
    """
    sets = {each.name: each for each in render.of("ApplicationSet")}
    made_by_set = sets.get(application.owner)
    if application.parent or made_by_set is None:
        own = next((each for each in render.of("Application") if each.name == application.name), None)
        return bool(own and FINALIZER in (own.metadata.get("finalizers") or []))
    preserving = value_at(made_by_set.spec, "syncPolicy.preserveResourcesOnDeletion")
    finalizers = value_at(made_by_set.spec, "template.metadata.finalizers") or []
    return FINALIZER in finalizers or not (finalizers or preserving)
