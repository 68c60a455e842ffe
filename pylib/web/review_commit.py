"""The commit of what reviewers accepted: what it would hold, and what the checks found and left out."""

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response

from pylib.data.report import DATA, read_report
from pylib.errors import NotFoundError, ReviewError
from pylib.provenance.answers import in_words
from pylib.review.checks.examine import BLOCKING
from pylib.review.commit import commit_accepted
from pylib.review.queue import Decision, Queue
from pylib.store.inbox import Submission
from pylib.store.opening import open_store
from pylib.store.protocol import Commit
from pylib.web.access import Role
from pylib.web.page import Asked, page, render
from pylib.web.refusal import Refusal
from pylib.web.review import queue
from pylib.web.submitted import repositories

SHOWN = 100
"""Submissions that are listed."""
_MESSAGE = 1000
_GRANULARITY = 1_000_000_000  # nanoseconds by which a file's time may lie before the clock's


def _form(asked: Asked) -> Response:
    waiting = queue(asked)
    accepted = _submissions(waiting, waiting.accepted())
    people = Counter(each["by"] or "somebody" for each in accepted)
    tasks = Counter(each["task"] for each in accepted)
    targets = [(each, tasks[task]) for task in sorted(tasks) for each in repositories(task, asked.site)]
    return render(
        asked, "review_commit.html.j2", accepted=accepted[:SHOWN], total=len(accepted), targets=targets,
        one=len(tasks) == 1,
        sources=Counter(each["source"] for each in accepted), people=people,
        right={each["id"]: _right(waiting, each["id"]) for each in accepted[:SHOWN]}, counts=waiting.counts(),
    )  # fmt: skip


def _submissions(waiting: Queue, decisions: Sequence[Decision]) -> list[Submission]:
    found = []
    for decision in decisions:
        try:
            found.append(waiting.inbox.submission(decision["id"]))
        except NotFoundError:  # forgotten meanwhile
            continue
    return found


def _right(waiting: Queue, submission_id: str) -> str:
    decision = waiting.decision(submission_id)
    truth = (decision["truth"] if decision else None) or {}
    return in_words({name: value for name, value in truth.items() if not name.endswith("_png")}) or "a mask"


def _commit(asked: Asked) -> Response:
    """Make the commit; where the checks find what somebody must answer for, show it and ask."""
    repository, waiting = asked.form.field("repository"), queue(asked)
    if repository not in open_store(asked.site.settings.store).list_repositories():
        raise Refusal(422, "choose the data set that it is committed to")
    before, began = waiting.accepted(), time.time_ns()
    try:
        made = _made(asked, waiting, repository)
    except ReviewError as error:
        return _refused(asked, repository, error, began)
    left_out = [(each["id"], why) for each in before if (why := waiting.left_out(each["id"]))]
    return render(
        asked, "review_committed.html.j2", repository=repository, made=made, left_out=left_out[:SHOWN],
        taken=_taken(waiting, before, made), report=read_report(_folder(asked, repository)),
        counts=waiting.counts(),
    )  # fmt: skip


def _made(asked: Asked, waiting: Queue, repository: str) -> Commit | None:
    """The commit, through the checks that need no network's features: a page is no place to compute those."""
    return commit_accepted(
        waiting,
        open_store(asked.site.settings.store),
        repository,
        by=asked.name,
        message=asked.form.field("message")[:_MESSAGE],
        allow=_allowed(asked),
        cache=asked.site.settings.output / "downloads",
        report=_folder(asked, repository),
    )


def _refused(asked: Asked, repository: str, error: ReviewError, began: int) -> Response:
    """What was found, with the kinds that one may answer for; an error of another kind stays one."""
    report, written = read_report(_folder(asked, repository)), _folder(asked, repository) / DATA
    kinds = Counter(each.code for each in report.findings if each.code in BLOCKING) if report else Counter()
    if not kinds or written.stat().st_mtime_ns < began - _GRANULARITY:
        raise error
    findings = sorted(report.findings if report else [], key=lambda each: each.code not in BLOCKING)
    return render(
        asked, "review_refused.html.j2", repository=repository, findings=findings[:SHOWN],
        kinds=kinds, allowed=_allowed(asked), message=asked.form.field("message"),
        counts=queue(asked).counts(), blocking=BLOCKING,
    )  # fmt: skip


def _allowed(asked: Asked) -> list[str]:
    return [each for each in asked.form.fields.get("allow", []) if each in BLOCKING]


def _folder(asked: Asked, repository: str) -> Path:
    return asked.site.settings.output / "reports" / "review" / repository


def _taken(waiting: Queue, before: Sequence[Decision], made: Commit | None) -> int:
    return sum(waiting.committed(each["id"]) == str(made.ref) for each in before) if made else 0


routes = [
    page("/review/commit", _form, role=Role.REVIEWER),
    page("/review/commit", _commit, role=Role.REVIEWER, method="POST"),
]
