"""From checked pairs to the next dataset.json: what is rejected between items, and who gets which split."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pylib.data.checks import CheckedSample, mask_digest
from pylib.data.dataset import SPLITS, DatasetIndex, Item, MaskTarget, SplitName
from pylib.data.duplicates import Labelled, clusters, exact_duplicates, near_pairs
from pylib.data.findings import Finding, find
from pylib.data.images import decode_mask
from pylib.data.names import case_key
from pylib.data.split import assign, group_of

_FEW = 5


@dataclass(frozen=True)
class Parent:
    """The commit that this one follows: its index, and how to read one of its files by path."""

    index: DatasetIndex
    read: Callable[[str], bytes]


@dataclass(frozen=True)
class Assembled:
    """The next index, the pairs that are new or changed in it, and what was found between items."""

    index: DatasetIndex
    pairs: list[CheckedSample]
    findings: list[Finding] = field(default_factory=list)


def assemble(
    examined: Sequence[CheckedSample],
    classes: dict[int, str],
    *,
    name: str,
    group: str | None = None,
    parent: Parent | None = None,
    add: bool = False,
) -> Assembled:
    """Make the next index of pairs that are good by themselves.

    With `add` it holds the parent's items too, all as they were; without, only those that are there again
    (by id), which keep their split. `group` is the pattern of `split.group_of`. Findings say what was
    rejected: duplicates, ids that clash, and images that would join two splits.
    """
    return _Assembler(examined, classes, name, group, parent, add=add).run()


class _Assembler:
    def __init__(
        self,
        examined: Sequence[CheckedSample],
        classes: dict[int, str],
        name: str,
        group: str | None,
        parent: Parent | None,
        *,
        add: bool,
    ) -> None:
        self.classes, self.name, self.group, self.parent = classes, name, group, parent
        self.old = {item.id: item for item in parent.index.items} if parent else {}
        self.fixed = self.old if add else {}
        self.pairs = list(examined)
        self.findings: list[Finding] = []

    def run(self) -> Assembled:
        self._drop(self._ids_taken())
        self.pairs = [pair for pair in self.pairs if pair.id not in self.fixed]
        self._drop(self._case_collisions())
        self._drop(exact_duplicates(self._labelled(), known=self.old, fixed=self.fixed))
        near = self._near_pairs()
        splits = self._splits(near)
        self._drop(self._near_findings(near))
        items = [self._item(pair, splits[pair.id]) for pair in self.pairs]
        items += [self._regrouped(item) for item in self.fixed.values()]
        index = DatasetIndex(
            task="segmentation",
            name=self.name,
            group_pattern=self.group,
            classes=self.classes,
            items=sorted(items, key=lambda item: item.id),
        )
        self._drop(self._remarks(index))
        return Assembled(index, self.pairs, self.findings)

    def _drop(self, findings: Iterable[Finding]) -> None:
        found = list(findings)
        self.findings += found
        gone = {finding.item for finding in found if finding.rejected}
        self.pairs = [pair for pair in self.pairs if pair.id not in gone]

    def _ids_taken(self) -> Iterator[Finding]:
        for pair in self.pairs:
            if (old := self.fixed.get(pair.id)) and not _same(pair, old):
                yield find("id-taken", pair.id, "the parent commit has another image or mask of this id")

    def _case_collisions(self) -> Iterator[Finding]:
        names: dict[str, list[str]] = defaultdict(list)
        for item in [*self.fixed, *(pair.id for pair in self.pairs)]:
            names[case_key(item)].append(item)
        for same in names.values():
            for item in same if len(same) > 1 else []:
                if item not in self.fixed:
                    others = [other for other in same if other != item]
                    yield find("id-case", item, f"differs by case only from {', '.join(others)}", others)

    def _labelled(self) -> list[Labelled]:
        """Return the pairs, and those of the fixed items that are the same image as one of them."""
        labelled = [Labelled(pair.id, pair.image_sha256, pair.meaning) for pair in self.pairs]
        digests = {pair.image_sha256 for pair in self.pairs}
        for item in self.fixed.values():
            if self.parent and item.image_sha256 in digests and isinstance(item.target, MaskTarget):
                label = mask_digest(decode_mask(self.parent.read(item.target.file)))
                labelled.append(Labelled(item.id, item.image_sha256, label))
        return labelled

    def _near_pairs(self) -> list[tuple[str, str]]:
        hashes = {pair.id: pair.phash for pair in self.pairs} | {
            item.id: item.phash for item in self.fixed.values()
        }
        ids = sorted(hashes)
        return [(ids[one], ids[other]) for one, other in near_pairs([hashes[item] for item in ids])]

    def _splits(self, near: list[tuple[str, str]]) -> Mapping[str, SplitName]:
        digests = {pair.id: pair.image_sha256 for pair in self.pairs}
        ids = [*digests, *self.fixed]
        settled: dict[str, SplitName] = {}
        pinned: dict[str, SplitName] = {}
        for item in (self.old[item] for item in ids if item in self.old):
            same = digests.get(item.id, item.image_sha256) == item.image_sha256
            (settled if same else pinned)[item.id] = item.split
        groups = {item: group_of(item, self.group) for item in ids}
        assignment = assign(groups, near, settled, pinned)
        self._drop(
            find("split-bridged", item, f"belongs with items of {' and of '.join(splits)}")
            for item, splits in sorted(assignment.bridges.items())
        )
        return assignment.splits

    def _near_findings(self, near: list[tuple[str, str]]) -> Iterator[Finding]:
        new = {pair.id for pair in self.pairs}
        present = new | self.fixed.keys()
        for cluster in clusters(pair for pair in near if present.issuperset(pair)):
            if not new.isdisjoint(cluster):
                first, *others = cluster
                yield find("near-duplicate", first, f"looks like {_listed(others)}", others)

    def _remarks(self, index: DatasetIndex) -> Iterator[Finding]:
        for pair in self.pairs:
            if pair.id in self.old and not _same(pair, self.old[pair.id]):
                yield find("item-replaced", pair.id, "another image or mask than in the parent commit")
        present = {item.id for item in index.items}
        if removed := [item for item in self.old if item not in present]:
            yield find(
                "item-removed", self.name, f"{len(removed)} items are gone: {_listed(removed)}", removed
            )
        if self.group and (lone := [item.id for item in index.items if item.group is None]):
            yield find("group-unmatched", self.name, f"{len(lone)} ids do not match: {_listed(lone)}", lone)
        for split in SPLITS:
            if not index.split(split):
                yield find("split-empty", split, f"no item is in {split}")
        seen = {mask_id for pair in self.pairs for mask_id in pair.amounts}
        for mask_id in sorted(index.classes.keys() - seen if not self.fixed else ()):
            yield find("class-unseen", index.classes[mask_id], f"no mask has the id {mask_id}")

    def _item(self, pair: CheckedSample, split: SplitName) -> Item:
        return Item(
            id=pair.id,
            image=f"images/{pair.id}.{pair.extension}",
            image_sha256=pair.image_sha256,
            target=pair.target,
            width=pair.width,
            height=pair.height,
            phash=pair.phash,
            group=group_of(pair.id, self.group),
            split=split,
        )

    def _regrouped(self, item: Item) -> Item:
        return item.model_copy(update={"group": group_of(item.id, self.group)})


def _same(pair: CheckedSample, item: Item) -> bool:
    return (pair.image_sha256, pair.target) == (item.image_sha256, item.target)


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:_FEW]) + (", …" if len(items) > _FEW else "")
