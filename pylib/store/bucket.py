"""A versioned store in a bucket: objects that never change, and branches moved by conditional writes.

    format.json                          what made this store
    repositories/<name>.json             a description
    branches/<repository>/<branch>.json  the newest commit, whole; the one object that is ever written over
    commits/<repository>/<id>.json       every commit, written once its branch has moved
    trees/<digest>                       the files of a commit, a line each
    blobs/<2 digits>/<62 digits>         a content, by SHA-256

A commit uploads blobs and tree, and then moves its branch with If-Match (If-None-Match for the first): that
one write makes it visible, whole, or fails because another writer came first; then it is tried on the new
head. Killed before, it has left objects that nothing refers to, for `gc`. The head holds its commit until
the next writer has seen to it that the commit has an object of its own, so nothing is lost in between.
Ids are those of a `LocalStore` with the same content.
"""

import json
import random
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from pylib.errors import NotFoundError, StoreError
from pylib.store import conditional_writes, tree
from pylib.store.bucket_blobs import BucketBlobs
from pylib.store.bucket_fence import Fence
from pylib.store.bucket_history import History
from pylib.store.checkout import check_target
from pylib.store.objects import Objects
from pylib.store.paths import check_paths
from pylib.store.protocol import (
    DEFAULT_BRANCH,
    AnyCommit,
    Commit,
    CommitRef,
    File,
    Mode,
    OnlyIf,
    check_name,
)
from pylib.store.reading import TreeReader, absent
from pylib.store.sources import hash_sources

FORMAT = 1
GRACE = timedelta(days=1)
"""What no commit needs is collected when it is so old; until then a commit may be about to name it."""

_FORMAT_KEY = "format.json"
_FORMAT_DATA = json.dumps({"format": FORMAT}).encode()
_RACE_SECONDS = 120.0


class BucketStore(TreeReader):
    """The `Store` at `s3://bucket/prefix`, which the first write creates."""

    def __init__(self, url: str) -> None:
        self.objects = Objects(url)
        self.blobs = BucketBlobs(self.objects)
        self.history = History(self.objects)
        self.fence = Fence(self.objects)
        self._opened = self._checked = False

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is."""
        check_name(name, "repository")
        self._create()
        self.history.add_repository(name, description)

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        self.open()
        return self.history.repositories()

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
        only_if: OnlyIf | None = None,
    ) -> Commit:
        """Commit files by path; see `Store.commit`."""
        ref = CommitRef(check_name(repository, "repository"), check_name(branch, "branch"))
        check_paths(files)
        given = hash_sources(files)
        self._create()
        sources = [self.inspect(source).ref for source in provenance]
        for version in self._uploaded(files, given):
            head = self.history.head(ref)
            before = head.commit if head else None
            old = self.history.files(before.tree) if before and mode == "add" else []
            content = tree.new_tree(old, given, mode, deletions)
            if old:
                check_paths(file.path for file in content)
            made = tree.next_commit(ref, before, content, description, sources)
            if made == before:
                return made
            self.history.prepare(made, content, head)
            if only_if:  # where a fence has come since the head was read, the move fails
                only_if(before)
            if self.fence.unchanged(version) and self.history.move(made, head):
                return made
        raise StoreError(f"{ref} in {self.objects.url}: other writers came first for two minutes: try again")

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch."""
        return self.inspect(CommitRef(repository, branch))

    def fenced_head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch, whose object is another version after this."""
        ref, start = CommitRef(repository, branch), time.monotonic()
        self.open()
        while time.monotonic() - start < _RACE_SECONDS:
            head = self.history.head(ref)
            if not head:
                raise absent(ref, self.list_repositories())
            if self.history.fence(head):
                return head.commit
        raise StoreError(f"{ref} in {self.objects.url}: other writers came first for two minutes: try again")

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names."""
        ref = CommitRef.of(commit)
        self.open()
        if ref.is_id:
            found = self.history.find(ref)
        else:
            head = self.history.head(ref)
            found = head.commit if head else None
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

    def _files(self, commit: AnyCommit) -> tuple[Commit, list[File]]:
        found = self.inspect(commit)
        return found, self.history.files(found.tree)

    def _digests(self, files: Sequence[File | None]) -> list[str | None]:
        return self.blobs.digests(files)

    def _create(self) -> None:
        """Make the store unless it is there; in either case the server must keep conditional writes."""
        if self._checked:
            return
        if not self.objects.find(_FORMAT_KEY):
            conditional_writes.check_thoroughly(self.objects)
            self.objects.create(_FORMAT_KEY, _FORMAT_DATA)
        self.open()
        conditional_writes.check(self.objects, _FORMAT_KEY, _FORMAT_DATA)
        self._checked = True

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
                f"upload to {self.objects.url} took over {GRACE / 4} (h:mm:ss); nothing was committed: "
                "run it again, what was uploaded is kept"
            )
        return version
