"""The commit of what reviewers accepted: what it would hold, and what the checks found and left out."""

from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from pylib.data.report import Report, read_report
from pylib.errors import NotFoundError
from pylib.provenance.answers import in_words
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
    repository, waiting = asked.form.field("repository"), queue(asked)
    store = open_store(asked.site.settings.store)
    if repository not in store.list_repositories():
        raise Refusal(422, "choose the data set that it is committed to")
    before = waiting.accepted()
    folder = asked.site.settings.output / "reports" / "review" / repository
    made = commit_accepted(
        waiting,
        store,
        repository,
        by=asked.name,
        message=asked.form.field("message")[:_MESSAGE],
        cache=asked.site.settings.output / "downloads",
        report=folder,
    )
    left_out = [(each["id"], why) for each in before if (why := waiting.left_out(each["id"]))]
    return render(
        asked, "review_committed.html.j2", repository=repository, made=made, left_out=left_out[:SHOWN],
        taken=_taken(waiting, before, made), report=_report(asked, repository), counts=waiting.counts(),
    )  # fmt: skip


def _taken(waiting: Queue, before: Sequence[Decision], made: Commit | None) -> int:
    return sum(waiting.committed(each["id"]) == str(made.ref) for each in before) if made else 0


def _report(asked: Asked, repository: str) -> Report | None:
    return read_report(asked.site.settings.output / "reports" / "review" / repository)


routes = [
    page("/review/commit", _form, role=Role.REVIEWER),
    page("/review/commit", _commit, role=Role.REVIEWER, method="POST"),
]
