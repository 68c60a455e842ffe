"""What a commit has that was killed before it said so is marked, before anything else is decided of it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import NotFoundError, ReviewError, StoreError
from pylib.review.begun import Begun, all_begun, find
from pylib.review.lock import turn
from pylib.review.origins import item_id
from pylib.review.queue import Decision, Queue
from pylib.store.protocol import Commit, CommitRef, Store

_CLOCKS = timedelta(days=1)
"""By how much the clocks of a reviewer and of a store may differ."""


def settle(queue: Queue, store: Callable[[], Store], by: str = "") -> list[str]:
    """Settle the commits that were begun and are not at work any more; each verb of the review does it first.

    store: opens the store, which is asked only where there is such a commit
    Returns, a line each, which cannot be settled; nothing is decided of their items then.
    """
    unsettled = []
    for begun_id, begun in all_begun(queue.inbox):
        try:
            with turn(queue.inbox, begun["repository"], begun["branch"], by):
                if still := find(queue.inbox, begun_id):
                    _settle(queue, store(), begun_id, still)
        except ReviewError:  # it is at work
            continue
        except StoreError as error:
            where = f"{begun['repository']}@{begun['branch']}"
            unsettled.append(f"whether {len(begun['items'])} items are in {where} is not known: {error}")
    return unsettled


def mark_those_that_are_there(queue: Queue, store: Store, repository: str, branch: str) -> None:
    """Mark what was accepted and a commit has, whoever made it."""
    wanted = {}
    for each in queue.accepted():
        with suppress(NotFoundError):  # a forgetting that was killed may leave a decision alone
            wanted[item_id(queue.inbox.submission(each["id"]))] = each
    if not wanted:
        return
    since = min(map(_time, wanted.values())) - _CLOCKS
    recent = [each for each in store.log(repository, branch) if each.created >= since]
    for commit in reversed(recent):
        for item in items_of(store, commit) & wanted.keys():
            queue.mark_committed(wanted.pop(item)["id"], str(commit.ref))


def items_of(store: Store, commit: Commit) -> set[str]:
    """The ids in a commit's index; files that it does not name are no items."""
    if not store.glob(commit.ref, INDEX_FILE):
        return set()
    return {item.id for item in DatasetIndex.loads(store.read(commit.ref, INDEX_FILE)).items}


def _settle(queue: Queue, store: Store, begun_id: str, begun: Begun) -> None:
    for commit in _since(store, begun):
        there = items_of(store, commit)
        for submission, item in begun["items"].items():
            if item in there:
                queue.mark_committed(submission, str(commit.ref))
    queue.end_commit(begun_id, begun)


def _since(store: Store, begun: Begun) -> list[Commit]:
    """The commits of the branch after the head that it was begun on, the oldest first; it makes none now."""
    repository, found = begun["repository"], []
    commit = store.fenced_head(repository, begun["branch"])
    while commit.id != begun["head"]:
        found.append(commit)
        if not commit.parent:
            raise StoreError(
                f"it was begun on {repository}@{begun['head']}, which is not in this store: "
                "name the one that it was made in, with --store or PYLIB_STORE"
            )
        commit = store.inspect(CommitRef(repository, commit.parent))
    return found[::-1]


def _time(decision: Decision) -> datetime:
    return datetime.fromisoformat(decision["time"])
