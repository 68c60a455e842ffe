"""Jumps over a minor or major version: of upstream's tag, of a chart, of an image."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from preflight.diff.compare import Difference
from preflight.diff.dangers import Danger, Outcome, danger
from preflight.render.versions import Versions, parsed, versions

CALENDAR = 20  # `26.03`: from this major on, a version is a year and a month

# What to know of an upgrade beyond upstream's notes, by a part of the component's name.
KNOWN = {
    "istio": "running sidecars stay at the former version until their pods restart (kubectl rollout restart)",
    "postgres": "a new major does not start on the former one's data: dump and restore",
    "mysql": "the data directory is upgraded at the first start and cannot go back",
    "mariadb": "the data directory is upgraded at the first start and cannot go back",
    "cert-manager": "certificates are checked again and some may be issued anew",
}


@dataclass(frozen=True)
class Jump:
    """Components of an application whose version changes by more than a patch, all from one to another."""

    components: str
    before: str
    after: str


@danger("version-jump")
def version_jump(difference: Difference) -> Iterator[Danger]:
    """An upgrade, or a downgrade, over a minor or major version."""
    old, new = versions(difference.before), versions(difference.after)
    for change in difference.applications:
        if change.before and change.after:
            name, path = f"Application {change.name}", change.after.path
            for jump in jumps(old[change.name], new[change.name]):
                place = (change.name, name, path, jump.components)
                yield Danger("version-jump", Outcome.UPGRADED, *place, _message(jump, change.name))


def jumps(old: Versions, new: Versions) -> list[Jump]:
    """What jumps in an application, those of the same versions together."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for component in sorted(old.keys() & new.keys()):
        gone, come = old[component] - new[component], new[component] - old[component]
        if gone and come:
            before, after = max(gone, key=_order), max(come, key=_order)
            if _size(before, after):
                found[before, after].append(component)
    return [Jump(", ".join(components), *pair) for pair, components in found.items()]


def _order(version: str) -> tuple[tuple[int, int, int], str]:
    return parsed(version) or (0, 0, 0), version


def _size(before: str, after: str) -> str:
    """What the jump is called; empty for a patch."""
    old, new = parsed(before), parsed(after)
    if old is None or new is None:
        return "of unknown size"
    if old[:2] == new[:2]:
        return ""
    down = "a downgrade, " if new < old else ""
    if old[0] != new[0]:
        return f"{down}major"
    skipped = abs(new[1] - old[1]) - 1
    skips = f", {skipped} skipped" if skipped and old[0] < CALENDAR else ""
    return f"{down}minor{skips}"


def _message(jump: Jump, application: str) -> str:
    subject = f"{application} {jump.components}"
    known = next((f"; {text}" for name, text in KNOWN.items() if name in subject), "")
    size = _size(jump.before, jump.after)
    return (
        f"{jump.before} → {jump.after} ({size}): read upstream's notes on the upgrade; "
        f"what it migrates does not come back with git revert{known}"
    )
