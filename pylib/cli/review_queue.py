"""What the verbs `review …` share: their options, the queue, and a submission by how its id begins."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pylib.errors import ReviewError, StoreError
from pylib.settings import settings
from pylib.store.inbox import Inbox, Submission
from pylib.store.opening import open_store

if TYPE_CHECKING:
    from pylib.review.queue import Queue

Id = Annotated[str, typer.Argument(help="of a submission, as `pylib review list` shows it, or its beginning")]
InboxUrl = Annotated[
    str | None, typer.Option("--inbox", help="file:///folder or s3://bucket; default: PYLIB_INBOX")
]
By = Annotated[str, typer.Option(help="who decides")]
Why = Annotated[str, typer.Option(help="the reason, in words; it is kept")]
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


def opened(url: str | None, store: str | None = None) -> "Queue":
    """The queue, with what the log of answers brings to it, and commits that were killed settled.

    A log or a store that cannot be read stops no review: what it would say is not known, and not decided.
    """
    from pylib.review.joining import join
    from pylib.review.queue import Queue
    from pylib.review.settling import settle

    inbox = Inbox(url or settings().inbox)
    try:
        join(inbox, settings().predictions)
    except StoreError as error:
        print(f"feedback without an image is not joined: {error}", file=sys.stderr)  # noqa: T201
    queue = Queue(inbox)
    for why in settle(queue, lambda: open_store(store or settings().store)):
        print(why, file=sys.stderr)  # noqa: T201
    return queue


def find_one(queue: "Queue", beginning: str) -> Submission:
    """The submission of that id, or of the only one that begins so."""
    found = [each for each in queue.inbox.submissions() if each["id"].startswith(beginning)]
    if len(found) != 1:
        many = f"{len(found)} begin so" if found else "there is none"
        raise ReviewError(f"submission {beginning[:40]!r}: {many}; `pylib review list --all` shows them")
    return found[0]


def target(said: Mapping[str, Any] | None) -> str:
    """What is right, or was answered, in a word."""
    return str((said or {}).get("label", "a mask" if said else "-"))[:40]
