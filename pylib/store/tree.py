"""What commits are by content alone: the digest of a tree, the id of a commit, the changes between trees."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

from pylib.store.protocol import Change, Commit, CommitRef, File, Mode


def tree_digest(files: Iterable[File]) -> str:
    r"""Return the SHA-256 of what `sha256sum` prints for all files, in the order of their paths' bytes.

    In a checkout: `find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`.
    """
    ordered = sorted(files, key=lambda file: file.path.encode())
    return hashlib.sha256("".join(f"{file.sha256}  {file.path}\n" for file in ordered).encode()).hexdigest()


def commit_id(repository: str, parent: str | None, tree: str, provenance: Collection[CommitRef]) -> str:
    """Return the id of a commit: no time and no description in it, so stores built from scratch agree."""
    content = {
        "parent": parent,
        "provenance": sorted(str(ref) for ref in provenance),
        "repository": repository,
        "tree": tree,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def new_tree(
    head: Iterable[File], given: Iterable[File], mode: Mode, deletions: Collection[str]
) -> list[File]:
    """Return the files of the next commit, sorted by path."""
    gone = set(deletions)
    tree = {file.path: file for file in head if file.path not in gone} if mode == "add" else {}
    tree |= {file.path: file for file in given}
    return sorted(tree.values())


def next_commit(
    ref: CommitRef,
    head: Commit | None,
    content: Sequence[File],
    description: str,
    sources: Iterable[CommitRef],
) -> Commit:
    """Return the commit that holds the content and follows the branch's head; the head where it is equal."""
    digest = tree_digest(content)
    if head and head.tree == digest:
        return head
    parent = head.id if head else None
    provenance = tuple(sorted(set(sources)))
    return Commit(
        repository=ref.repository,
        branch=ref.revision,
        id=commit_id(ref.repository, parent, digest, provenance),
        parent=parent,
        provenance=provenance,
        description=description,
        created=datetime.now(UTC),
        size=sum(file.size for file in content),
        files=len(content),
        tree=digest,
    )


def changes(old: Iterable[File], new: Iterable[File]) -> list[Change]:
    """Return what changed from one tree to the other, sorted by path."""
    before = {file.path: file for file in old}
    after = {file.path: file for file in new}
    return [
        _change(path, before.get(path), after.get(path))
        for path in sorted(before.keys() | after.keys())
        if before.get(path) != after.get(path)
    ]


def _change(path: str, old: File | None, new: File | None) -> Change:
    if old is None:
        return Change(path, "added", None, new)
    return Change(path, "modified" if new else "deleted", old, new)
