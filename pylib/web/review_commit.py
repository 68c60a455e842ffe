"""The commit of what reviewers accepted: what it would hold, and what the checks found and left out."""

from collections import Counter
from collections.abc import Sequence
from copy import copy

from starlette.responses import Response

from pylib.data.report import DATA, Report, read_report
from pylib.errors import NotFoundError
from pylib.provenance.answers import in_words
from pylib.review.checks.examine import BLOCKING
from pylib.review.queue import COMMITS, Decision, Queue
from pylib.store.inbox import Submission
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef
from pylib.web.access import Role
from pylib.web.commits import Commit
from pylib.web.page import Asked, page, render, see
from pylib.web.refusal import Refusal
from pylib.web.review import queue
from pylib.web.submitted import repositories

SHOWN = 100
"""Submissions that are listed."""
_MESSAGE = 1000
_LOOKED_AT = 1000
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
        right={each["id"]: _right(waiting, each["id"]) for each in accepted[:SHOWN]},
        counts=waiting.counts(asked.name),
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
    """Begin the commit, and go where its end is waited for."""
    repository = asked.form.field("repository")
    if repository not in open_store(asked.site.settings.store).list_repositories():
        raise Refusal(422, "choose the data set that it is committed to")
    message = asked.form.field("message")[:_MESSAGE]
    begun = asked.site.commits.start(repository, message=message, by=asked.name, allowed=_allowed(asked))
    return see(asked, f"/review/commit/{begun.id}")


def _committing(asked: Asked) -> Response:
    return _shown(asked, "review_committing.html.j2")


def _state(asked: Asked) -> Response:
    """The part of that page that is fetched again until the commit is made or refused."""
    return _shown(asked, "review_state.html.j2")


def _shown(asked: Asked, template: str) -> Response:
    begun = asked.site.commits.find(asked.path["id"])
    if begun is None:
        raise Refusal(404, "this page was started anew since: Review and Data say what became of it")
    begun = copy(begun)  # as it is now, though it may end while this is rendered
    waiting, report = queue(asked), _report(begun)
    made = CommitRef.parse(begun.made["commit"]) if begun.made.get("commit") else None
    findings = sorted(report.findings if report else [], key=lambda each: each.code not in BLOCKING)
    kinds = Counter(each.code for each in findings if each.code in BLOCKING)
    missing = [each for each in findings if each.code in {"check-missing", "check-skipped"}]
    return render(
        asked, template, begun=begun, made=made, repository=begun.repository,
        counts=waiting.counts(asked.name),
        left_out=list(begun.made.get("left_out", {}).items())[:SHOWN], findings=findings[:SHOWN],
        parent=_parent(asked, made) if made else "", taken=_taken(waiting, made) if made else 0,
        kinds=kinds, blocking=BLOCKING, missing=missing, refused=bool(begun.error and kinds),
    )  # fmt: skip


def _report(begun: Commit) -> Report | None:
    """What the checks of this commit found; None where they have not come so far."""
    written = begun.report / DATA
    try:
        fresh = written.stat().st_mtime_ns >= begun.began - _GRANULARITY
    except FileNotFoundError:
        return None
    return read_report(begun.report) if begun.ended and fresh else None


def _allowed(asked: Asked) -> list[str]:
    return [each for each in asked.form.fields.get("allow", []) if each in BLOCKING]


def _parent(asked: Asked, made: CommitRef) -> str:
    return open_store(asked.site.settings.store).inspect(made).parent or ""


def _taken(waiting: Queue, made: CommitRef) -> int:
    """Images of the newest submissions that this commit has."""
    return sum(waiting.committed(each) == str(made) for each in waiting.inbox.ids(COMMITS)[::-1][:_LOOKED_AT])


routes = [
    page("/review/commit", _form, role=Role.REVIEWER),
    page("/review/commit", _commit, role=Role.REVIEWER, method="POST"),
    page("/review/commit/{id}", _committing, role=Role.REVIEWER),
    page("/review/commit/{id}/state", _state, role=Role.REVIEWER),
]
