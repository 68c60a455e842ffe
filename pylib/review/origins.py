"""Who sent and who accepted an item of a data commit: `origins/<name>.jsonl` beside its images.

The name of an item says its source (`SOURCE/ID`), by which an evaluation is sliced; all else stands here, a
line an item, and goes where the commit goes.
"""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from pylib.data.reviewed_items import ORIGINS
from pylib.errors import StoreError
from pylib.records import Record, first_error
from pylib.review.queue import Decision
from pylib.store.inbox import Submission
from pylib.store.protocol import AnyCommit, Store

FOLDER = ORIGINS
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 60


class Origin(Record):
    """Where an item comes from.

    item: its id; submission: that of the inbox; by, sent: who sent it, when; reviewer, decided, why: likewise
    prediction_id, model_digest, answered: the answer that it corrects or confirms, empty where it is of none
    corrected: whether the reviewer changed what was sent
    """

    item: str
    submission: str
    kind: str
    source: str
    by: str
    sent: str
    note: str
    reviewer: str
    decided: str
    why: str
    corrected: bool
    prediction_id: str
    model_digest: str
    answered: dict[str, Any] | None


def item_id(submission: Submission) -> str:
    """The id of the item that a submission becomes: the same each time, so that none is committed twice."""
    source = _UNSAFE.sub("-", submission["source"]).strip("-")[:_LONGEST] or submission["kind"]
    return f"{source}/{submission['id']}"


def origin(submission: Submission, decision: Decision) -> Origin:
    """What is kept of a submission and the decision to accept it."""
    names = {"kind", "source", "by", "note", "prediction_id", "model_digest", "answered"}
    content = {name: value for name, value in submission.items() if name in names} | {
        "item": item_id(submission),
        "submission": submission["id"],
        "sent": submission["time"],
        "reviewer": decision["reviewer"],
        "decided": decision["time"],
        "why": decision["why"],
        "corrected": decision["truth"] != submission["truth"],
    }
    return Origin.model_validate(content)


def dumps(origins: Iterable[Origin]) -> bytes:
    """Write them, a line each, in order."""
    lines = (b" ".join(each.dumps().split(b"\n")).strip() for each in origins)
    return b"".join(line + b"\n" for line in lines)


def read_origins(store: Store, commit: AnyCommit) -> dict[str, Origin]:
    """The origins of a commit's items, by the item's id; of what was not reviewed there are none.

    Raises StoreError where a file of them is damaged.
    """
    found: dict[str, Origin] = {}
    for file in store.glob(commit, f"{FOLDER}/*.jsonl"):
        for line in store.read(commit, file.path).splitlines():
            try:
                read = Origin.model_validate_json(line)
            except ValidationError as error:
                raise StoreError(f"{commit}: {file.path} is damaged: {first_error(error)}") from error
            found.setdefault(read.item, read)
    return found
