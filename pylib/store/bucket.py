"""A versioned store in a bucket: objects that never change, and branches moved by conditional writes.

    format.json                          what made this store
    repositories/<name>.json             a description
    branches/<repository>/<branch>.json  the newest commit, whole; the one object that is ever written over
    commits/<repository>/<id>.json       every commit, written once its branch has moved
    trees/<digest>                       the files of a commit, a line each
    blobs/<2 digits>/<62 digits>         a content, by SHA-256

A commit uploads blobs and tree, and then moves its branch with If-Match (If-None-Match for the first): that
one write makes it visible, whole, or fails because another writer came first; then it is tried on the new head.
Killed before, it has left objects that nothing refers to, for `gc`. The head holds its commit until the next
writer has seen to it that the commit has an object of its own, so nothing is lost between the two writes.
Ids are those of a `LocalStore` with the same content.
"""

import json
import random
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pylib.errors import NotFoundError, StoreError
from pylib.store import conditional, records, tree
from pylib.store.bucket_blobs import BucketBlobs
from pylib.store.checkout import check_target
from pylib.store.fence import Fence
from pylib.store.objects import Object, Objects
from pylib.store.paths import check_paths
from pylib.store.protocol import DEFAULT_BRANCH, AnyCommit, Commit, CommitRef, File, Mode, check_name
from pylib.store.reading import TreeReader, absent
from pylib.store.sources import hash_sources

FORMAT = 1
GRACE = timedelta(days=1)
"""What no commit needs is collected when it is as old as this; until then a commit may be about to name it."""

BRANCHES, COMMITS, TREES = "branches/", "commits/", "trees/"
_FORMAT_KEY = "format.json"
_FORMAT_DATA = json.dumps({"format": FORMAT}).encode()
_RACE_SECONDS = 120.0
_CACHED_TREES = 8


@dataclass(frozen=True)
class Head:
    """A branch's newest commit, and the version of the object that says so."""

    commit: Commit
    e_tag: str


class BucketStore(TreeReader):
    """The `Store` at `s3://bucket/prefix`, which the first write creates."""

    def __init__(self, url: str) -> None:
        self.objects = Objects(url)
        self.blobs = BucketBlobs(self.objects)
        self.fence = Fence(self.objects)
        self._trees: OrderedDict[str, list[File]] = OrderedDict()
        self._opened = self._checked = False

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is."""
        check_name(name, "repository")
        self._create()
        self._add_repository(name, description)

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        self.open()
        keys = (entry.key for entry in self.objects.entries("repositories/"))
        return sorted(key.removeprefix("repositories/").removesuffix(".json") for key in keys)

    def commit(
        self,
        repository: str,
        files: Mapping[str, bytes | Path],
        *,
        branch: str = DEFAULT_BRANCH,
        mode: Mode = "replace",
        deletions: Collection[str] = (),
        description: str = "",
        provenance: Sequence[AnyCommit] = (),
    ) -> Commit:
        """Commit files by path; see `Store.commit`."""
        ref = CommitRef(check_name(repository, "repository"), check_name(branch, "branch"))
        check_paths(files)
        given = hash_sources(files)
        self._create()
        sources = [self.inspect(source).ref for source in provenance]
        for version in self._uploaded(files, given):
            head = self._head(ref)
            before = head.commit if head else None
            old = self.files(before.tree) if before and mode == "add" else []
            content = tree.new_tree(old, given, mode, deletions)
            if old:
                check_paths(file.path for file in content)
            made = tree.next_commit(ref, before, content, description, sources)
            if made == before or self._add(made, content, head, version):
                return made
        raise StoreError(f"{ref} in {self.objects.url}: other writers came first for two minutes: try again")

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch."""
        return self.inspect(CommitRef(repository, branch))

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names."""
        ref = CommitRef.of(commit)
        self.open()
        if not ref.is_id:
            head = self._head(ref)
            found = head.commit if head else None
        else:
            found = self._settled(ref) or self._newest(ref) or self._settled(ref)
        if found:
            return found
        raise absent(ref, self.list_repositories())

    def log(self, repository: str, branch: str = DEFAULT_BRANCH, limit: int | None = None) -> list[Commit]:
        """Return the branch's commits, newest first, at most `limit`."""
        commits = [self.head(repository, branch)]
        while (parent := commits[-1].parent) and (limit is None or len(commits) < limit):
            commits.append(self.inspect(CommitRef(repository, parent)))
        return commits

    def read(self, commit: AnyCommit, path: str) -> bytes:
        """Return the content of one file, verified."""
        return self.blobs.read(self._file(commit, path))

    def checkout(self, commit: AnyCommit, target: Path, pattern: str = "**") -> Commit:
        """Write the commit's files (those that match) to the new or empty folder `target`, all or nothing."""
        check_target(target)
        found, files = self._matching(commit, pattern)
        try:
            self.blobs.write_folder(files, target)
        except OSError as error:
            raise StoreError(f"{error.filename or target}: {error.strerror}; nothing was written") from error
        return found

    def open(self) -> None:
        """Raise `StoreError` unless there is a store, of a format that this code reads."""
        if self._opened:
            return
        found = self.objects.find(_FORMAT_KEY)
        if not found:
            raise NotFoundError(
                f"no store at {self.objects.url}: commit something first, or name another one with --store"
            )
        if found.data != _FORMAT_DATA:
            text = " ".join(found.data[:80].decode(errors="replace").split())
            raise StoreError(
                f"{self.objects.url}/{_FORMAT_KEY} says {text!r}, this pylib reads format {FORMAT}: "
                "use the pylib that wrote it"
            )
        self._opened = True

    def heads(self, repository: str = "") -> Iterator[Commit]:
        """Yield the newest commit of each branch, of one repository or of all."""
        for entry in self.objects.entries(f"{BRANCHES}{repository}/" if repository else BRANCHES):
            yield self.load(entry.key)

    def load(self, key: str) -> Commit:
        """Return the commit in an object that is there."""
        found = self.objects.find(key)
        return records.load_commit(found.data if found else b"", f"{self.objects.url}/{key}")

    def files(self, digest: str) -> list[File]:
        """Return the files of a tree, sorted by path."""
        if digest not in self._trees:
            key = tree_key(digest)
            found = self.objects.find(key)
            if not found:
                raise StoreError(
                    f"{self.objects.url}/{key} is missing: restore it, then run `pylib data fsck`"
                )
            self._trees[digest] = records.load_tree(found.data, digest, f"{self.objects.url}/{key}")
            if len(self._trees) > _CACHED_TREES:
                self._trees.popitem(last=False)
        return self._trees[digest]

    def _files(self, commit: AnyCommit) -> tuple[Commit, list[File]]:
        found = self.inspect(commit)
        return found, self.files(found.tree)

    def _create(self) -> None:
        """Make the store unless it is there; in either case the server must keep conditional writes."""
        if self._checked:
            return
        if not self.objects.find(_FORMAT_KEY):
            conditional.check_thoroughly(self.objects)
            self.objects.create(_FORMAT_KEY, _FORMAT_DATA)
        self.open()
        conditional.check(self.objects, _FORMAT_KEY, _FORMAT_DATA)
        self._checked = True

    def _add_repository(self, name: str, description: str) -> None:
        record = {"created": datetime.now(UTC).isoformat(), "description": description}
        self.objects.create(f"repositories/{name}.json", json.dumps(record, ensure_ascii=False).encode())

    def _uploaded(self, files: Mapping[str, bytes | Path], given: list[File]) -> Iterator[str]:
        """Yield the fence's version, with all blobs there, as often as the commit must be tried."""
        version, pause, start = self._upload(files, given), 0.05, time.monotonic()
        while time.monotonic() - start < _RACE_SECONDS:
            yield version
            time.sleep(random.uniform(0, pause))  # noqa: S311 (no secret: writers that collided step aside)
            pause = min(2 * pause, 2.0)
            if not self.fence.unchanged(version):
                version, start = self._upload(files, given), time.monotonic()

    def _upload(self, files: Mapping[str, bytes | Path], given: list[File]) -> str:
        """Upload what is not there, or so old that it may go before the branch has moved."""
        start, version = time.monotonic(), self.fence.wait()
        self.blobs.upload(files, given, GRACE / 2)
        if time.monotonic() - start > GRACE.total_seconds() / 4:
            raise StoreError(
                f"commit to {self.objects.url} took over {GRACE / 4} hours; nothing was committed: run it "
                "again, what was uploaded is kept"
            )
        return version

    def _add(self, made: Commit, content: list[File], head: Head | None, version: str) -> bool:
        """Write tree and commit, and move the branch; False where another writer or a gc came first."""
        self.objects.put(tree_key(made.tree), records.dump_tree(content))
        self._add_repository(made.repository, "")
        if head:
            self._settle(head.commit)
        if not self.fence.unchanged(version):
            return False
        if not self._move(made, head):
            return False
        with suppress(
            StoreError
        ):  # the commit is made; the next writer does this too, and who reads can do without
            self._settle(made)
        return True

    def _move(self, made: Commit, head: Head | None) -> bool:
        """Move the branch. An answer may be lost on the way, so a failure is looked into."""
        key, data = branch_key(made.repository, made.branch), records.dump_commit(made)
        try:
            moved = self.objects.replace(key, data, head.e_tag) if head else self.objects.create(key, data)
        except StoreError as error:
            if self._is_made(made):
                return True
            raise StoreError(f"{error}; whether it was committed is not known: run it again") from error
        return moved or self._is_made(made)

    def _is_made(self, made: Commit) -> bool:
        """Tell whether this very commit is or was its branch's head."""
        head = self._head(CommitRef(made.repository, made.branch))
        return bool(head and head.commit == made) or self._settled(made.ref) == made

    def _settle(self, commit: Commit) -> None:
        """Give a commit an object of its own, by which it is found when its branch has moved on."""
        self.objects.create(commit_key(commit.ref), records.dump_commit(commit))

    def _settled(self, ref: CommitRef) -> Commit | None:
        key = commit_key(ref)
        found = self.objects.find(key)
        return records.load_commit(found.data, f"{self.objects.url}/{key}") if found else None

    def _newest(self, ref: CommitRef) -> Commit | None:
        """Return the commit where it is still a head: its writer ended before it had its own object."""
        return next((head for head in self.heads(ref.repository) if head.id == ref.revision), None)

    def _head(self, ref: CommitRef) -> Head | None:
        key = branch_key(ref.repository, ref.revision)
        found: Object | None = self.objects.find(key)
        if not found:
            return None
        return Head(records.load_commit(found.data, f"{self.objects.url}/{key}"), found.e_tag)


def branch_key(repository: str, branch: str) -> str:
    """Return the key of a branch's head."""
    return f"{BRANCHES}{repository}/{branch}.json"


def commit_key(ref: CommitRef) -> str:
    """Return the key of a commit, by its id."""
    return f"{COMMITS}{ref.repository}/{ref.revision}.json"


def tree_key(digest: str) -> str:
    """Return the key of a tree."""
    return f"{TREES}{digest}"
