"""An image that is to be forgotten: taken from every head, the inbox, the log's images and the caches.

Old commits cannot be changed: they are named, and `purge` deletes the image's bytes from a store in a folder.
A model that has learned from it keeps what it learned: such models are named, and are to be trained again.
"""

import json
import re
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import NotFoundError, ReviewError, StoreError
from pylib.review.claims import CLAIMS
from pylib.review.forget_features import delete, segments
from pylib.review.forget_files import named, on_the_page
from pylib.review.joining import NOT_JOINED, with_what_is_known
from pylib.review.origins import FOLDER
from pylib.review.queue import COMMITS, DECISIONS, LEFT_OUT
from pylib.store import forgotten
from pylib.store.bucket import BucketStore
from pylib.store.inbox import IMAGES, WITH_IMAGE, WITHOUT_IMAGE, Inbox
from pylib.store.local import LocalStore
from pylib.store.protocol import Commit, Store

if TYPE_CHECKING:
    from pylib.store.protocol import File

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXTS = {".json", ".jsonl"}


@dataclass
class Places:
    """Where to look beside the store: the inbox; folders of logs, of step caches, of runs, and of models.

    artifacts: URL of the store of features, empty for none
    """

    inbox: Inbox
    logs: list[Path] = field(default_factory=list)
    caches: list[Path] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    artifacts: str = ""


@dataclass
class Found:
    """Where an image is or was, in words, by kind; `items` are its ids, `digests` the SHA-256 of its files.

    heads, inbox, images, caches, features: what holds it, and is taken away
    history, models, logs: what stays, and why
    """

    items: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    heads: list[str] = field(default_factory=list)
    inbox: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        """Whether nothing that can be taken away holds it any more."""
        return not (self.heads or self.inbox or self.images or self.caches or self.features)


def look(name: str, store: Store, places: Places) -> Found:
    """Say where an image is, by the id of an item or the SHA-256 of its bytes; raises StoreError."""
    found = Found(digests={name} if _SHA256.fullmatch(name) else set())
    heads = list(_heads(store))
    for head in heads:
        _in_head(name, store, head, found)
    _in_history(name, store, heads, found)
    _in_inbox(places.inbox, found)
    for folder in places.logs:
        found.images += [str(path) for path in named(folder / "images", found.digests)]
        found.images += [str(path) for path in on_the_page(folder / "web", found.digests)]
        found.logs += [
            f"{path}: a line names its digest" for path in _mentioning(folder, found, {".jsonl"}, 1)
        ]
    for folder in places.caches:
        found.caches += [str(path) for path in _entries(folder, found)]
    for folder in places.runs:
        found.caches += [str(path) for path in _copies(folder, found)]
    if places.artifacts and (image := _bytes(store, heads, found, places.inbox)):
        found.features += segments(places.artifacts, image)
    commits = {line.partition(" ")[0] for line in (*found.history, *found.heads)}
    for folder in places.models:
        found.models += sorted(_trained(folder, commits))
    return found


def forget(name: str, store: Store, places: Places, *, by: str, why: str, purge: bool = False) -> Found:
    """Take an image away where that can be done; return what had it. `look` proves it gone.

    purge: delete its bytes from the store too, so that old commits name a file that is not there any more
    Raises ReviewError where nothing has it, or the store cannot be purged; StoreError.
    """
    if purge and not isinstance(store, LocalStore):
        raise ReviewError(f"--purge: {_purging(store)}")
    found = look(name, store, places)
    if found.gone and not found.history:
        if known := forgotten.find(store, name):
            raise ReviewError(f"{name}: {known}; nothing here has it any more")
        raise ReviewError(f"{name}: no head, commit, inbox, log or cache has such an image or item")
    forgotten.remember(store, sorted(found.digests), by=by, why=why)  # first: from now on no page shows it
    for head in list(_heads(store)):
        _take_from_head(store, head, found, by, why)
    places.inbox.objects.delete(found.inbox)
    for path in map(Path, [*found.images, *found.caches]):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if found.features:
        delete(places.artifacts, found.features)
    if purge and isinstance(store, LocalStore):
        for digest in found.digests:
            store.blobs.path(digest).unlink(missing_ok=True)
    found.history = []
    _in_history(name, store, list(_heads(store)), found)  # with the heads that had it until now
    return found


def bytes_are_kept(store: Store, digests: Collection[str]) -> bool:
    """Whether old commits still hold the bytes of one of these; of no store but a folder's it is known."""
    return not isinstance(store, LocalStore) or any(store.blobs.path(each).exists() for each in digests)


def _purging(store: Store) -> str:
    place = "a bucket" if isinstance(store, BucketStore) else "Pachyderm"
    how = (
        "delete the object blobs/<SHA-256> and all its versions by hand"
        if isinstance(store, BucketStore)
        else "`pachctl delete commit` of those that hold it, and pachd's own collection, free the bytes"
    )
    return f"only a store in a folder can be purged from here, this one is {place}: {how}"


def _heads(store: Store) -> Iterator[Commit]:
    """The newest commit of every branch."""
    if isinstance(store, LocalStore):
        with store.catalogue() as records:
            rows = list(records.connection.execute("SELECT repository, name FROM branches ORDER BY 1, 2"))
        yield from (store.head(repository, branch) for repository, branch in rows)
    elif isinstance(store, BucketStore):
        store.open()
        yield from store.history.heads()
    else:  # Pachyderm's branches of pipelines are made again by them
        for repository in store.list_repositories():
            try:
                yield store.head(repository)
            except NotFoundError:
                continue


def _in_head(name: str, store: Store, head: Commit, found: Found) -> None:
    index = _index(store, head)
    for item in index.items if index else ():
        if item.id == name or item.image_sha256 in found.digests:
            found.items.add(item.id)
            found.digests.add(item.image_sha256)
            found.heads.append(f"{head.ref} ({head.branch}): {item.id}, {item.split}")
    known = {path for item in (index.items if index else []) for path in item.files}
    for file in _files(store, head, found.digests):
        if file.path not in known:
            found.heads.append(f"{head.ref} ({head.branch}): {file.path}")


def _in_history(name: str, store: Store, heads: list[Commit], found: Found) -> None:
    """Old commits, by the digests that are known, or by the item where no head has it any more."""
    seen = {head.id for head in heads}
    for head in heads:
        for commit in store.log(head.repository, head.branch):
            if commit.id in seen:
                continue
            seen.add(commit.id)
            if not found.digests and (index := _index(store, commit)):
                found.digests.update(
                    d for item in index.items if item.id == name for d in item.files.values()
                )
            if files := list(_files(store, commit, found.digests)):
                found.history.append(f"{commit.ref} of {commit.created:%Y-%m-%d %H:%M}: {files[0].path}")


def _in_inbox(inbox: Inbox, found: Found) -> None:
    skipped: list[str] = []
    for sent in inbox.submissions(skipped):
        submission = with_what_is_known(inbox, sent)
        if submission["image_sha256"] in found.digests or f"/{submission['id']}" in "".join(found.items):
            kept = (WITH_IMAGE, WITHOUT_IMAGE, NOT_JOINED, CLAIMS, DECISIONS, COMMITS, LEFT_OUT)
            keys = [f"{folder}/{submission['id']}.json" for folder in kept]
            found.inbox += [key for key in keys if inbox.objects.entry(key)]
            if submission["image_sha256"]:
                found.digests.add(submission["image_sha256"])
    if skipped:
        raise StoreError(f"{skipped[0]}: mend or remove it first, or what it holds is not forgotten")
    found.inbox += [f"{IMAGES}/{digest}" for digest in sorted(found.digests) if inbox.has_image(digest)]


def _take_from_head(store: Store, head: Commit, found: Found, by: str, why: str) -> None:
    index = _index(store, head)
    gone = [item for item in index.items if item.image_sha256 in found.digests] if index else []
    paths = {path for item in gone for path in item.files}
    paths |= {file.path for file in _files(store, head, found.digests)}
    if not paths and not gone:
        return
    kept: dict[str, bytes | Path] = {}
    if index and gone:
        items = [item for item in index.items if item not in gone]
        kept[INDEX_FILE] = index.model_copy(update={"items": items}).dumps()
        ids = {item.id for item in gone}
        for file in store.glob(head.ref, f"{FOLDER}/*.jsonl"):
            lines = [
                line
                for line in store.read(head.ref, file.path).splitlines()
                if json.loads(line)["item"] not in ids
            ]
            kept[file.path] = b"".join(line + b"\n" for line in lines)
    description = f"forget {', '.join(sorted(found.items)) or 'an image'}, asked by {by}: {why}"
    store.commit(
        head.repository,
        kept,
        branch=head.branch,
        mode="add",
        deletions=sorted(paths),
        description=description,
    )


def _index(store: Store, commit: Commit) -> DatasetIndex | None:
    if not store.glob(commit.ref, INDEX_FILE):
        return None
    return DatasetIndex.loads(store.read(commit.ref, INDEX_FILE))


def _files(store: Store, commit: Commit, digests: set[str]) -> "Iterator[File]":
    """The files of these digests; of a store that has no SHA-256 of its own, those of the index stand in."""
    return (file for file in store.ls(commit.ref) if file.sha256 in digests)


def _mentioning(folder: Path, found: Found, suffixes: set[str], deep: int = 0) -> Iterator[Path]:
    """The text files of a folder that name one of the digests, or one of the ids as a JSON text."""
    words = [*found.digests, *(json.dumps(item) for item in found.items)]
    if not folder.is_dir() or not words:
        return
    paths = folder.glob("*") if deep else folder.rglob("*")
    for path in sorted(path for path in paths if path.suffix in suffixes and path.is_file()):
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(word in text for word in words):
            yield path


def _entries(folder: Path, found: Found) -> list[Path]:
    """The entries of a cache, its direct folders, that were made with the image in them."""
    inside = _mentioning(folder, found, _TEXTS)
    return sorted({folder / path.relative_to(folder).parts[0] for path in inside})


def _copies(folder: Path, found: Found) -> list[Path]:
    """The copies of shards and features that runs have beside their results."""
    inside = _mentioning(folder, found, {".json"})
    made = {above for path in inside for above in path.parents if above.name in {"shards", "features"}}
    return sorted(above for above in made if above.is_relative_to(folder))


def _bytes(store: Store, heads: list[Commit], found: Found, inbox: Inbox) -> bytes | None:
    """The image itself, from wherever it still is; None where its bytes are gone already."""
    for digest in sorted(found.digests):
        if inbox.has_image(digest):
            return inbox.image(digest)
    for head in heads:
        for commit in store.log(head.repository, head.branch):
            for file in _files(store, commit, found.digests):
                try:
                    return store.read(commit.ref, file.path)
                except StoreError:  # purged
                    continue
    return None


def _trained(folder: Path, commits: set[str]) -> Iterator[str]:
    """The models whose records name one of the commits."""
    for path in sorted(folder.rglob("provenance.intoto.jsonl")) if folder.is_dir() else ():
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(commit in text for commit in commits):
            yield f"{path.parent}: made of a commit that had it; train again, and release"
