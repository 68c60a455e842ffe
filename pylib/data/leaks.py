"""What splits that a source gives share with one another, and what came too late to be given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from pylib.data.dataset import SplitName
from pylib.data.duplicates import clusters
from pylib.data.findings import Finding, find
from pylib.data.split import missing_splits

_FEW = 5


def leaks(
    splits: Mapping[str, SplitName], near: Iterable[tuple[str, str]], groups: Mapping[str, str | None]
) -> Iterator[Finding]:
    """Name the images that look alike, and the groups, that are in more than one split."""
    pairs = [(one, other) for one, other in near if one in splits and other in splits]
    for cluster in clusters(pairs):
        if len({splits[item] for item in cluster}) > 1:
            first, *others = cluster
            reason = f"in {splits[first]}, looks like {_placed(others, splits)}"
            yield find("split-leak", first, reason, others)
    members: dict[str, list[str]] = defaultdict(list)
    for item, group in sorted(groups.items()):
        if group is not None and item in splits:
            members[group].append(item)
    for group, items in sorted(members.items()):
        if len({splits[item] for item in items}) > 1:
            yield find("split-leak", group, f"a group that has {_placed(items, splits)}", items)


def moved(given: Mapping[str, SplitName], splits: Mapping[str, SplitName]) -> Iterator[Finding]:
    """Name the items that stay in another split than the one given now: that of an earlier commit."""
    missing = missing_splits(given.values())
    for item, split in sorted(given.items()):
        kept = splits.get(item, split)
        if kept != split and not (split == "train" and kept in missing):
            yield find("split-kept", item, f"given to {split}, and in {kept} since an earlier commit")


def _placed(items: list[str], splits: Mapping[str, SplitName]) -> str:
    shown: dict[SplitName, list[str]] = defaultdict(list)
    for item in items:
        shown[splits[item]].append(item)
    return " and ".join(
        f"{', '.join(found[:_FEW])}{', …' if len(found) > _FEW else ''} in {split}"
        for split, found in shown.items()
    )
