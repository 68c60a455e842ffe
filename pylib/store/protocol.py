"""The versioned store of data as one Protocol, in Pachyderm's terms, and the small values that it speaks in.

A repository has branches; a branch names its head; a commit is a whole tree of files, with a parent and
with provenance: the commits it was made from. Three classes fill it in: `LocalStore` keeps everything in a
folder, `BucketStore` in an S3 bucket, `PachydermStore` talks to pachd (https://docs.pachyderm.com).
`pylib.store.opening` picks one by URL.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from pylib.errors import StoreError

Mode = Literal["replace", "add"]
"""`replace`: the commit holds exactly the given files; `add`: the head's, and over them the given ones."""

DEFAULT_BRANCH = "master"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_COMMIT_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class CommitRef:
    """A commit by name: `repository@revision`, where the revision is a branch (its head) or a commit id."""

    repository: str
    revision: str = DEFAULT_BRANCH

    @classmethod
    def parse(cls, text: str) -> "CommitRef":
        """Read `repository`, `repository@branch` or `repository@<commit id>`."""
        repository, at, revision = text.partition("@")
        if not _NAME.fullmatch(repository) or (at and not re.fullmatch(r"[A-Za-z0-9_-]+", revision)):
            raise StoreError(f"{text!r} names no commit: write repository@branch or repository@<commit id>")
        return cls(repository, revision or DEFAULT_BRANCH)

    @classmethod
    def of(cls, commit: "AnyCommit") -> "CommitRef":
        """Accept a commit, a reference or its text."""
        if isinstance(commit, Commit):
            return commit.ref
        return commit if isinstance(commit, CommitRef) else cls.parse(commit)

    @property
    def is_id(self) -> bool:
        """Whether the revision is a commit id rather than a branch."""
        return bool(_COMMIT_ID.fullmatch(self.revision))

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


@dataclass(frozen=True)
class Commit:
    """One commit; `id` is 64 hexadecimal digits in a local store and in a bucket, 32 in Pachyderm.

    `size` is in bytes, `files` a count. `tree` is the SHA-256 of the listing that `sha256sum` would print
    of all files in the order of their paths, so it depends on names and contents and on nothing else.
    """

    repository: str
    branch: str
    id: str
    parent: str | None
    provenance: tuple[CommitRef, ...]
    description: str
    created: datetime
    size: int
    files: int
    tree: str

    @property
    def ref(self) -> CommitRef:
        """The reference that names this very commit."""
        return CommitRef(self.repository, self.id)


AnyCommit = Commit | CommitRef | str
OnlyIf = Callable[[Commit | None], None]
"""Is given the head that a commit is about to follow, None for a branch's first; raises to have none made."""


@dataclass(frozen=True, order=True)
class File:
    """One file of a commit: POSIX path, SHA-256 in hex, size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Change:
    """What became of one path between two commits; `old` or `new` is None where the file is absent."""

    path: str
    kind: Literal["added", "deleted", "modified"]
    old: File | None
    new: File | None


class Store(Protocol):
    """A versioned store. All methods raise `StoreError`; those that write leave nothing half-written."""

    def create_repository(self, name: str, description: str = "") -> None:
        """Create the repository; one that exists is left as it is."""
        ...

    def list_repositories(self) -> list[str]:
        """Return the names of all repositories, sorted."""
        ...

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
        """Commit files by path, each as bytes or as a file to read, and move the branch to the commit.

        Repository and branch are created where they are absent. `deletions` are paths of the head that
        mode `add` leaves out. Where the resulting tree equals the head's, the head itself is returned.
        The description, of any length, is not part of the commit's id. `only_if` is asked at the last moment
        before the branch moves, and again wherever another writer came first.
        """
        ...

    def fenced_head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch; a commit that is being made asks its `only_if` once more.

        So what was allowed before, to a writer that was paused since or whose request is still on its way,
        becomes no commit after this: it is there now, or is refused.
        """
        ...

    def head(self, repository: str, branch: str = DEFAULT_BRANCH) -> Commit:
        """Return the newest commit of the branch."""
        ...

    def inspect(self, commit: AnyCommit) -> Commit:
        """Return the commit that a reference names."""
        ...

    def log(self, repository: str, branch: str = DEFAULT_BRANCH, limit: int | None = None) -> list[Commit]:
        """Return the branch's commits, newest first, at most `limit`."""
        ...

    def ls(self, commit: AnyCommit, path: str = "") -> list[File]:
        """Return the files at or below `path`, sorted by path; all of them by default."""
        ...

    def glob(self, commit: AnyCommit, pattern: str) -> list[File]:
        """Return the files that match, sorted by path; `*` stays within a folder, `**` crosses folders."""
        ...

    def read(self, commit: AnyCommit, path: str) -> bytes:
        """Return the content of one file."""
        ...

    def digests(self, commit: AnyCommit, paths: Collection[str]) -> dict[str, str | None]:
        """Return the SHA-256 of what the files hold now, read anew; None for one that is not there."""
        ...

    def diff(self, old: AnyCommit, new: AnyCommit) -> list[Change]:
        """Return what changed from `old` to `new`, sorted by path."""
        ...

    def checkout(self, commit: AnyCommit, target: Path, pattern: str = "**") -> Commit:
        """Write the commit's files (those that match) to the new or empty folder `target`, all or nothing."""
        ...


def check_name(name: str, what: str) -> str:
    """Return the name of a repository or branch, or raise `StoreError` where Pachyderm would refuse it."""
    if not _NAME.fullmatch(name) or _COMMIT_ID.fullmatch(name):
        raise StoreError(
            f"{name!r} is no name for a {what}: use 1 to 63 letters, digits, - and _, not a commit id"
        )
    return name
