"""A namespace under another name: all that was in it is made anew, and the data stays behind."""

from collections import defaultdict
from collections.abc import Iterator

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.endings import kept

Names = tuple[str, str]


def renamed(difference: Difference) -> dict[Names, list[ObjectChange]]:
    """What goes from one namespace to another, where the former leaves Git and the latter is new there."""
    gone = {each.resource.name for each in difference.objects if _is(each, "removed")}
    new = {each.resource.name for each in difference.objects if _is(each, "created")}
    return {
        names: changes
        for names, changes in _recreated(difference).items()
        if names[0] in gone and names[1] in new
    }


@danger("namespace-renamed")
def namespace_renamed(difference: Difference) -> Iterator[Danger]:
    """A renamed namespace: the server knows no such thing, only another namespace."""
    for (old, new), changes in renamed(difference).items():
        claims = [each for each in changes if each.resource.kind == "PersistentVolumeClaim"]
        message = (
            f"{old} becomes {new}: {len(changes)} objects are made anew there and deleted in {old}; data "
            f"stays behind (claims: {len(claims)}, and what users made), {_former(old, difference)}"
        )
        namespace = next(each for each in difference.objects if _is(each, "created", new))
        yield costs("namespace-renamed", Outcome.RECREATED, namespace, message)


@danger("object-recreated")
def object_recreated(difference: Difference) -> Iterator[Danger]:
    """An object that is wanted in another namespace."""
    known = renamed(difference)
    for (old, new), changes in _recreated(difference).items():
        for change in changes if (old, new) not in known else []:
            message = f"goes from namespace {old} to {new}: it is made anew there and deleted in {old}"
            yield costs("object-recreated", Outcome.RECREATED, change, message)


def _former(old: str, difference: Difference) -> str:
    namespace = next(each.before for each in difference.objects if _is(each, "removed", old))
    keeping = kept(namespace, difference.before, difference.after) if namespace else ""
    return f"and {old} with it, kept by {keeping}" if keeping else f"and is deleted with {old}"


def _recreated(difference: Difference) -> dict[Names, list[ObjectChange]]:
    moves: dict[Names, list[ObjectChange]] = defaultdict(list)
    for change in difference.objects:
        if change.before and change.after and change.before.namespace != change.after.namespace:
            moves[change.before.namespace, change.after.namespace].append(change)
    return dict(moves)


def _is(change: ObjectChange, verb: str, name: str = "") -> bool:
    resource = change.resource
    return change.verb == verb and resource.kind == "Namespace" and name in {"", resource.name}
