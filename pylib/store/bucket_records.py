"""What a store in a bucket writes down of commits and trees: JSON and plain text, read by anybody."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from pylib.errors import StoreError
from pylib.store.protocol import Commit, CommitRef, File
from pylib.store.tree import commit_id, tree_digest


def dump_commit(commit: Commit) -> bytes:
    """Write a commit as JSON."""
    provenance = [str(ref) for ref in commit.provenance]
    record = asdict(commit) | {"created": commit.created.isoformat(), "provenance": provenance}
    return json.dumps(record, sort_keys=True, indent=1, ensure_ascii=False).encode()


def another_version(data: bytes) -> bytes:
    """The same JSON as an object that never was: 64 blanks and tabs, drawn by chance, follow it."""
    drawn = secrets.randbits(64)
    return data + b"\n" + bytes(b" \t"[drawn >> place & 1] for place in range(64))


def load_commit(data: bytes, place: str) -> Commit:
    """Read a commit, whose id must be that of its content."""
    try:
        record = json.loads(data)
        record["created"] = datetime.fromisoformat(record["created"])
        record["provenance"] = tuple(CommitRef.parse(text) for text in record["provenance"])
        commit = Commit(**record)
    except (ValueError, TypeError, KeyError, StoreError) as error:
        raise _damaged(place, "it is no commit") from error
    if commit_id(commit.repository, commit.parent, commit.tree, commit.provenance) != commit.id:
        raise _damaged(place, "its content has another id")
    return commit


def dump_tree(files: Iterable[File]) -> bytes:
    """Write a tree, a line a file: SHA-256, size in bytes, path."""
    ordered = sorted(files, key=lambda file: file.path.encode())
    return "".join(f"{file.sha256} {file.size} {file.path}\n" for file in ordered).encode()


def load_tree(data: bytes, digest: str, place: str) -> list[File]:
    """Read the tree of this digest, sorted by path."""
    try:
        rows = [line.split(" ", 2) for line in data.decode().split("\n")[:-1]]
        files = sorted(File(path, sha256, int(size)) for sha256, size, path in rows)
    except ValueError as error:
        raise _damaged(place, "it is no listing of files") from error
    if tree_digest(files) != digest:
        raise _damaged(place, "its files have another digest")
    return files


def _damaged(place: str, why: str) -> StoreError:
    return StoreError(f"{place} is damaged: {why}; restore it, then run `pylib data fsck`")
