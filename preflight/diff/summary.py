"""A difference in a few words: counts, titles, and the dangers that say the same as one."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from preflight.diff.compare import ApplicationChange, ObjectChange
from preflight.diff.dangers import Danger

SHOWN = 3


@dataclass(frozen=True)
class DangerRow:
    """Dangers that differ in nothing but the object: of one cause, or of the same cost."""

    first: Danger
    objects: tuple[str, ...]

    @property
    def what(self) -> str:
        """The objects, the first of them by name."""
        more = len(self.objects) - SHOWN
        return ", ".join(self.objects[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def rows(dangers: Iterable[Danger]) -> list[DangerRow]:
    """Dangers in their order, those of the same cost together."""
    grouped: dict[tuple[str, ...], list[Danger]] = defaultdict(list)
    for each in dangers:
        grouped[each.outcome, each.id, each.message].append(each)
    return [
        DangerRow(group[0], tuple(dict.fromkeys(each.object for each in group))) for group in grouped.values()
    ]


def counted(changes: Iterable[ObjectChange]) -> str:
    """`2 changed, 1 created`; `no object` where there is none."""
    counts = Counter(change.verb for change in changes)
    return ", ".join(f"{count} {verb}" for verb, count in sorted(counts.items())) or "no object"


def title(application: ApplicationChange) -> str:
    """An application's state and what happens in it."""
    told = application.after or application.before
    state = "" if application.verb == "changed" else f" {application.verb}"
    return f"{application.name}{state} (wave {told.wave if told else '?'}): {counted(application.objects)}"
