"""Verbs `review gather|list|show|accept|reject|commit|effect`: what people sent back, in a terminal."""

import getpass
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pylib.cli.native_log import held_back
from pylib.errors import DataError, ReviewError, StoreError
from pylib.settings import settings
from pylib.store.inbox import Inbox, Submission
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

if TYPE_CHECKING:
    from pylib.review.queue import Queue

review_app = typer.Typer(
    help="What people sent back: gather, list, show, accept, reject, commit, effect.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(help="of a submission, as `pylib review list` shows it, or its beginning")]
InboxUrl = Annotated[
    str | None, typer.Option("--inbox", help="file:///folder or s3://bucket; default: PYLIB_INBOX")
]
By = Annotated[str, typer.Option(help="who decides")]
Why = Annotated[str, typer.Option(help="the reason, in words; it is kept")]
AsJson = Annotated[bool, typer.Option("--json", help="print as JSON")]


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

    queue = _queue(inbox)
    found = [
        with_what_is_known(queue.inbox, each)
        for each in queue.inbox.submissions()
        if every or queue.decision(each["id"]) is None
    ]
    if as_json:
        return _print(json.dumps({"counts": queue.counts(), "submissions": found}, indent=2))
    blind = 0
    for each in found:
        there = queue.inbox.has_image(each["image_sha256"])
        blind += not there
        _print("  ".join([each["id"], each["time"][:19], each["source"], *_said(each, there=there)]))
    if blind:
        _print(f"{blind} without an image, which nobody can accept: not counted below; `show` says why")
    return _print(", ".join(f"{count} {name}" for name, count in queue.counts().items()))


@review_app.command()
def show(
    submission: Id,
    image: Annotated[Path | None, typer.Option(help="write the image to this file")] = None,
    inbox: InboxUrl = None,
) -> None:
    """Show a submission and what was decided of it, as JSON; where its image is unknown, why."""
    from pylib.review.joining import not_joined, with_what_is_known

    queue = _queue(inbox)
    found = with_what_is_known(queue.inbox, _find(queue, submission))
    known = not_joined(queue.inbox, found["id"])
    if image is not None:
        if not queue.inbox.has_image(found["image_sha256"]):
            why = known["why"] if known else "the client did not send it back, and the log may still bring it"
            raise ReviewError(f"{found['id']}: its image is unknown: {why}")
        image.write_bytes(queue.inbox.image(found["image_sha256"]))
    decided = {"decision": queue.decision(found["id"]), "commit": queue.committed(found["id"])}
    left_out = queue.left_out(found["id"]) or (known["why"] if known else "")
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

    queue = _queue(inbox)
    found = _find(queue, submission)
    if not queue.inbox.has_image(with_what_is_known(queue.inbox, found)["image_sha256"]):
        known = not_joined(queue.inbox, found["id"])
        why_not = known["why"] if known else "the log may still bring it"
        raise ReviewError(f"{found['id']}: without its image nothing can learn from it: {why_not}")
    right = found["truth"] if truth is None else _truth(found["task"], truth)
    _decide(queue, found["id"], "accept", right, by, why)


@review_app.command()
def reject(submission: Id, why: Why, by: By = "", inbox: InboxUrl = None) -> None:
    """Reject a submission, one that was accepted too, if no commit has it: nothing learns from it."""
    queue = _queue(inbox)
    found = _find(queue, submission)["id"]
    decided = queue.decision(found)
    if decided and decided["verdict"] == "accept":
        queue.reject_accepted(found, by or getpass.getuser(), why)
        return _print(f"rejected  {found}")
    return _decide(queue, found, "reject", None, by, why)


@review_app.command()
def commit(
    revision: Annotated[str, typer.Argument(help="REPOSITORY or REPOSITORY@BRANCH of the data")],
    message: Annotated[str, typer.Option("--message", "-m", help="why, in words; it is kept")] = "",
    by: By = "",
    allow: Annotated[
        list[str] | None, typer.Option(help="a kind of finding that you answer for; may be repeated")
    ] = None,
    weights: Annotated[
        str, typer.Option(help="of the frozen network that labels are checked by: none, imagenet or a file")
    ] = "none",
    report: Annotated[Path | None, typer.Option(help="folder for report.html and report.json")] = None,
    inbox: InboxUrl = None,
    store: Annotated[str | None, typer.Option(help="where commits are kept; default: PYLIB_STORE")] = None,
    as_json: AsJson = False,
) -> None:
    """Commit what was accepted, as one commit of data, through the checks of ingest and those of the review.

    It is refused where they find something, until the items are rejected or the kind is allowed: images like
    those of the test split, floods, labels that contradict their images, traces of a backdoor, new classes.
    """
    from pylib.models.weights_source import NAMED, check
    from pylib.review.commit import commit_accepted

    check(weights)
    queue, ref, output = _queue(inbox), CommitRef.parse(revision), settings().output
    before = queue.accepted()
    with held_back():
        made = commit_accepted(
            queue,
            open_store(store or settings().store),
            ref.repository,
            branch=ref.revision,
            by=by or getpass.getuser(),
            message=message,
            allow=allow or (),
            weights=weights if weights in NAMED else Path(weights),
            artifacts=settings().artifacts,
            cache=output / "downloads",
            report=report or output / "reports" / "review" / ref.repository,
        )
    left_out = {each["id"]: why for each in before if (why := queue.left_out(each["id"]))}
    if as_json:
        return _print(json.dumps({"commit": str(made.ref) if made else None, "left_out": left_out}))
    for each, why in left_out.items():
        _print(f"left out  {each}: {why}")
    for decided in before:
        if made and decided["id"] not in left_out:
            _print(
                f"committed  {decided['id']}: {_target(decided['truth'])}, accepted by {decided['reviewer']}"
            )
    return _print(str(made.ref) if made else "nothing to commit")


@review_app.command()
def effect(
    revision: Annotated[str, typer.Argument(help="REPOSITORY, REPOSITORY@BRANCH or REPOSITORY@COMMIT")],
    source: Annotated[list[str] | None, typer.Option(help="of this source alone; may be repeated")] = None,
    weights: Annotated[str, typer.Option(help="of the frozen network: none, imagenet or a file")] = "none",
    since: Annotated[
        str | None,
        typer.Option(help="a former commit: of what came after it alone"),
    ] = None,
    store: Annotated[str | None, typer.Option(help="where commits are kept; default: PYLIB_STORE")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what each reviewed source does to a model: a head fitted with its items and one without them.

    Judged on validation and calibration items by macro F1, with the bounds of a paired bootstrap.
    """
    from pylib.models.weights_source import NAMED, check
    from pylib.review.effect import effects, in_words

    check(weights)
    opened = open_store(store or settings().store)
    with tempfile.TemporaryDirectory(prefix="effect-") as folder, held_back():
        found = effects(
            opened,
            opened.inspect(revision),
            weights=weights if weights in NAMED else Path(weights),
            artifacts=settings().artifacts,
            folder=Path(folder),
            sources=source or (),
            since=opened.inspect(since) if since else None,
        )
    if as_json:
        return _print(json.dumps([asdict(each) for each in found], indent=2))
    for each in found:
        _print(in_words(each))
    return None


def _queue(url: str | None) -> "Queue":
    """The queue, with what the log of answers brings to it; a log that cannot be read stops no review."""
    from pylib.review.joining import join
    from pylib.review.queue import Queue

    inbox = Inbox(url or settings().inbox)
    try:
        join(inbox, settings().predictions)
    except StoreError as error:
        print(f"feedback without an image is not joined: {error}", file=sys.stderr)  # noqa: T201
    return Queue(inbox)


def _find(queue: "Queue", beginning: str) -> Submission:
    """The submission of that id, or of the only one that begins so."""
    found = [each for each in queue.inbox.submissions() if each["id"].startswith(beginning)]
    if len(found) != 1:
        many = f"{len(found)} begin so" if found else "there is none"
        raise ReviewError(f"submission {beginning[:40]!r}: {many}; `pylib review list --all` shows them")
    return found[0]


def _truth(task: str, given: str) -> dict[str, Any]:
    """What a person typed, as the task keeps it; whether there is such a class, the commit knows."""
    from pylib.tasks.task import find

    path = Path(given)
    content: object = path.read_bytes() if path.suffix.lower() == ".png" and path.is_file() else given
    classes = [given] if content is given else [str(number) for number in range(255)]
    try:
        right: dict[str, Any] = find(task).answer.truth(content, classes)
    except DataError as error:
        raise ReviewError(f"--truth {given[:40]}: {error}") from error
    return right


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
        yield f"{name} {_target(said)}"
    yield "with its image" if there else "image unknown"


def _target(said: Mapping[str, Any] | None) -> str:
    return str((said or {}).get("label", "a mask" if said else "-"))[:40]


def _print(text: str) -> None:
    print(text)  # noqa: T201
