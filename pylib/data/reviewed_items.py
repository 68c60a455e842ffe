"""What a new ingest keeps of a branch's head: what people sent, which no source has, stays.

The review commits what it accepted with its origins beside it: a line of JSON an item, which names it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pylib.data.dataset import DatasetIndex
from pylib.errors import DataError, StoreError
from pylib.store.descriptions import ingested_from
from pylib.store.protocol import Commit, Store

ORIGINS = "origins"


@dataclass(frozen=True)
class Reviewed:
    """The ids of a commit's items that people sent, and the SHA-256 by path of the files that say so."""

    ids: frozenset[str] = frozenset()
    files: Mapping[str, str] | None = None


def reviewed(store: Store, head: Commit, index: DatasetIndex) -> Reviewed:
    """Find what people sent; raises StoreError."""
    files = store.glob(head.ref, f"{ORIGINS}/*.jsonl")
    named = {item for file in files for item in _named(file.path, store.read(head.ref, file.path))}
    ids = frozenset(item.id for item in index.items if item.id in named)
    return Reviewed(ids, {file.path: file.sha256 for file in files})


def _named(path: str, content: bytes) -> Iterator[str]:
    try:
        yield from (str(json.loads(line)["item"]) for line in content.splitlines())
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(f"{path} is damaged: {error}: restore it") from error


def check_source(uri: str, gone: int, store: Store, head: Commit) -> None:
    """Refuse to drop `gone` items where the head has some of other sources than `uri`; raises DataError."""
    others = sorted(set(_sources(store, head)) - {uri})
    if gone and others:
        raise DataError(
            f"{head.repository}@{head.branch}: {gone} of its items are not in {uri}; "
            f"it is of {', '.join(others)}, too: "
            "--add keeps them, --replace drops them, and --repository names another place"
        )


def _sources(store: Store, head: Commit) -> Iterator[str]:
    """The sources that the head's items are of: what was added, back to what was ingested alone."""
    for commit in store.log(head.repository, head.branch):
        if found := ingested_from(commit.description):
            uri, added = found
            yield uri
            if not added:
                return
