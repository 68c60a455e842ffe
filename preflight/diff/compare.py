"""Two renders of one cluster compared: what each application gains, loses and changes."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from katib.experiment import value_at
from preflight.diff.destinations import landed
from preflight.diff.endings import Ending, Fate, endings
from preflight.diff.fields import ABSENT, FieldChange, difference
from preflight.diff.pairing import Pair, pairs
from preflight.diff.paths import Path
from preflight.diff.syncing import option
from preflight.diff.uncompared import NotCompared, not_compared
from preflight.render.applications import ROOT, Application
from preflight.render.cluster import Render
from preflight.render.resources import Resource

HIDDEN = "(hidden)"
SECRET_FIELDS = {"data", "stringData"}
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class ObjectChange:
    """An object before and after; None where there is none.

    Both are there and of different names where one takes the other's place: a configuration with another hash
    in its name, or an object in another namespace.

    recreated: whether it is deleted with its application before another one, or the same, makes it anew
    """

    before: Resource | None
    after: Resource | None
    fields: tuple[FieldChange, ...]
    recreated: bool = False

    @property
    def resource(self) -> Resource:
        """The object as it will be, or as it was where it goes."""
        return cast("Resource", self.after or self.before)  # one of them is there

    @property
    def verb(self) -> str:
        """What happens to it, in a word."""
        if self.before is None:
            return "created"
        if self.after is None:
            return "removed"
        if self.recreated:
            return "recreated"
        if self.before.key != self.after.key:
            return "replaced"
        return "changed" if self.before.application == self.after.application else "moved"

    def value(self, path: str, side: Resource | None) -> Any:
        """The value at a dotted path of one side; None where it is missing."""
        return value_at(side.body, path) if side else None


@dataclass(frozen=True)
class ApplicationChange:
    """An application before and after, with the objects that differ and its own settings that do."""

    name: str
    before: Application | None
    after: Application | None
    objects: tuple[ObjectChange, ...]
    fields: tuple[FieldChange, ...]

    @property
    def verb(self) -> str:
        """What happens to it, in a word."""
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True)
class Difference:
    """All that differs between two renders of a cluster, and what could not be compared."""

    before: Render
    after: Render
    applications: tuple[ApplicationChange, ...]
    not_compared: tuple[NotCompared, ...]

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.after.cluster

    @property
    def objects(self) -> list[ObjectChange]:
        """Every object that differs."""
        return [change for application in self.applications for change in application.objects]


def compare(before: Render, after: Render) -> Difference:
    """Compare two renders; applications that one of them lacks for want of a base keep out of it, by name."""
    missing = not_compared(before, after)
    blind = {each.application for each in missing}
    ended = endings(before, after)
    old, new = landed(before, after)
    changes = [
        _remade(_object(pair), ended, before) for pair in pairs(_known(old, blind), _known(new, blind))
    ]
    differing: dict[str, list[ObjectChange]] = defaultdict(list)
    for change in changes:
        if change.fields or change.verb != "changed":
            differing[change.resource.application].append(change)
    names = {**before.applications, **after.applications}
    known = (name for name in _in_order(names.values()) if name not in blind or _listed(name, before, after))
    made = (_application(name, before, after, differing[name]) for name in known)
    return Difference(before, after, tuple(each for each in made if each), missing)


def _known(resources: list[Resource], blind: set[str]) -> list[Resource]:
    return [resource for resource in resources if resource.application not in blind]


def _remade(change: ObjectChange, ended: dict[str, Ending], before: Render) -> ObjectChange:
    """The same, with whether it goes with its application before it is made anew."""
    if change.before is None or change.after is None:
        return change
    ending = ended.get(change.before.application)
    going = ending and ending.fate is Fate.DELETED
    application = before.applications[change.before.application]
    return replace(change, recreated=bool(going and not option(change.before, "Delete", application)))


def _listed(name: str, before: Render, after: Render) -> bool:
    """Whether both sides are known to have an application or not, even if its objects are unknown."""
    unrendered = {each.application for side in (before, after) for each in side.unchecked}
    there = (name in before.applications, name in after.applications)
    return all(there) or (name in unrendered and ROOT not in unrendered)


def _in_order(applications: Iterable[Application]) -> list[str]:
    return [each.name for each in sorted(applications, key=lambda each: (each.wave, each.name))]


def _application(
    name: str, before: Render, after: Render, changes: list[ObjectChange]
) -> ApplicationChange | None:
    one, other = before.applications.get(name), after.applications.get(name)
    objects = sorted(changes, key=lambda change: (change.verb, change.resource.key))
    fields = tuple(difference(_settings(one), _settings(other))) if one and other else ()
    if not (objects or fields or one is None or other is None):
        return None
    return ApplicationChange(name, one, other, tuple(objects), fields)


def _settings(application: Application) -> dict[str, Any]:
    """What an application is told, as far as people would call it a change."""
    settings: dict[str, Any] = {
        "wave": application.wave,
        "owner": application.owner,
        "project": application.project,
        "path": application.path,
        "server": application.server,
        "namespace": application.namespace,
        "syncOptions": sorted(application.sync_options),
    }
    if application.chart:
        chart = application.chart
        settings["chart"] = {"repository": chart.url, "path": chart.path, "version": chart.ref}
    return settings


def _object(pair: Pair) -> ObjectChange:
    before, after = pair
    if before is None or after is None:
        return ObjectChange(before, after, ())
    changes = difference(before.body, after.body)
    secret = "Secret" in (before.kind, after.kind)
    return ObjectChange(before, after, tuple(_hidden(each) if secret else each for each in changes))


def _hidden(change: FieldChange) -> FieldChange:
    """The same without the values: a diff is read by more people than a secret may be."""
    if not (change.path[0] in SECRET_FIELDS or _repeats(change.path)):
        return change
    before, after = (ABSENT if value is ABSENT else HIDDEN for value in (change.before, change.after))
    return replace(change, before=before, after=after)


def _repeats(path: Path) -> bool:
    """Whether the field holds a copy of the whole object."""
    return path[:2] == ("metadata", "annotations") and (len(path) == 2 or path[2] == LAST_APPLIED)  # noqa: PLR2004
