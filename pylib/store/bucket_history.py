"""Commits and trees of a store in a bucket, and the branches, the only objects that are ever written over."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from pylib.errors import StoreError
from pylib.store.bucket_records import another_version, dump_commit, dump_tree, load_commit, load_tree
from pylib.store.objects import Objects
from pylib.store.protocol import Commit, CommitRef, File

REPOSITORIES, BRANCHES, COMMITS, TREES = "repositories/", "branches/", "commits/", "trees/"
_CACHED_TREES = 8


@dataclass(frozen=True)
class Head:
    """A branch's newest commit, and the version of the object that says so."""

    commit: Commit
    e_tag: str


class History:
    """What has been committed. A commit is visible from the moment that its branch has moved to it."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._trees: OrderedDict[str, list[File]] = OrderedDict()

    def repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        keys = (entry.key for entry in self._objects.entries(REPOSITORIES))
        return sorted(key.removeprefix(REPOSITORIES).removesuffix(".json") for key in keys)

    def add_repository(self, name: str, description: str) -> None:
        """Add a repository, unless it is there."""
        record = {"created": datetime.now(UTC).isoformat(), "description": description}
        self._objects.create(f"{REPOSITORIES}{name}.json", json.dumps(record, ensure_ascii=False).encode())

    def head(self, ref: CommitRef) -> Head | None:
        """Return the head of the branch, if there is one."""
        key = branch_key(ref.repository, ref.revision)
        found = self._objects.find(key)
        return Head(load_commit(found.data, f"{self._objects.url}/{key}"), found.e_tag) if found else None

    def heads(self, repository: str = "") -> Iterator[Commit]:
        """Yield the newest commit of each branch, of one repository or of all."""
        for entry in self._objects.entries(f"{BRANCHES}{repository}/" if repository else BRANCHES):
            yield self.load(entry.key)

    def load(self, key: str) -> Commit:
        """Return the commit in an object that is there."""
        found = self._objects.find(key)
        return load_commit(found.data if found else b"", f"{self._objects.url}/{key}")

    def find(self, ref: CommitRef) -> Commit | None:
        """Return the commit of an id: its own object, or a head whose writer ended before it made that."""
        for _ in range(2):  # the head may move on between the two looks, and then has an object
            if found := self._settled(ref):
                return found
            if found := next((head for head in self.heads(ref.repository) if head.id == ref.revision), None):
                return found
        return None

    def files(self, digest: str) -> list[File]:
        """Return the files of a tree, sorted by path."""
        if digest not in self._trees:
            key = tree_key(digest)
            place, found = f"{self._objects.url}/{key}", self._objects.find(key)
            if not found:
                raise StoreError(f"{place} is missing: restore it, then run `pylib data fsck`")
            self._trees[digest] = load_tree(found.data, digest, place)
            if len(self._trees) > _CACHED_TREES:
                self._trees.popitem(last=False)
        return self._trees[digest]

    def prepare(self, made: Commit, content: Sequence[File], head: Head | None) -> None:
        """Write what must be there before the branch moves to the commit."""
        self._objects.put(tree_key(made.tree), dump_tree(content))
        self.add_repository(made.repository, "")
        if head:
            self._settle(head.commit)

    def move(self, made: Commit, head: Head | None) -> bool:
        """Move the branch from its head to the commit; False where another writer came first.

        An answer may be lost on the way, so after a failure it is looked at what is there.
        """
        key, data = branch_key(made.repository, made.branch), dump_commit(made)
        try:
            moved = self._objects.replace(key, data, head.e_tag) if head else self._objects.create(key, data)
        except StoreError as error:
            if not self._is_made(made):
                raise StoreError(f"{error}; if it was committed is not known: run it again") from error
            moved = True
        if not moved and not self._is_made(made):
            return False
        with suppress(StoreError):  # it is committed, and the next writer does this where it fails here
            self._settle(made)
        return True

    def fence(self, head: Head) -> bool:
        """Write a branch's head anew: who has read it cannot move the branch; False where it has moved."""
        key = branch_key(head.commit.repository, head.commit.branch)
        return self._objects.replace(key, another_version(dump_commit(head.commit)), head.e_tag)

    def _is_made(self, made: Commit) -> bool:
        """Tell whether this very commit is or was its branch's head."""
        head = self.head(CommitRef(made.repository, made.branch))
        return bool(head and head.commit == made) or self._settled(made.ref) == made

    def _settle(self, commit: Commit) -> None:
        """Give a commit an object of its own, by which it is found when its branch has moved on."""
        self._objects.create(commit_key(commit.ref), dump_commit(commit))

    def _settled(self, ref: CommitRef) -> Commit | None:
        key = commit_key(ref)
        found = self._objects.find(key)
        return load_commit(found.data, f"{self._objects.url}/{key}") if found else None


def branch_key(repository: str, branch: str) -> str:
    """Return the key of a branch's head."""
    return f"{BRANCHES}{repository}/{branch}.json"


def commit_key(ref: CommitRef) -> str:
    """Return the key of a commit, by its id."""
    return f"{COMMITS}{ref.repository}/{ref.revision}.json"


def tree_key(digest: str) -> str:
    """Return the key of a tree."""
    return f"{TREES}{digest}"
