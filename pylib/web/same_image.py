"""Where else an image is that a reviewer looks at, and what is said of it there."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from pylib.data.browsing import index_of
from pylib.data.dataset import DatasetIndex, Item, LabelTarget
from pylib.errors import DamagedError, NotFoundError, PylibError
from pylib.review.queue import Queue
from pylib.store.inbox import Inbox, Submission
from pylib.store.opening import open_store
from pylib.web.site import Site
from pylib.web.submitted import in_truth, repositories

_REMEMBERED = 100_000
SHOWN = 10


class Same(NamedTuple):
    """One of them: where, what is said of it there, and whether that is something else."""

    where: str
    said: str
    other: bool


def same_images(submission: Submission, queue: Queue, site: Site) -> list[Same]:
    """Those that wait, are accepted or are in a data set of the task; the first ten, contradictions first."""
    found = [*_sent(submission, queue)]
    with suppress(PylibError):  # a store that cannot be read stops no review
        found += _in_data(submission, site)
    return sorted(found, key=lambda each: not each.other)[:SHOWN]


def _sent(submission: Submission, queue: Queue) -> Iterator[Same]:
    for each in queue.open_ids():
        if each == submission["id"] or _image(queue.inbox, each) != submission["image_sha256"]:
            continue
        with suppress(NotFoundError, DamagedError):  # forgotten meanwhile
            found, decision = queue.inbox.submission(each), queue.decision(each)
            truth = decision["truth"] if decision else found["truth"]
            what = f"accepted by {decision['reviewer']}" if decision else "waiting"
            where = f"{what}, sent by {found['by'] or 'somebody'} (source {found['source']})"
            yield Same(where, _words(truth), bool(truth) and truth != submission["truth"])


def _in_data(submission: Submission, site: Site) -> Iterator[Same]:
    url = site.settings.store
    for repository in repositories(submission["task"], site):
        index = index_of(url, open_store(url).head(repository))
        for item in index.items if index else ():
            if index and item.image_sha256 == submission["image_sha256"]:
                label = _label(index, item)
                other = bool(label) and label != (submission["truth"] or {}).get("label")
                yield Same(f"in {repository}, as {item.id}", label or "a mask", other)


def _label(index: DatasetIndex, item: Item) -> str:
    return index.classes[item.target.label] if isinstance(item.target, LabelTarget) else ""


def _words(truth: dict[str, Any] | None) -> str:
    return in_truth(truth) or ("a mask" if truth else "not what it is")


def _image(inbox: Inbox, submission_id: str) -> str:
    """The digest of a submission's image, which never changes; empty where it cannot be read."""
    try:
        return _read(inbox.url, submission_id)
    except (NotFoundError, DamagedError):
        return ""


@lru_cache(maxsize=_REMEMBERED)
def _read(inbox: str, submission_id: str) -> str:
    return Inbox(inbox).submission(submission_id)["image_sha256"]
