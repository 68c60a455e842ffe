"""Applications that end, are left alone, go elsewhere or into another project, and what of their objects.

Those of one cause say the same, so that they are shown as one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from preflight.diff.compare import ApplicationChange, Difference
from preflight.diff.dangers import Danger, Outcome, danger
from preflight.diff.endings import Ending, Fate, endings
from preflight.diff.syncing import option
from preflight.render.resources import Resource

SHOWN = 3
# What takes more with it than itself, and what that is.
TAKING = {
    "PersistentVolumeClaim": "the data of claims",
    "Namespace": "all that is in namespaces",
    "CustomResourceDefinition": "every object of the kinds of CRDs",
    "Profile": "the namespaces of profiles",
}


@danger("application-removed")
def application_removed(difference: Difference) -> Iterator[Danger]:
    """An application that no other one follows, and with it all its objects."""
    yield from _told("application-removed", difference, lambda each: each.successor is None)


@danger("application-renamed")
def application_renamed(difference: Difference) -> Iterator[Danger]:
    """An application of another name in the place of one: Argo CD pairs them by nothing else."""
    yield from _told(
        "application-renamed",
        difference,
        lambda each: each.successor is not None and each.successor.name != each.application.name,
    )


@danger("application-owner")
def application_owner(difference: Difference) -> Iterator[Danger]:
    """An application that another set, or a folder, makes from now on."""
    yield from _told(
        "application-owner",
        difference,
        lambda each: each.successor is not None and each.successor.name == each.application.name,
    )


@danger("destination-changed")
def destination_changed(difference: Difference) -> Iterator[Danger]:
    """An application that goes to another cluster: Argo CD does not look at the former one any more."""
    ended = endings(difference.before, difference.after)
    for change in difference.applications:
        old, new = change.before, change.after
        if old and new and old.server != new.server and change.name not in ended:
            count = len(difference.before.of_application(change.name))
            there = f"its {count} objects stay on {_cluster(old.server)} and run on, owned by nobody"
            message = f"they are made anew on {_cluster(new.server)}, and data stays behind: {there}"
            yield _danger("destination-changed", Outcome.RECREATED, change, message)


@danger("project-changed")
def project_changed(difference: Difference) -> Iterator[Danger]:
    """An application in another project, which may allow less."""
    projects = {each.name for each in difference.after.of("AppProject")}
    for change in difference.applications:
        old, new = change.before, change.after
        if old and new and old.project != new.project:
            what = f"project {old.project} becomes {new.project or 'default'}: nothing is deleted"
            if new.project in projects:
                message = f"{what}; what the new one does not list is neither updated nor pruned any more"
                yield _danger("project-changed", Outcome.STALE, change, message)
            else:
                message = f"{what}, and there is no such AppProject: Argo CD refuses every sync"
                yield _danger("project-changed", Outcome.REFUSED, change, message)


def _told(identifier: str, difference: Difference, wanted: Callable[[Ending], bool]) -> Iterator[Danger]:
    groups: dict[tuple[str, Fate, str], list[Ending]] = defaultdict(list)
    for each in endings(difference.before, difference.after).values():
        if wanted(each):
            groups[each.cause, each.fate, each.keeping].append(each)
    for group in groups.values():
        outcome, message = _outcome(group, difference)
        for each in group:
            application = each.application
            name = f"Application {application.name}"
            yield Danger(identifier, outcome, application.name, name, application.path, "", message)


def _outcome(group: list[Ending], difference: Difference) -> tuple[Outcome, str]:
    """What becomes of applications that end for one cause, in a sentence."""
    first = group[0]
    names = {each.application.name for each in group}
    held = [each for each in difference.before.resources if each.application in names]
    if first.fate is Fate.STAYING:
        return Outcome.STALE if first.successor else Outcome.KEPT, _staying(group, len(held))
    if first.fate is Fate.ENDED:
        owner = f"{_named(first)} takes them over" if first.successor else "owned by nobody"
        ending = f"{first.cause}: {_count(len(names), 'application')} and no finalizer"
        return Outcome.KEPT, f"{ending}: {_count(len(held), 'object')} stay, {owner}"
    return Outcome.REMOVED, _deleted(group, held, difference)


def _staying(group: list[Ending], count: int) -> str:
    first = group[0]
    message = (
        f"{first.cause}: {_count(len(group), 'application')} with {_count(count, 'object')} stay as they "
        f"are, kept by {first.keeping}, and Git changes them no longer"
    )
    if first.successor:
        message += f"; {_named(first)} is refused as long as the former owner is there"
    return message


def _deleted(group: list[Ending], held: list[Resource], difference: Difference) -> str:
    applications = difference.before.applications
    staying = [each for each in held if option(each, "Delete", applications[each.application])]
    going = [each for each in held if each not in staying]
    who = "the application and its" if len(group) == 1 else f"{len(group)} applications and their"
    message = (
        f"{group[0].cause}: Argo CD deletes {who} objects, {len(going)} of those known here"
        f"{_lost(going)}; {_kept(staying)}"
    )
    unrendered = {each.application for each in difference.before.unchecked}
    unknown = [each.application.name for each in group if each.application.name in unrendered]
    if unknown:
        message += f"; what {_listed(unknown)} has is not known, as it could not be rendered"
    successors = [_named(each) for each in group if each.successor]
    return message + (f"; then they are made anew: {_listed(successors)}" if successors else "")


def _named(ending: Ending) -> str:
    successor, name = ending.successor, ending.application.name
    if successor is None:
        return ""
    return f"{name} as {successor.name}" if successor.name != name else f"{name} of {successor.owner}"


def _lost(going: list[Resource]) -> str:
    lost = [
        f"{what} ({_listed(names)})"
        for kind, what in TAKING.items()
        if (names := [str(each).partition(" ")[2] for each in going if each.kind == kind])
    ]
    return f", and with them {', '.join(lost)}" if lost else ""


def _kept(staying: list[Resource]) -> str:
    return f"kept by Delete=false: {_listed(map(str, staying))}" if staying else "none is kept"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return f"{', '.join(every[:SHOWN])}{more}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _cluster(server: str) -> str:
    return server or "this cluster"


def _danger(identifier: str, outcome: Outcome, change: ApplicationChange, message: str) -> Danger:
    path = change.after.path if change.after else ""
    return Danger(identifier, outcome, change.name, f"Application {change.name}", path, "", message)
