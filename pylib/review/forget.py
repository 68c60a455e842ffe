"""An image that is to be forgotten: taken from every head, the inbox, the log's images and the caches.

Old commits cannot be changed: they are named, and `purge` deletes the image's bytes from a store in a folder.
A model that has learned from it keeps what it learned: such models are named, and are to be trained again.
"""

import json
import shutil
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from pylib.errors import DamagedError, ReviewError, StoreError
from pylib.review import forget_files as files
from pylib.review import forget_heads as heads
from pylib.review import forget_log
from pylib.review.claims import CLAIMS
from pylib.review.forget_features import delete, segments
from pylib.review.joining import ANSWERS, NOT_JOINED, with_what_is_known
from pylib.review.lock import turn
from pylib.review.queue import COMMITS, DECISIONS, LEFT_OUT, Queue
from pylib.review.settling import settle
from pylib.store import forgotten, request_log
from pylib.store.bucket import BucketStore
from pylib.store.inbox import IMAGES, UNANSWERED, WITH_IMAGE, WITHOUT_IMAGE, Inbox
from pylib.store.local import LocalStore
from pylib.store.protocol import Commit, Store

_SENT = (WITH_IMAGE, WITHOUT_IMAGE)
_FOLDERS = (*_SENT, UNANSWERED, ANSWERS, NOT_JOINED, CLAIMS, DECISIONS, COMMITS, LEFT_OUT)
"""Of the inbox, with a file for a submission."""


@dataclass
class Places:
    """Where to look beside the store: the inbox; folders of logs, of step caches, of runs, and of models.

    log: the log of answers, a file or the URL of a folder or bucket, empty for none
    artifacts: URL of the store of features, empty for none
    """

    inbox: Inbox
    logs: list[Path] = field(default_factory=list)
    caches: list[Path] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    log: str = ""
    artifacts: str = ""


@dataclass
class Found:
    """Where an image is or was, in words, by kind; `items` are its ids, `digests` the SHA-256 of its files.

    heads, inbox, logged, images, caches, features: what holds it, and is taken away
    history, models, logs: what stays, and why; kept: where a head names the same bytes as another file
    """

    items: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)
    heads: list[str] = field(default_factory=list)
    inbox: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    caches: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    @property
    def gone(self) -> bool:
        """Whether nothing that can be taken away holds it any more."""
        return not (self.heads or self.inbox or self.logged or self.images or self.caches or self.features)


def look(name: str, store: Store, places: Places, repository: str = "") -> Found:
    """Say where an image is, by the id of an item, REPOSITORY:ID or the SHA-256 of its bytes.

    repository: in which the id is looked for; all by default
    Raises ReviewError where the id names more than one image; StoreError.
    """
    tips = list(heads.heads(store))
    found = Found(digests=heads.images_of(name, store, tips, repository))
    for head in tips:
        _in_head(store, head, found)
    _in_history(store, tips, found)
    _in_inbox(places, found)
    _in_log(places, found)
    for folder in places.logs:
        kept = files.named(folder / "images", found.digests)
        found.images += [
            str(path) for path in kept if not places.log or forget_log.outside(places.log, [folder])
        ]
        found.images += [str(path) for path in files.on_the_page(folder / "web", found.digests)]
        found.logs += [
            f"{path}: a line names its digest"
            for path in files.mentioning(folder, _words(found), {".jsonl"}, 1)
        ]
    for folder in places.caches:
        found.caches += [str(path) for path in files.entries(folder, _words(found))]
    for folder in places.runs:
        found.caches += [str(path) for path in files.copies(folder, _words(found))]
    if places.artifacts and (image := _bytes(store, tips, found, places.inbox)):
        found.features += segments(places.artifacts, image)
    commits = {line.partition(" ")[0] for line in (*found.history, *found.heads)}
    for folder in places.models:
        found.models += sorted(files.trained(folder, commits))
    return found


def forget(
    name: str, store: Store, places: Places, *, by: str, why: str, purge: bool = False, repository: str = ""
) -> Found:
    """Take an image away where that can be done; return what had it. `look` proves it gone.

    purge: delete its bytes from the store too, so that old commits name a file that is not there any more
    repository: in which an id is looked for; all by default
    No commit of what was accepted runs meanwhile. Raises ReviewError where nothing has it, an id names more
    than one image, a commit is being made, or the store cannot be purged; StoreError.
    """
    if purge and not isinstance(store, LocalStore):
        raise ReviewError(f"--purge: {_purging(store)}")
    settle(Queue(places.inbox), lambda: store, by)
    with ExitStack() as turns:
        mine = {each: turns.enter_context(turn(places.inbox, *each, by)) for each in _branches(store)}
        found = look(name, store, places, repository)
        _refuse_nothing(name, store, found)
        forgotten.remember(store, sorted(found.digests), by=by, why=why)  # no page shows it now
        for head in list(heads.heads(store)):
            if (branch := (head.repository, head.branch)) not in mine:  # new since
                mine[branch] = turns.enter_context(turn(places.inbox, *branch, by))
            heads.take_away(store, head, found.digests, by, why, mine[branch])
        if found.features:
            delete(places.artifacts, found.features)
        if found.logged:
            request_log.delete(places.log, found.logged)
        for path in map(Path, [*found.images, *found.caches]):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        _clear_inbox(places.inbox, found.inbox)
    if purge and isinstance(store, LocalStore):
        heads.purge(store, found.digests)
    tips = list(heads.heads(store))
    found.kept = heads.otherwise_named(store, tips, found.digests)
    found.history = []
    _in_history(store, tips, found)  # with the heads that had it until now
    return found


def _branches(store: Store) -> list[tuple[str, str]]:
    return [(head.repository, head.branch) for head in heads.heads(store)]


def _refuse_nothing(name: str, store: Store, found: Found) -> None:
    if not found.gone:
        return
    if other := heads.otherwise_named(store, heads.heads(store), found.digests):
        raise ReviewError(f"{name}: no image, but another file of an item, {other[0]}: name the item")
    if not found.history:
        if known := forgotten.find(store, name):
            raise ReviewError(f"{name}: {known}; nothing here has it any more")
        raise ReviewError(f"{name}: no head, commit, inbox, log or cache has such an image or item")


def _clear_inbox(inbox: Inbox, keys: Collection[str]) -> None:
    """The submission goes last: killed before that, the next forgetting finds the rest by it."""
    last = [key for key in keys if key.partition("/")[0] in _SENT]
    for each in ([key for key in keys if key not in last], last):
        if each:
            inbox.objects.delete(each)


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


def _in_head(store: Store, head: Commit, found: Found) -> None:
    index = heads.read_index(store, head)
    for item in index.items if index else ():
        if item.image_sha256 in found.digests:
            found.items.add(item.id)
            found.heads.append(f"{head.ref} ({head.branch}): {item.id}, {item.split}")
    known = {path for item in (index.items if index else []) for path in item.files}
    for file in heads.files_of(store, head, found.digests):
        if file.path not in known:
            found.heads.append(f"{head.ref} ({head.branch}): {file.path}")


def _in_history(store: Store, tips: list[Commit], found: Found) -> None:
    """Old commits with one of these files."""
    for commit in heads.old_commits(store, tips):
        if named := list(heads.files_of(store, commit, found.digests)):
            found.history.append(f"{commit.ref} of {commit.created:%Y-%m-%d %H:%M}: {named[0].path}")


def _in_inbox(places: Places, found: Found) -> None:
    """What was submitted with it, and what was said of answers about it without sending it back."""
    skipped: list[str] = []
    sent = [with_what_is_known(places.inbox, each) for each in places.inbox.submissions(skipped)]
    if skipped:
        raise StoreError(f"{skipped[0]}: mend or remove it first, or what it holds is not forgotten")
    named = "".join(found.items)
    mine = [each for each in sent if each["image_sha256"] in found.digests or f"/{each['id']}" in named]
    found.digests |= {each["image_sha256"] for each in mine} - {""}
    if places.log:
        found.digests |= forget_log.aliases(places.log, mine, found.digests)
        about = forget_log.predictions(places.log, found.digests)
        mine += [each for each in sent if not each["image_sha256"] and each["prediction_id"].lower() in about]
    keys = [f"{folder}/{each['id']}.json" for each in mine for folder in _FOLDERS]
    keys += [f"{IMAGES}/{digest}" for digest in sorted(found.digests)]
    found.inbox += [key for key in keys if places.inbox.objects.entry(key)]


def _in_log(places: Places, found: Found) -> None:
    if places.log:
        found.logged = forget_log.copies(places.log, found.digests)
        if forget_log.outside(places.log, places.logs):
            found.logs += forget_log.lines(places.log, found.digests)


def _words(found: Found) -> list[str]:
    """How a text names one of the digests, or one of the ids as a JSON text."""
    return [*found.digests, *(json.dumps(item) for item in found.items)]


def _bytes(store: Store, tips: list[Commit], found: Found, inbox: Inbox) -> bytes | None:
    """The image itself, from wherever it still is; None where its bytes are gone already."""
    for digest in sorted(found.digests):
        if inbox.has_image(digest):
            with suppress(DamagedError):
                return inbox.image(digest)
    for head in tips:
        for commit in store.log(head.repository, head.branch):
            for file in heads.files_of(store, commit, found.digests):
                try:
                    return store.read(commit.ref, file.path)
                except StoreError:  # purged
                    continue
    return None
