"""From checked samples to the next dataset.json: what is rejected between items, and who gets which split."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pylib.data.checks import CheckedSample
from pylib.data.classes import VOID, counted, ignored
from pylib.data.colours import shown
from pylib.data.dataset import SPLITS, DatasetIndex, Item, SplitName
from pylib.data.duplicates import Labelled, clusters, exact_duplicates, near_pairs
from pylib.data.findings import Finding, find
from pylib.data.known_images import known_splits
from pylib.data.leaks import leaks, moved
from pylib.data.names import case_key
from pylib.data.reviewed_items import Reviewed
from pylib.data.split import assign, assign_beside, group_of
from pylib.tasks.task import Task

_FEW = 5


@dataclass(frozen=True)
class Parent:
    """The commit that this one follows: its index, how to read one of its files by path, what people sent."""

    index: DatasetIndex
    read: Callable[[str], bytes]
    reviewed: Reviewed = field(default_factory=Reviewed)


@dataclass(frozen=True)
class Assembled:
    """The next index, the samples that are new or changed in it, and what was found between items."""

    index: DatasetIndex
    samples: list[CheckedSample]
    findings: list[Finding] = field(default_factory=list)


def assemble(
    samples: Sequence[CheckedSample],
    legend: dict[int, str],
    *,
    task: Task,
    name: str,
    group: str | None = None,
    parent: Parent | None = None,
    keep: Collection[str] = (),
    forgotten: Mapping[str, str] | None = None,
    sample_bits: int | None = None,
) -> Assembled:
    """Make the next index of samples that are good by themselves; `legend` as in pylib.data.classes.

    It holds the parent's items that are to `keep`, by id, as they were; of the others only those that are
    there again, which keep their split, as their images do under another id. `forgotten` says in words, by
    SHA-256, which images nobody may bring back. `group` is the pattern of `split.group_of`; `sample_bits`
    are in use in the images. Findings say what was rejected: duplicates, ids that clash, and images that
    would join two splits.
    """
    assembled = _Assembler(samples, legend, task, name, group, parent, keep, forgotten or {}).run()
    index = assembled.index.model_copy(update={"sample_bits": sample_bits})
    return replace(assembled, index=index)


class _Assembler:
    def __init__(
        self,
        samples: Sequence[CheckedSample],
        legend: dict[int, str],
        task: Task,
        name: str,
        group: str | None,
        parent: Parent | None,
        keep: Collection[str],
        forgotten: Mapping[str, str],
    ) -> None:
        self.classes, self.ignorable = counted(legend), ignored(legend)
        self.task, self.target = task, task.checks.TARGET
        self.name, self.group, self.parent = name, group, parent
        self.old = {item.id: item for item in parent.index.items} if parent else {}
        self.fixed = {name: item for name, item in self.old.items() if name in keep}
        self.forgotten = forgotten
        self.samples = list(samples)
        self.findings: list[Finding] = []

    def run(self) -> Assembled:
        self._drop(self._not_to_come_back())
        self._drop(self._ids_taken())
        self.samples = [sample for sample in self.samples if sample.id not in self.fixed]
        self._drop(self._case_collisions())
        self._drop(exact_duplicates(self._labelled(), known=self.old, fixed=self.fixed))
        self._drop(self._alone())
        near = self._near_pairs()
        splits = self._splits(near)
        self._drop(self._near_findings(near, splits))
        items = [self._item(sample, splits[sample.id]) for sample in self.samples]
        items += [self._regrouped(item) for item in self.fixed.values()]
        index = DatasetIndex(
            task=self.task.name,
            name=self.name,
            group_pattern=self.group,
            classes=self.classes,
            ignored=self._ignored(),
            colours=self._colours(),
            items=sorted(items, key=lambda item: item.id),
        )
        self._drop(self._remarks(index))
        return Assembled(index, self.samples, self.findings)

    def _drop(self, findings: Iterable[Finding]) -> None:
        found = list(findings)
        self.findings += found
        gone = {finding.item for finding in found if finding.rejected}
        self.samples = [sample for sample in self.samples if sample.id not in gone]

    def _not_to_come_back(self) -> Iterator[Finding]:
        for sample in self.samples:
            if said := self.forgotten.get(sample.image_sha256):
                yield find("forgotten", sample.id, said)

    def _ids_taken(self) -> Iterator[Finding]:
        for sample in self.samples:
            if (old := self.fixed.get(sample.id)) and not _same(sample, old):
                yield find(
                    "id-taken", sample.id, f"the parent commit has another image or {self.target} of this id"
                )

    def _case_collisions(self) -> Iterator[Finding]:
        names: dict[str, list[str]] = defaultdict(list)
        for item in [*self.fixed, *(sample.id for sample in self.samples)]:
            names[case_key(item)].append(item)
        for same in names.values():
            for item in same if len(same) > 1 else []:
                if item not in self.fixed:
                    others = [other for other in same if other != item]
                    reason = f"differs by case or Unicode form only from {', '.join(others)}"
                    yield find("id-case", item, reason, others)

    def _alone(self) -> Iterator[Finding]:
        """Name the targets that are of use beside others only, where there are no such others."""
        if not self.fixed and len(self._seen() & self.classes.keys()) == 1:
            yield from (sample.target.alone for sample in self.samples if sample.target.alone)

    def _seen(self) -> set[int]:
        return {class_id for sample in self.samples for class_id in sample.target.amounts}

    def _ignored(self) -> list[int]:
        """The ids to record: VOID is ignored without a word, so it is named only where it is there."""
        kept = set(self.parent.index.ignored) if self.parent and self.fixed else set()
        there = kept | self._seen()
        return sorted(kept | {number for number in self.ignorable if number != VOID or number in there})

    def _colours(self) -> dict[int, list[str]]:
        """By id, the colours that show it in what is kept and in what is new."""
        found: dict[int, set[str]] = defaultdict(set)
        for number, colours in (self.parent.index.colours if self.parent and self.fixed else {}).items():
            found[number].update(colours)
        for sample in self.samples:
            for number, seen in sample.target.colours.items():
                found[number].update(map(shown, seen))
        return {number: sorted(found[number]) for number in sorted(found)}

    def _labelled(self) -> list[Labelled]:
        """Return the samples, and those of the fixed items that are the same image as one of them."""
        labelled = [
            Labelled(sample.id, sample.image_sha256, sample.target.meaning, sample.given)
            for sample in self.samples
        ]
        digests = {sample.image_sha256 for sample in self.samples}
        for item in self.fixed.values():
            if self.parent and item.image_sha256 in digests:
                label = self.task.checks.meaning(item.target, self.parent.read)
                given = item.split if item.given else None
                labelled.append(Labelled(item.id, item.image_sha256, label, given))
        return labelled

    def _near_pairs(self) -> list[tuple[str, str]]:
        hashes = {sample.id: sample.phash for sample in self.samples} | {
            item.id: item.phash for item in self.fixed.values()
        }
        ids = sorted(hashes)
        return [(ids[one], ids[other]) for one, other in near_pairs([hashes[item] for item in ids])]

    def _splits(self, near: list[tuple[str, str]]) -> Mapping[str, SplitName]:
        digests = {sample.id: sample.image_sha256 for sample in self.samples}
        digests |= {item.id: item.image_sha256 for item in self.fixed.values()}
        given = self._given()
        settled, pinned = known_splits(digests, self.old, given)
        groups = {item: group_of(item, self.group) for item in digests}
        assignment = (
            assign_beside(given, groups, near, settled, pinned)
            if given
            else assign(groups, near, settled, pinned)
        )
        self._drop(
            find("split-bridged", item, f"belongs with items of {' and of '.join(splits)}")
            for item, splits in sorted(assignment.bridges.items())
        )
        present = {item: split for item, split in assignment.splits.items() if item in groups}
        self._drop([*moved(given, present), *leaks(present, near, groups)] if given else [])
        return assignment.splits

    def _given(self) -> dict[str, SplitName]:
        """The splits that the source gives, and those that earlier ones gave to what is kept of them."""
        given = {item.id: item.split for item in self.fixed.values() if item.given}
        return given | {sample.id: sample.given for sample in self.samples if sample.given}

    def _near_findings(
        self, near: list[tuple[str, str]], splits: Mapping[str, SplitName]
    ) -> Iterator[Finding]:
        new = {sample.id for sample in self.samples}
        present = new | self.fixed.keys()
        for cluster in clusters(pair for pair in near if present.issuperset(pair)):
            # What splits share is a leak, and named as such.
            if not new.isdisjoint(cluster) and len({splits[item] for item in cluster}) == 1:
                first, *others = cluster
                yield find("near-duplicate", first, f"looks like {_listed(others)}", others)

    def _remarks(self, index: DatasetIndex) -> Iterator[Finding]:
        for sample in self.samples:
            if sample.id in self.old and not _same(sample, self.old[sample.id]):
                yield find(
                    "item-replaced", sample.id, f"another image or {self.target} than in the parent commit"
                )
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
        yield from self._of_classes(index)

    def _of_classes(self, index: DatasetIndex) -> Iterator[Finding]:
        for number in index.ignored:
            yield find("id-ignored", str(number), self._share(number))
        if self.fixed:  # what they hold was not looked at
            return
        seen = self._seen()
        for class_id in sorted(index.classes.keys() - seen):
            yield find("class-unseen", index.classes[class_id], f"no {self.target} has the id {class_id}")
        amounts = {sample.id: sample.target.amounts for sample in self.samples}
        for split in SPLITS:
            there = {class_id for item in index.split(split) for class_id in amounts[item.id]}
            if there and (
                lacking := [index.classes[one] for one in sorted(index.classes.keys() & seen - there)]
            ):
                yield find(
                    "split-without-class", split, f"no {self.target} in {split} has {_listed(lacking)}"
                )

    def _share(self, number: int) -> str:
        """How much of the new targets has an id."""
        amounts = [sample.target.amounts for sample in self.samples]
        having = [one[number] for one in amounts if number in one]
        total = max(1, sum(sum(one.values()) for one in amounts))
        where = f"{self.task.checks.AMOUNTS}, in {len(having)} {self.target}s,"
        return f"{sum(having) / total:.2%} of all {where} count for nothing"

    def _item(self, sample: CheckedSample, split: SplitName) -> Item:
        return Item(
            id=sample.id,
            image=sample.path,
            image_sha256=sample.image_sha256,
            target=sample.target.record,
            width=sample.width,
            height=sample.height,
            phash=sample.phash,
            group=group_of(sample.id, self.group),
            split=split,
            given=sample.given == split,  # else it was cut from train, or stays where it was
        )

    def _regrouped(self, item: Item) -> Item:
        return item.model_copy(update={"group": group_of(item.id, self.group)})


def _same(sample: CheckedSample, item: Item) -> bool:
    return (sample.image_sha256, sample.target.record) == (item.image_sha256, item.target)


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:_FEW]) + (", …" if len(items) > _FEW else "")
