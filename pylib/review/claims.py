"""Who looks at which submission now: leases, each an object that is written on a condition.

A claim is created where there is none, or written over the version that was read, so of two who come at once
one gets it. When it has run out, by the clock of who comes, another may take it over.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import TypedDict, cast

from pylib.store.conditional_writes import check
from pylib.store.durable_folder import Folder
from pylib.store.objects import Object, Objects

CLAIMS = "claims"


class _Claim(TypedDict):
    reviewer: str
    until: str  # UTC, ISO 8601
    token: str  # makes each claim another object, and so another ETag


class Claims:
    """The claims in an inbox's place; each lasts `lease`. All methods raise `StoreError`."""

    def __init__(self, objects: Objects | Folder, lease: timedelta) -> None:
        self._objects = objects
        self._lease = lease
        self._checked = False

    def take(self, submission_id: str, reviewer: str) -> bool:
        """Claim it where it is free, has run out or is this reviewer's already; whether it is his then."""
        key, data = _key(submission_id), _dump(reviewer, datetime.now(UTC) + self._lease)
        if not self._objects.create(key, data):
            found = self._objects.find(key)
            if found and _live(found) not in {"", reviewer}:
                return False
            if found and found.data != data:  # the same: created, and only the answer was lost
                self._objects.replace(key, data, found.e_tag)
            there = self._objects.find(key)
            if not there or there.data != data:
                return False
        self._check_conditions(key, data)
        return True

    def renew(self, submission_id: str, reviewer: str) -> bool:
        """Make a claim last anew; False where another has taken it since, even if it is free again now."""
        key = _key(submission_id)
        found = self._objects.find(key)
        if not found or _reviewer(found) != reviewer:
            return False
        self._objects.replace(key, _dump(reviewer, datetime.now(UTC) + self._lease), found.e_tag)
        there = self._objects.find(key)  # an answer may be lost, so what counts is what is there
        return there is not None and _reviewer(there) == reviewer

    def seconds_left(self, submission_id: str) -> float:
        """How long it is held, unless it is renewed; 0 where nobody holds it."""
        found = self._objects.find(_key(submission_id))
        return max(0.0, (_read(found)[1] - datetime.now(UTC)).total_seconds()) if found else 0.0

    def holder(self, submission_id: str) -> str:
        """Who holds it; empty where nobody does."""
        found = self._objects.find(_key(submission_id))
        return _live(found) if found else ""

    def let_go(self, submission_id: str, reviewer: str) -> None:
        """End a claim that this reviewer holds; of one that he does not, nothing happens."""
        found = self._objects.find(_key(submission_id))
        if found and _live(found) == reviewer:
            self._objects.replace(_key(submission_id), _dump("", datetime.now(UTC)), found.e_tag)

    def remove(self, submission_id: str) -> None:
        """Take away the claim of a submission that is decided, which nobody can take any more."""
        self._objects.delete([_key(submission_id)])

    def _check_conditions(self, key: str, data: bytes) -> None:
        """Once a process: a server that ignores conditions would give an item to two people."""
        if isinstance(self._objects, Objects) and not self._checked:
            check(self._objects, key, data)
        self._checked = True


def _live(found: Object) -> str:
    """Who holds a claim that has not run out; empty where nobody does."""
    reviewer, until = _read(found)
    return reviewer if until > datetime.now(UTC) else ""


def _reviewer(found: Object) -> str:
    """Who took it last, whether it has run out or not; empty where he let go of it."""
    return _read(found)[0]


def _read(found: Object) -> tuple[str, datetime]:
    try:
        claim = cast("_Claim", json.loads(found.data))
        return claim["reviewer"], datetime.fromisoformat(claim["until"])
    except (KeyError, TypeError, ValueError):  # damaged: nobody's, and written over by who comes next
        return "", datetime.min.replace(tzinfo=UTC)


def _dump(reviewer: str, until: datetime) -> bytes:
    claim = _Claim(reviewer=reviewer, until=until.isoformat(), token=secrets.token_hex(8))
    return json.dumps(claim, ensure_ascii=False).encode()


def _key(submission_id: str) -> str:
    return f"{CLAIMS}/{submission_id}.json"
