"""The queue of submissions that wait for a person: each is claimed by one, and decided once.

Claims and decisions are objects beside the submissions in the inbox. A decision is written only where there
is none, so reviewers in several processes and pods agree without a server of their own.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict, cast

from pylib.errors import DamagedError, NotFoundError, ReviewError
from pylib.review import begun
from pylib.review.claims import CLAIMS, Claims
from pylib.store.inbox import WITH_IMAGE, Inbox, Submission
from pylib.store.protocol import Commit

DECISIONS, COMMITS, LEFT_OUT = "decisions", "commits", "left-out"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Decision(TypedDict):
    """What a reviewer decided of the submission `id`.

    time: UTC, ISO 8601; truth: what is right, as sent or corrected, None where it is rejected; why: in words
    """

    id: str
    reviewer: str
    time: str
    verdict: Literal["accept", "reject"]
    truth: dict[str, Any] | None
    why: str


class Queue:
    """The queue of an inbox; a claim that is not decided is another's to take after `lease_seconds`.

    Clocks of reviewers' machines that differ by more than the lease may show one item to two of them; one
    decision counts even then. All methods raise `StoreError` where the inbox refuses.
    """

    def __init__(self, inbox: Inbox, *, lease_seconds: float = 600) -> None:
        self.inbox = inbox
        self._claims = Claims(inbox.objects, timedelta(seconds=lease_seconds))

    def claim(self, reviewer: str, *, skip: Container[str] = ()) -> Submission | None:
        """Give the oldest submission with an image that waits; None where there is none.

        What this reviewer holds already comes first, so that a page that is loaded again shows the same.
        `skip`: ids that are passed over.
        """
        waiting = [each for each in self._undecided() if each not in skip]
        holders = {each: self._claims.holder(each) for each in set(self.inbox.ids(CLAIMS)) & {*waiting}}
        free = [each for each in waiting if holders.get(each, "") in {"", reviewer}]
        for each in sorted(free, key=lambda each: holders.get(each, "") != reviewer):
            if self._claims.take(each, reviewer) and (found := self._still_there(each)):
                return found
        return None

    def claim_one(self, submission_id: str, reviewer: str) -> Submission:
        """Claim this very submission; ReviewError where another holds it, or it is decided already."""
        submission = self.inbox.submission(submission_id)
        self._refuse_decided(submission_id)
        if not self._claims.take(submission_id, reviewer):
            holder = self._claims.holder(submission_id) or "another reviewer"
            raise ReviewError(f"{submission_id} is with {holder}: wait, or take another")
        return submission

    def give_back(self, submission_id: str, reviewer: str) -> None:
        """Let go of a claim, so that another may take it; of one that is not held, nothing happens."""
        self._claims.let_go(_checked(submission_id), reviewer)

    def decide(self, decision: Decision) -> None:
        """Keep a decision; whoever holds no claim takes one with it.

        Raises ReviewError: another holds the submission, it is decided already, or an acceptance says
        nothing of what is right.
        """
        submission_id = _checked(decision["id"])
        if decision["verdict"] == "accept" and decision["truth"] is None:
            raise ReviewError(f"{submission_id}: accepted as what? say what is right, or reject it")
        self.claim_one(submission_id, decision["reviewer"])
        key, data = f"{DECISIONS}/{submission_id}.json", _dump(decision)
        if not self.inbox.objects.create(key, data):
            found = self.inbox.objects.find(key)
            if not found or found.data != data:  # else it is our own, and only the answer was lost
                self._refuse_decided(submission_id)
        self._claims.remove(submission_id)

    def decision(self, submission_id: str) -> Decision | None:
        """What was decided of a submission; None where nothing was yet."""
        return cast("Decision | None", self._read(DECISIONS, submission_id, Decision.__required_keys__))

    def committed(self, submission_id: str) -> str:
        """The data commit, `repository@id`, that a submission became a part of; empty where there is none."""
        found = self._read(COMMITS, submission_id, {"commit"})
        return str(found["commit"]) if found else ""

    def mark_committed(self, submission_id: str, commit: str) -> None:
        """Keep which data commit, `repository@id`, has a submission; the first one stays."""
        self.inbox.objects.create(f"{COMMITS}/{_checked(submission_id)}.json", _dump({"commit": commit}))

    def leave_out(self, submission_id: str, why: str) -> None:
        """Keep why an accepted submission became part of no data commit, and will not."""
        self.inbox.objects.create(f"{LEFT_OUT}/{_checked(submission_id)}.json", _dump({"why": why}))

    def reject_accepted(self, submission_id: str, reviewer: str, why: str) -> None:
        """Reject what was accepted; ReviewError where a commit has it, or is taking it just now."""
        if not self._claims.take(_checked(submission_id), reviewer):
            holder = self._claims.holder(submission_id) or "another reviewer"
            raise ReviewError(f"{submission_id} is with {holder}: try again later")
        try:
            self._refuse_taken(submission_id)
            self.leave_out(submission_id, f"rejected by {reviewer} after all: {why}")
            self._refuse_taken(submission_id)  # again: this process may have slept since, and lost its claim
        finally:
            self._claims.remove(submission_id)

    @contextmanager
    def committing(self, head: Commit, branch: str, items: Mapping[str, str]) -> Iterator[None]:
        """While a commit takes these, nobody can reject one; ReviewError where somebody did or does.

        head, branch: what it is made on; items: by submission
        Who is killed in the block, or leaves it by an error, has it looked at by `pylib.review.settling` what
        the store has of it, before anything else is decided of them.
        """
        begun_id = begun.begin(self.inbox, head, branch, items)
        try:
            self._hold(items, _holder(begun_id))
        except ReviewError:
            self._end(begun_id, items)
            raise
        yield
        self._end(begun_id, items)

    def end_commit(self, begun_id: str, ended: begun.Begun) -> None:
        """Let others decide again of what a commit held: all that the store has of it is marked."""
        self._end(begun_id, ended["items"])

    def _refuse_taken(self, submission_id: str) -> None:
        if taking := begun.holding(self.inbox, submission_id):
            taken = f"a commit to {taking['repository']}@{taking['branch']} takes it, or was killed"
            raise ReviewError(f"{submission_id}: {taken}: try again later")
        if commit := self.committed(submission_id):
            raise ReviewError(f"{submission_id} is in {commit}: `pylib data forget` takes an image away")

    def _hold(self, items: Mapping[str, str], holder: str) -> None:
        for each in items:
            if not self._claims.take(each, holder):
                raise ReviewError(f"{each} is looked at by {self._claims.holder(each)} now: commit again")
            if (why := self.left_out(each)) or self.decision(each) is None:
                raise ReviewError(f"{each}: {why or 'it was forgotten'}: commit again, without it")

    def _end(self, begun_id: str, items: Mapping[str, str]) -> None:
        for each in items:
            if self.committed(each):
                self._claims.remove(each)
            else:
                self._claims.let_go(each, _holder(begun_id))
        begun.end(self.inbox, begun_id)

    def left_out(self, submission_id: str) -> str:
        """Why an accepted submission is in no data commit; empty where it is in one, or may still be."""
        found = self._read(LEFT_OUT, submission_id, {"why"})
        return str(found["why"]) if found else ""

    def counts(self, reviewer: str = "") -> dict[str, int]:
        """How many are waiting, claimed, accepted (and not committed), rejected, committed.

        reviewer: whose own claims count as waiting, not as claimed
        What was accepted and then left out, as a duplicate is, counts as rejected.
        """
        waiting, committed = set(self._undecided()), set(self.inbox.ids(COMMITS))
        left_out = set(self.inbox.ids(LEFT_OUT)) - committed
        holders = [self._claims.holder(each) for each in self.inbox.ids(CLAIMS) if each in waiting]
        claimed = sum(each not in {"", reviewer} for each in holders)
        open_ones = [each for each in self.inbox.ids(DECISIONS) if each not in committed | left_out]
        verdicts = [each["verdict"] for each in self._decisions(open_ones)]
        return {
            "waiting": len(waiting) - claimed,
            "claimed": claimed,
            "accepted": verdicts.count("accept"),
            "rejected": verdicts.count("reject") + len(left_out),
            "committed": len(committed),
        }

    def history(self, limit: int = 100) -> list[Decision]:
        """The newest decisions, the newest first."""
        return self._decisions(self.inbox.ids(DECISIONS)[::-1][:limit])

    def accepted(self) -> list[Decision]:
        """The decisions to accept that no data commit has yet, the oldest first."""
        settled = set(self.inbox.ids(COMMITS, LEFT_OUT))
        found = self._decisions([each for each in self.inbox.ids(DECISIONS) if each not in settled])
        return [each for each in found if each["verdict"] == "accept"]

    def _read(self, folder: str, submission_id: str, names: AbstractSet[str]) -> dict[str, Any] | None:
        """What is kept of a submission there; raises DamagedError where it is not whole."""
        key = f"{folder}/{_checked(submission_id)}.json"
        read = self.inbox.record(key, names)
        if read and not _right(read):
            raise self.inbox.damaged(key)
        return read

    def open_ids(self) -> list[str]:
        """The ids, the oldest first, of what has an image and is in no commit yet: undecided, or accepted."""
        return [*self._undecided(), *(each["id"] for each in self.accepted())]

    def _undecided(self) -> list[str]:
        decided = set(self.inbox.ids(DECISIONS))
        return [each for each in self.inbox.ids(WITH_IMAGE) if each not in decided]

    def _decisions(self, ids: list[str]) -> list[Decision]:
        return [decision for each in ids if (decision := self.decision(each))]

    def _still_there(self, submission_id: str) -> Submission | None:
        """Look again once it is claimed: it may have been decided, or forgotten, since it was listed."""
        if self.decision(submission_id) is None:
            try:
                return self.inbox.submission(submission_id)
            except (NotFoundError, DamagedError):
                pass
        self._claims.remove(submission_id)
        return None

    def _refuse_decided(self, submission_id: str) -> None:
        if there := self.decision(submission_id):
            by = f"by {there['reviewer']}, {there['time']}"
            raise ReviewError(f"{submission_id} was decided already ({there['verdict']}) {by}")


def _holder(begun_id: str) -> str:
    return f"a commit that is being made ({begun_id})"


def _right(read: dict[str, Any]) -> bool:
    """Whether what is right, where something is said of it, and the time are such."""
    try:
        datetime.fromisoformat(read.get("time") or "2000-01-01")
    except (TypeError, ValueError):
        return False
    return isinstance(read.get("truth"), dict | None)


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _checked(submission_id: str) -> str:
    if not _UUID.fullmatch(submission_id):
        raise ReviewError(f"{submission_id[:80]!r} is no id of a submission: `pylib review list` shows them")
    return submission_id
