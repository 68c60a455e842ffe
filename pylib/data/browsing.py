"""A data set looked at a page at a time: items by class and split, and what changed between two commits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Literal, TypeVar

from pylib.data.dataset import INDEX_FILE, SPLITS, DatasetIndex, Item, LabelTarget, SplitName, ValueTarget
from pylib.errors import NotFoundError, StoreError
from pylib.store.opening import open_store
from pylib.store.protocol import Commit, CommitRef

Element = TypeVar("Element")
PAGE = 48
"""Items on a page."""
_KEPT = 4  # indices of a hundred thousand items are some 100 MB each


@dataclass(frozen=True)
class Page(Generic[Element]):
    """Some of many: the elements of page `number`, which counts from 1, of `pages`; `total` of all."""

    elements: Sequence[Element]
    number: int
    pages: int
    total: int

    @property
    def before(self) -> int | None:
        """The number of the page before; None of the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        """The number of the page after; None of the last."""
        return self.number + 1 if self.number < self.pages else None


def page_of(elements: Sequence[Element], number: int, size: int = PAGE) -> Page[Element]:
    """One page; a number that is too low or too high is the first or the last page."""
    pages = max(1, -(-len(elements) // size))
    number = min(max(1, number), pages)
    return Page(elements[(number - 1) * size : number * size], number, pages, len(elements))


@dataclass(frozen=True)
class ItemChange:
    """What became of an item; `old` or `new` is None where it is absent."""

    id: str
    kind: Literal["added", "removed", "changed"]
    old: Item | None
    new: Item | None


@lru_cache(maxsize=_KEPT)
def _index(store: str, repository: str, commit: str) -> DatasetIndex | None:
    opened, ref = open_store(store), CommitRef(repository, commit)
    if not opened.ls(ref, INDEX_FILE):
        return None
    return DatasetIndex.loads(opened.read(ref, INDEX_FILE))


def index_of(store: str, commit: Commit) -> DatasetIndex | None:
    """The data set of a commit, which is kept for the next question; None where it holds none, as a table.

    Raises StoreError, and DataError where its index is damaged.
    """
    return _index(store, commit.repository, commit.id)


def found_commit(store: str, repository: str, revision: str) -> Commit:
    """The commit of that name; NotFoundError where there is none, or it is no name that a commit may have."""
    try:
        ref = CommitRef.parse(f"{repository}@{revision}")
    except StoreError as error:
        raise NotFoundError(str(error)) from error
    return open_store(store).inspect(ref)


def classes(index: DatasetIndex) -> dict[str, int]:
    """How many items each class has, by name; empty where a target is no label."""
    counts = Counter(item.target.label for item in index.items if isinstance(item.target, LabelTarget))
    return {name: counts[number] for number, name in sorted(index.classes.items())} if counts else {}


def splits(index: DatasetIndex) -> dict[SplitName, int]:
    """How many items each split has."""
    counts = Counter(item.split for item in index.items)
    return {name: counts[name] for name in SPLITS}


def chosen(index: DatasetIndex, *, label: str = "", split: str = "", text: str = "") -> list[Item]:
    """The items of a class and a split whose id holds a text; empty asks for nothing."""
    wanted = next((number for number, name in index.classes.items() if name == label), None)
    return [
        item
        for item in index.items
        if (not label or (isinstance(item.target, LabelTarget) and item.target.label == wanted))
        and (not split or item.split == split)
        and text.casefold() in item.id.casefold()
    ]


def said(item: Item, legend: Mapping[int, str]) -> str:
    """A target in a word: the label's name, the number, or nothing of a mask, which is looked at."""
    if isinstance(item.target, LabelTarget):
        return legend.get(item.target.label, str(item.target.label))
    return f"{item.target.value:g}" if isinstance(item.target, ValueTarget) else ""


def changes(old: DatasetIndex | None, new: DatasetIndex | None) -> list[ItemChange]:
    """What became of each item from `old` to `new`, sorted by kind and id: image, target or split."""
    before = {item.id: item for item in old.items} if old else {}
    after = {item.id: item for item in new.items} if new else {}
    added = [ItemChange(name, "added", None, after[name]) for name in sorted(after.keys() - before.keys())]
    removed = [
        ItemChange(name, "removed", before[name], None) for name in sorted(before.keys() - after.keys())
    ]
    both = sorted(before.keys() & after.keys())
    changed = [
        ItemChange(name, "changed", before[name], after[name])
        for name in both
        if _content(before[name], old) != _content(after[name], new)
    ]
    return added + removed + changed


def _content(item: Item, index: DatasetIndex | None) -> tuple[str, str, str]:
    legend = index.classes if index else {}
    return item.image_sha256, said(item, legend) or item.target.digest, item.split
