"""Verbs `review gather|list|show|accept|reject`, and those of review_commit: what people sent back."""

import getpass
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pylib.cli.review_commit import commit, effect
from pylib.cli.review_queue import AsJson, By, Id, InboxUrl, Why, find_one, opened, target
from pylib.errors import DataError, ReviewError
from pylib.settings import settings
from pylib.store.inbox import Inbox, Submission

if TYPE_CHECKING:
    from pylib.review.queue import Queue

review_app = typer.Typer(
    help="What people sent back: gather, list, show, accept, reject, commit, effect.", no_args_is_help=True
)

_ON_ITS_WAY = "the client did not send its image back, and the log may still bring it"

review_app.command()(commit)
review_app.command()(effect)


@review_app.command()
def gather(
    log: Annotated[
        str | None, typer.Option(help="the log of answers, a file or a URL; default: PYLIB_PREDICTIONS")
    ] = None,
    inbox: InboxUrl = None,
) -> None:
    """Join feedback that brings no image with the log's answer and image; say of how many, and why not.

    `list`, `show`, `accept` and `commit` do it first, and so does the page.
    """
    from pylib.review.joining import join, reasons, unsettled

    opened, place = Inbox(inbox or settings().inbox), log or settings().predictions
    _print(f"{join(opened, place, again=True)} have their image now")
    if left := len(unsettled(opened)):
        _print(f"{left} wait for what is logged at {place}; --log names another place")
    for why, count in reasons(opened).items():
        _print(f"{count} cannot be learned from: {why}")


@review_app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="those that are decided, too")] = False,
    inbox: InboxUrl = None,
    as_json: AsJson = False,
) -> None:
    """List what waits, the oldest first, and how many there are of each kind."""
    from pylib.review.joining import with_what_is_known

    queue = opened(inbox)
    skipped: list[str] = []
    found = [
        with_what_is_known(queue.inbox, each)
        for each in queue.inbox.submissions(skipped)
        if every or queue.decision(each["id"]) is None
    ]
    for why in skipped:
        print(f"passed over: {why}", file=sys.stderr)  # noqa: T201
    if as_json:
        return _print(json.dumps({"counts": queue.counts(), "submissions": found}, indent=2))
    blind = 0
    for each in found:
        there = queue.inbox.has_image(each["image_sha256"])
        blind += not there
        _print("  ".join([each["id"], each["time"][:19], each["source"], *_said(each, there=there)]))
    if blind:
        _print(f"{blind} without an image, which nobody can accept: not counted below; `show` says why")
    counts = queue.counts() | ({"that cannot be read": len(skipped)} if skipped else {})
    return _print(", ".join(f"{count} {name}" for name, count in counts.items()))


@review_app.command()
def show(
    submission: Id,
    image: Annotated[Path | None, typer.Option(help="write the image to this file")] = None,
    inbox: InboxUrl = None,
) -> None:
    """Show a submission and what was decided of it, as JSON; where its image is unknown, why."""
    from pylib.review.joining import not_joined, with_what_is_known

    queue = opened(inbox)
    found = with_what_is_known(queue.inbox, find_one(queue, submission))
    known = not_joined(queue.inbox, found["id"])
    if image is not None:
        if not queue.inbox.has_image(found["image_sha256"]):
            why = known["why"] if known else _ON_ITS_WAY
            raise ReviewError(f"{found['id']}: its image is unknown: {why}")
        image.write_bytes(queue.inbox.image(found["image_sha256"]))
    decided = {"decision": queue.decision(found["id"]), "commit": queue.committed(found["id"])}
    waits = "" if queue.inbox.has_image(found["image_sha256"]) else _ON_ITS_WAY
    left_out = queue.left_out(found["id"]) or (known["why"] if known else waits)
    _print(json.dumps({**found, **decided, "left_out": left_out}, indent=2))


@review_app.command()
def accept(
    submission: Id,
    truth: Annotated[
        str | None, typer.Option(help="what is right: a class, or a PNG file of a mask; default: as sent")
    ] = None,
    why: Why = "",
    by: By = "",
    inbox: InboxUrl = None,
) -> None:
    """Accept a submission, as it was sent or corrected: the next `commit` takes it."""
    from pylib.review.joining import not_joined, with_what_is_known

    queue = opened(inbox)
    found = find_one(queue, submission)
    if not queue.inbox.has_image(with_what_is_known(queue.inbox, found)["image_sha256"]):
        known = not_joined(queue.inbox, found["id"])
        why_not = known["why"] if known else "the log may still bring it"
        raise ReviewError(f"{found['id']}: without its image nothing can learn from it: {why_not}")
    right = found["truth"] if truth is None else _truth(found["task"], truth)
    if truth is not None and right and (new := _new_class(found["task"], right)):
        _print(f"new  {new}: no data set of {found['task']} here has this class; `commit` asks about it")
    _decide(queue, found["id"], "accept", right, by, why)


@review_app.command()
def reject(submission: Id, why: Why, by: By = "", inbox: InboxUrl = None) -> None:
    """Reject a submission, one that was accepted too, if no commit has it: nothing learns from it."""
    queue = opened(inbox)
    found = find_one(queue, submission)["id"]
    decided = queue.decision(found)
    if decided and decided["verdict"] == "accept":
        queue.reject_accepted(found, by or getpass.getuser(), why)
        return _print(f"rejected  {found}")
    return _decide(queue, found, "reject", None, by, why)


def _truth(task: str, given: str) -> dict[str, Any]:
    """What a person typed, as the task keeps it; whether there is such a class, the commit knows."""
    from pylib.tasks.task import find

    if not given.strip():
        raise ReviewError("--truth says nothing: name a class, or a PNG file of a mask")
    path = Path(given)
    content: object = path.read_bytes() if path.suffix.lower() == ".png" and path.is_file() else given
    classes = [given] if content is given else [str(number) for number in range(255)]
    try:
        right: dict[str, Any] = find(task).answer.truth(content, classes)
    except DataError as error:
        raise ReviewError(f"--truth {given[:40]}: {error}") from error
    return right


def _new_class(task: str, right: dict[str, Any]) -> str:
    """The class that a person typed, where data sets of the task are here and none of them has it."""
    from pylib.data.data_sets import data_sets

    label = right.get("label")
    there = [each for each in data_sets(settings().store) if each.task == task]
    known = {name for each in there for name in each.classes}
    return str(label) if label is not None and there and label not in known else ""


def _decide(
    queue: "Queue",
    submission: str,
    verdict: Literal["accept", "reject"],
    truth: dict[str, Any] | None,
    by: str,
    why: str,
) -> None:
    from pylib.review.queue import Decision

    now = datetime.now(UTC).isoformat()
    reviewer = by or getpass.getuser()
    queue.decide(Decision(id=submission, reviewer=reviewer, time=now, verdict=verdict, truth=truth, why=why))
    _print(f"{verdict}ed  {submission}")


def _said(each: Submission, *, there: bool) -> Iterable[str]:
    """What was answered and what is said to be right, in a few words."""
    for name, said in (("answered", each["answered"]), ("truth", each["truth"])):
        yield f"{name} {target(said)}"
    yield "with its image" if there else "image unknown"


def _print(text: str) -> None:
    print(text)  # noqa: T201
