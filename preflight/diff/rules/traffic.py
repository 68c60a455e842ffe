"""Who may reach a workload after a push and not before, and the other way round.

Policies are judged together, by what they do to each workload: one that allows closes when it goes, but for
the last one, without which everything is open.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from preflight.diff.compare import Difference, ObjectChange
from preflight.diff.dangers import Danger, Outcome, costs, danger
from preflight.diff.traffic import mesh, network
from preflight.diff.traffic.boxes import Access, gains, words
from preflight.diff.traffic.targets import Target, targets
from preflight.render.cluster import Key
from preflight.render.resources import Resource
from preflight.render.selection import Labels

SHOWN = 3


class Way(NamedTuple):
    """A way that traffic takes, and the policies that rule it."""

    kind: str
    opened: str
    closed: str
    selects: Callable[[Resource, str, Labels], bool]
    access: Callable[[Iterable[Resource]], Access]


WAYS = (
    Way(
        "NetworkPolicy",
        "more may connect to",
        "less may connect to",
        network.selects,
        lambda policies: network.access(policies, "Ingress"),
    ),
    Way(
        "NetworkPolicy",
        "more can be reached by",
        "less can be reached by",
        network.selects,
        lambda policies: network.access(policies, "Egress"),
    ),
    Way(
        "AuthorizationPolicy",
        "more requests are taken by",
        "less requests are taken by",
        mesh.selects,
        mesh.access,
    ),
)


@danger("access-opened")
def access_opened(difference: Difference) -> Iterator[Danger]:
    """Policies that let through what they did not."""
    yield from _told(difference, opened=True)


@danger("access-closed")
def access_closed(difference: Difference) -> Iterator[Danger]:
    """Policies that no longer let through what they did."""
    yield from _told(difference, opened=False)


def _told(difference: Difference, *, opened: bool) -> Iterator[Danger]:
    for way in WAYS:
        found: dict[int, tuple[ObjectChange, list[str], str]] = {}
        for target, changes, old, new in _affected(difference, way):
            gained = gains(old, new) if opened else gains(new, old)
            for change in changes if gained else ():
                names = found.setdefault(id(change), (change, [], words(gained[0])))[1]
                names.append(target.name)
        for change, names, who in found.values():
            yield _danger(way, change, names, who, opened=opened)


def _danger(way: Way, change: ObjectChange, names: list[str], who: str, *, opened: bool) -> Danger:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    what = f"{way.opened if opened else way.closed} {', '.join(names[:SHOWN])}{more}"
    what += f": {who}" if opened else f": no longer {who}"
    path = "" if change.verb != "changed" else next((each.path for each in change.fields), "")
    if opened:
        identifier = "guard-removed" if change.verb == "removed" else "access-opened"
        return costs(identifier, Outcome.OPENED, change, what, path)
    return costs("access-closed", Outcome.CLOSED, change, f"{what}; who needs that is refused", path)


def _affected(
    difference: Difference, way: Way
) -> Iterator[tuple[Target, list[ObjectChange], Access, Access]]:
    """Each target whose policies, or labels, differ: what rules it before and after, and what made it so."""
    changed = [each for each in difference.objects if each.resource.kind == way.kind and _traffic(each)]
    relabelled = {str(each.resource): each for each in difference.objects if each.before and each.after}
    old, new = (list(side.of(way.kind)) for side in (difference.before, difference.after))
    for target in targets(difference, changed):
        before = [each for each in old if way.selects(each, target.namespace, target.before)]
        after = [each for each in new if way.selects(each, target.namespace, target.after)]
        keys = {each.key for each in before}, {each.key for each in after}
        causes = [each for each in changed if _among(each.before, keys[0]) or _among(each.after, keys[1])]
        if not causes and target.before != target.after and target.name in relabelled:
            causes = [relabelled[target.name]]
        if causes:
            yield target, causes, way.access(before), way.access(after)


def _among(side: Resource | None, keys: set[Key]) -> bool:
    return side is not None and side.key in keys


def _traffic(change: ObjectChange) -> bool:
    """Whether more than its labels and annotations differ."""
    return not (change.before and change.after) or any(
        each.path[0] == "spec" or each.path[:2] == ("metadata", "namespace") for each in change.fields
    )
