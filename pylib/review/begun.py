"""Commits of what was accepted that were begun, each kept before the store is asked, until all is marked.

Nobody knows of one that was killed whether the store has it. Until somebody has looked, which
`pylib.review.settling` does, nothing else is decided of what it was about to hold.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import TypedDict, cast

from pylib.store.inbox import Inbox
from pylib.store.protocol import Commit

BEGUN = "begun"


class Begun(TypedDict):
    """One that was begun: onto which head of which branch, and its items, id of the submission to item."""

    repository: str
    branch: str
    head: str
    items: dict[str, str]


def begin(inbox: Inbox, head: Commit, branch: str, items: Mapping[str, str]) -> str:
    """Keep that one is begun, durable when this returns; return its id."""
    begun, begun_id = Begun(repository=head.repository, branch=branch, head=head.id, items={**items}), _new()
    inbox.objects.put(_key(begun_id), json.dumps(begun, ensure_ascii=False).encode())
    return begun_id


def end(inbox: Inbox, begun_id: str) -> None:
    """Forget one: all that the store has of it is marked, or it has nothing."""
    inbox.objects.delete([_key(begun_id)])


def find(inbox: Inbox, begun_id: str) -> Begun | None:
    """The one of an id; None where it has ended. Raises DamagedError."""
    return cast("Begun | None", inbox.record(_key(begun_id), Begun.__required_keys__))


def all_begun(inbox: Inbox) -> Iterator[tuple[str, Begun]]:
    """Those that have not ended, the oldest first, each with its id."""
    for begun_id in inbox.ids(BEGUN):
        if found := find(inbox, begun_id):
            yield begun_id, found


def holding(inbox: Inbox, submission_id: str) -> Begun | None:
    """The one that was about to hold a submission; None where there is none."""
    return next((begun for _, begun in all_begun(inbox) if submission_id in begun["items"]), None)


def _new() -> str:
    return str(uuid.uuid4())


def _key(begun_id: str) -> str:
    return f"{BEGUN}/{begun_id}.json"
