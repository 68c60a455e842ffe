"""Which split an item belongs to: a function of its name, kept for ever, shared by what belongs together."""

import hashlib
import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pylib.data.dataset import SPLITS, SplitName
from pylib.errors import ConfigurationError

_TENTHS: dict[int, SplitName] = {7: "validation", 8: "test", 9: "calibration"}


def split_of(key: str) -> SplitName:
    """Split by MD5 (of an id or a group's key) mod 10: 0-6 train, 7 validation, 8 test, 9 calibration."""
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    return _TENTHS.get(int(digest, 16) % 10, "train")


def group_of(item: str, pattern: str | None) -> str | None:
    """Return the first capture group of the pattern, searched in the id; None without a match or a pattern.

    Raises ConfigurationError where the pattern is no regular expression with a group.
    """
    if not pattern:
        return None
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigurationError(f"group pattern {pattern!r} is no regular expression: {error}") from error
    if not compiled.groups:
        raise ConfigurationError(
            f"group pattern {pattern!r} captures nothing: put ( ) around the group's name"
        )
    match = compiled.search(item)
    return match.group(1) if match else None


@dataclass
class Assignment:
    """The result: each item's split, and for each that can have none the two splits that it would join."""

    splits: dict[str, SplitName] = field(default_factory=dict)
    bridges: dict[str, list[SplitName]] = field(default_factory=dict)


def assign(
    groups: Mapping[str, str | None],
    near: Iterable[tuple[str, str]],
    settled: Mapping[str, SplitName],
    pinned: Mapping[str, SplitName] | None = None,
    of: Callable[[str], SplitName] = split_of,
) -> Assignment:
    """Give every item a split such that near duplicates, and members of a group, share theirs.

    `groups` has all items, each with its group's key or None; `near` are pairs of near duplicates;
    `settled` are items of an earlier commit, which keep their split whatever happens; `pinned` are items of
    an earlier commit whose picture was replaced, and which may be linked to another split by now.
    A new item joins the split of what it is linked to; linked to two splits, it gets none. What is linked to
    nothing settled is split by `of`, by default the MD5, of the group's key or, for a cluster, of its
    smallest id.
    """
    return _Assigner(groups, near, settled, pinned or {}, of).run()


def assign_beside(
    given: Mapping[str, SplitName],
    groups: Mapping[str, str | None],
    near: Iterable[tuple[str, str]],
    settled: Mapping[str, SplitName],
    pinned: Mapping[str, SplitName],
) -> Assignment:
    """As `assign`, where the source gives splits: those stay, whatever they share with one another.

    What is given to train, and what is not given, is train's, but for the splits that are not given at all:
    those are cut from it as ever. A settled item stays where it is.
    """
    fixed = {item: settled.get(item, split) for item, split in given.items() if split != "train"}
    free = {item: group for item, group in groups.items() if item not in fixed}
    missing = missing_splits(given.values())
    assignment = assign(
        free,
        [(one, other) for one, other in near if one in free and other in free],
        {item: split for item, split in settled.items() if item in free},
        {item: split for item, split in pinned.items() if item in free},
        lambda key: split if (split := split_of(key)) in missing else "train",
    )
    assignment.splits.update(fixed)
    return assignment


def missing_splits(given: Collection[SplitName]) -> list[SplitName]:
    """The splits beside train that a source that gives these leaves to be cut."""
    return [split for split in SPLITS if split != "train" and split not in given]


class _Assigner:
    def __init__(
        self,
        groups: Mapping[str, str | None],
        near: Iterable[tuple[str, str]],
        settled: Mapping[str, SplitName],
        pinned: Mapping[str, SplitName],
        of: Callable[[str], SplitName],
    ) -> None:
        self.groups, self.pinned, self.of = groups, pinned, of
        self.result = Assignment()
        self.near: dict[str, list[str]] = defaultdict(list)
        for one, other in near:
            self.near[one].append(other)
            self.near[other].append(one)
        self.members: dict[str, list[str]] = defaultdict(list)
        for item, group in groups.items():
            if group is not None:
                self.members[group].append(item)
        self.group_splits: dict[str, set[SplitName]] = defaultdict(set)
        self.frontier = sorted(pinned)
        for item, split in settled.items():
            self._settle(item, split)

    def run(self) -> Assignment:
        self._spread()
        for item in sorted(self.groups):
            if not self._decided(item):
                self._settle(item, self.of(self.groups[item] or item))
                self._spread()
        return self.result

    def _spread(self) -> None:
        """Decide all that is linked to what is decided, the smallest id first."""
        while self.frontier:
            item = heapq.heappop(self.frontier)
            if self._decided(item):
                continue
            around = self._splits_around(item)
            if len(around) > 1:
                self.result.bridges[item] = sorted(around)
            else:
                self._settle(item, around.pop())

    def _splits_around(self, item: str) -> set[SplitName]:
        around = {self.result.splits[other] for other in self.near[item] if other in self.result.splits}
        if item in self.pinned:
            around.add(self.pinned[item])
        group = self.groups[item]
        return around | (self.group_splits[group] if group is not None else set())

    def _settle(self, item: str, split: SplitName) -> None:
        self.result.splits[item] = split
        linked = self.near[item]
        group = self.groups.get(item)
        if group is not None:
            if not self.group_splits[group]:  # its members need to be told once
                linked = linked + self.members[group]
            self.group_splits[group].add(split)
        for other in linked:
            if not self._decided(other):
                heapq.heappush(self.frontier, other)

    def _decided(self, item: str) -> bool:
        return item in self.result.splits or item in self.result.bridges
