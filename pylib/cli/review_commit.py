"""Verbs `review commit|effect`: what was accepted as a commit of data, and what it does to a model."""

import getpass
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pylib.cli.native_log import held_back
from pylib.cli.review_queue import AsJson, By, InboxUrl, opened, target
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


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
    queue, ref, output = opened(inbox, store), CommitRef.parse(revision), settings().output
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
        return typer.echo(json.dumps({"commit": str(made.ref) if made else None, "left_out": left_out}))
    for each, why in left_out.items():
        typer.echo(f"left out  {each}: {why}")
    for decided in before:
        if made and decided["id"] not in left_out:
            typer.echo(
                f"committed  {decided['id']}: {target(decided['truth'])}, accepted by {decided['reviewer']}"
            )
    return typer.echo(str(made.ref) if made else "nothing to commit")


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
    there = open_store(store or settings().store)
    with tempfile.TemporaryDirectory(prefix="effect-") as folder, held_back():
        found = effects(
            there,
            there.inspect(revision),
            weights=weights if weights in NAMED else Path(weights),
            artifacts=settings().artifacts,
            folder=Path(folder),
            sources=source or (),
            since=there.inspect(since) if since else None,
        )
    if as_json:
        return typer.echo(json.dumps([asdict(each) for each in found], indent=2))
    for each in found:
        typer.echo(in_words(each))
    return None
