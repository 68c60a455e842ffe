"""Which applications a push ends, and what becomes of their objects: Argo CD knows no renaming.

It tells applications apart by name, and a set owns those that it has made (ownerReferences). One that its set
no longer makes is deleted, and so are its objects where it has the finalizer; a set that goes takes its own
along. Another set refuses what is owned already, and makes it anew once it is gone.
Source: applicationset/controllers/applicationset_controller.go of Argo CD 3.5.1 (deleteInCluster,
createOrUpdateInCluster, removeOwnerReferencesOnDeleteAppSet) and Application-Deletion.md there.
"""

from dataclasses import dataclass
from enum import StrEnum

from preflight.diff.syncing import FINALIZER, NEVER_DELETING, cascades, option, policy
from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render
from preflight.render.resources import Resource


class Fate(StrEnum):
    """What becomes of an application that the next revision no longer has as it was.

    DELETED: with its objects; ENDED: without them; STAYING: as it is, and no longer changed by Git
    """

    DELETED = "deleted"
    ENDED = "ended"
    STAYING = "staying"


@dataclass(frozen=True)
class Ending:
    """The end of an application, or why there is none though Git no longer has it.

    cause: what in Git makes it so, one for all applications of that cause
    keeping: what keeps its objects; empty where they are deleted
    successor: the application that shows the same folder or chart from then on, perhaps of the same name
    """

    application: Application
    fate: Fate
    cause: str
    keeping: str
    successor: Application | None


def endings(before: Render, after: Render) -> dict[str, Ending]:
    """By name, each application that ends or is left alone; none for those that are updated in place."""
    known = [each for each in before.applications.values() if not _unknown(each, after)]
    found = (_ending(each, before, after) for each in known)
    return {each.application.name: each for each in found if each}


def kept(resource: Resource, before: Render, after: Render) -> str:
    """What keeps an object that leaves Git, or whose application ends; empty where nothing does."""
    application = before.applications[resource.application]
    ending = _ending(application, before, after)
    if ending is None:
        return option(resource, "Prune", application)
    return ending.keeping or option(resource, "Delete", application)


def _ending(application: Application, before: Render, after: Render) -> Ending | None:
    if ROOT in before.applications and ROOT not in after.applications:
        cause = "the folder of root is gone, so that Argo CD renders nothing anew"
        return Ending(application, Fate.STAYING, cause, "root, which Argo CD cannot render", None)
    successor = _successor(application, before, after)
    of_set = None if application.parent else _set(before, application.owner)
    if application.parent:
        return _of_folder(application, before, after, successor)
    if successor and successor.name == application.name and successor.owner == application.owner:
        return None
    if of_set is None:
        return None if successor else _deleted(application, "it leaves Git", before, None)
    remaining = _set(after, of_set.name)
    if remaining is None:
        return _without_set(application, of_set, before, after, successor)
    return _left_out(application, remaining, before, successor)


def _unknown(application: Application, after: Render) -> bool:
    """Whether what would bring an application could not be rendered, so that it may be there all the same."""
    return application.name not in after.applications and not {ROOT, application.owner}.isdisjoint(
        each.application for each in after.unchecked
    )


def _of_folder(
    application: Application, before: Render, after: Render, successor: Application | None
) -> Ending | None:
    """An Application that another one's folder holds: an object of that one."""
    own = next((each for each in before.of("Application") if each.name == application.name), None)
    parent = before.applications.get(own.application) if own else None
    above = _ending(parent, before, after) if parent and parent.name != application.name else None
    cause = above.cause if above else "it leaves Git"
    if above is None and application.name in after.applications:
        return None
    keeping = kept(own, before, after) if own and parent else ""
    if keeping:
        return Ending(application, Fate.STAYING, cause, f"{keeping} of the application itself", successor)
    return _deleted(application, cause, before, successor)


def _without_set(
    application: Application, of_set: Resource, before: Render, after: Render, successor: Application | None
) -> Ending:
    """Its set leaves Git: the set's own end is that of all its applications."""
    cause = f"ApplicationSet {of_set.name} leaves Git"
    keeping = kept(of_set, before, after) if of_set.application in before.applications else ""
    if keeping:
        stays = f"{cause} and stays on the cluster as it was, kept by {keeping}"
        return Ending(application, Fate.STAYING, stays, f"its set, which stays by {keeping}", successor)
    if policy(of_set) in NEVER_DELETING and FINALIZER in (of_set.metadata.get("finalizers") or []):
        keeping = f"the set's finalizer with its policy {policy(of_set)}"
        return Ending(application, Fate.STAYING, f"{cause}, but for its applications", keeping, successor)
    return _deleted(application, f"{cause} and is pruned, and its applications with it", before, successor)


def _left_out(
    application: Application, of_set: Resource, before: Render, successor: Application | None
) -> Ending:
    """Its set stays and no longer makes it, at least not under this name."""
    cause = f"ApplicationSet {of_set.name} no longer makes it"
    if successor and successor.name != application.name and successor.owner == of_set.name:
        cause = f"ApplicationSet {of_set.name} names its applications otherwise"
    elif successor and successor.owner != of_set.name:
        cause = f"ApplicationSet {of_set.name} leaves it to {_owner(successor)}"
    if policy(of_set) in NEVER_DELETING:
        keeping = f"its set's policy {policy(of_set)}"
        return Ending(application, Fate.STAYING, cause, keeping, successor)
    return _deleted(application, cause, before, successor)


def _deleted(application: Application, cause: str, before: Render, successor: Application | None) -> Ending:
    if cascades(application, before):
        return Ending(application, Fate.DELETED, cause, "", successor)
    return Ending(application, Fate.ENDED, cause, "its application's end, which does not cascade", successor)


def _successor(application: Application, before: Render, after: Render) -> Application | None:
    """The application of the same folder, or of the same chart in it."""
    same = after.applications.get(application.name)
    if same:
        return same
    new = (each for name, each in after.applications.items() if name not in before.applications)
    return next((each for each in new if _shows(each) == _shows(application)), None)


def _shows(application: Application) -> tuple[str, ...]:
    chart = application.chart
    return (application.path, application.parent and "chart", *((chart.url, chart.path) if chart else ()))


def _owner(application: Application) -> str:
    return f"application {application.parent}" if application.parent else f"set {application.owner}"


def _set(render: Render, name: str) -> Resource | None:
    return next((each for each in render.of("ApplicationSet") if each.name == name), None)
