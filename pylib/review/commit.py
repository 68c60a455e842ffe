"""What reviewers accepted becomes one data commit, through the checks of ingest and those of the review.

An item is named by its submission, so one that is there already is found, whatever was killed between the
commit and the mark in the inbox: nothing is committed twice.
"""

import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pylib.data.assemble import Parent
from pylib.data.ingest import forgotten_images, read_parent
from pylib.data.plan import Options, Plan, plan_ingest
from pylib.data.report import write_report
from pylib.errors import ReviewError
from pylib.models.weights_source import Weights
from pylib.provenance.digests import canonical, dir_hash
from pylib.provenance.statement import Definition, build_statement
from pylib.review.batch import Batch, gather
from pylib.review.checks.examine import check_answered, examine, not_looked_at
from pylib.review.checks.features import features_of, task_has_features
from pylib.review.checks.material import Features, Material
from pylib.review.lock import turn, unmoved
from pylib.review.origins import FOLDER, Origin, dumps
from pylib.review.queue import Queue
from pylib.review.settling import items_of, mark_those_that_are_there, settle
from pylib.store.protocol import DEFAULT_BRANCH, Commit, Store
from pylib.tasks.task import find

_Compute = Callable[["_Making", Plan, Path], "_Seen"]
_HEAVY = {"tensorflow", "keras"}


def commit_accepted(
    queue: Queue,
    store: Store,
    repository: str,
    *,
    branch: str = DEFAULT_BRANCH,
    by: str,
    message: str = "",
    allow: Collection[str] = (),
    weights: Weights = "none",
    artifacts: str = "",
    cache: Path | None = None,
    report: Path | None = None,
) -> Commit | None:
    """Commit what was accepted and is in no commit yet; None where nothing is, or nothing of it can be.

    by: who asks for it; one commit at a time: another is refused while it runs
    allow: kinds of findings of `pylib.review.checks` that are answered for
    weights: of the frozen network whose features labels are checked by; artifacts: URL of the artifact store,
    where features are kept, without which what needs them is not looked at
    report: a folder for report.html, which shows what was left out, what was found, and why
    Raises ReviewError, StoreError, DataError or ConfigurationError; then nothing is committed.
    """
    settle(queue, lambda: store, by)
    with turn(queue.inbox, repository, branch, by) as still_mine:
        parent, head = read_parent(store, repository, branch)
        if parent is None or head is None:
            raise ReviewError(
                f"{repository}@{branch}: no data set to add to; `pylib data ingest` makes its first commit"
            )
        mark_those_that_are_there(queue, store, repository, branch)
        batch = gather(queue, queue.accepted(), parent.index.task)
        made = _Making(queue, store, parent, head, branch, by, message, allow, still_mine).commit(
            batch, cache, report, partial(_features, weights=weights, artifacts=artifacts)
        )
    for submission, why in batch.left_out.items():
        queue.leave_out(submission, why)
    return made


@dataclass(frozen=True)
class _Making:
    """One commit in the making: onto `head`, which holds the data set of `parent`."""

    queue: Queue
    store: Store
    parent: Parent
    head: Commit
    branch: str
    by: str
    message: str
    allow: Collection[str]
    still_mine: Callable[[], None]

    def commit(
        self, batch: Batch, cache: Path | None, report: Path | None, features: "_Compute"
    ) -> Commit | None:
        """Commit what passes, and mark it; what does not is left out."""
        if not batch.items:
            return None
        name, started = self.parent.index.name, datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="review-", dir=_made(cache)) as folder:
            source = Path(folder) / "accepted"
            batch.write(source, self.parent.index)
            options = Options(add=True, orientation="exif", forgotten=forgotten_images(self.store))
            with plan_ingest(str(source), self.parent, options, cache=Path(folder), name=name) as plan:
                kept = _kept(plan, batch)
                seen = features(self, plan, Path(folder)) if kept else _Seen(None, "nothing is left of it")
                material = Material(plan, self.parent, batch.origins, *seen)
                found = examine(material)
                if report:
                    write_report(replace(plan, findings=[*plan.findings, *found]), report)
                check_answered(found, self.allow, f"{self.head.repository}@{self.branch}")
                batch.left_out |= _rejected(plan, batch)
                unseen = not_looked_at(material)
                with self.queue.committing(self.head, self.branch, _submissions(kept)):
                    made = self._stored(plan, kept, started, unseen) if kept else None
                    self._mark(kept, made)
        return made

    def _mark(self, kept: Mapping[str, Origin], made: Commit | None) -> None:
        """Mark as committed what the commit has, and nothing else."""
        there = items_of(self.store, made) if made else set()
        for item in sorted(kept.keys() & there):
            self.queue.mark_committed(kept[item].submission, str(made.ref) if made else "")

    def _stored(
        self, plan: Plan, kept: Mapping[str, Origin], started: datetime, unseen: Mapping[str, str]
    ) -> Commit:
        files = {**plan.files, **_origins(kept)}
        definition = self._definition(plan, kept, unseen)
        described = build_statement(definition, [_subject(files)], started, datetime.now(UTC))
        return self.store.commit(
            self.head.repository,
            files,
            branch=self.branch,
            mode="add",
            description=canonical(described).decode(),
            only_if=unmoved(self.head, self.still_mine, "commit again"),
        )

    def _definition(self, plan: Plan, kept: Mapping[str, Origin], unseen: Mapping[str, str]) -> Definition:
        """What was accepted, of whom and by whom; each item's own is in its origin."""
        parameters = {
            "repository": self.head.repository,
            "branch": self.branch,
            "task": plan.index.task,
            "classes": {str(number): name for number, name in plan.index.legend.items()},
            "add": True,
            "rejected": len(plan.rejected),
            "by": self.by,
            "message": self.message,
            "accepted": len(kept),
            "sources": sorted({origin.source for origin in kept.values()}),
            "allowed": sorted(self.allow),
            "not_looked_at": dict(unseen),
            "reviewers": sorted({origin.reviewer for origin in kept.values()}),
        }
        source = {"name": "source", "uri": self.queue.inbox.url, "digest": plan.source.digest}
        return Definition("review", parameters, (source,), __name__, plan.index.task)


class _Seen(NamedTuple):
    """The features of a commit to be; where there are none, why, and whether there should be."""

    features: Features | None
    blind: str = ""
    missing: bool = False


def _features(making: _Making, plan: Plan, folder: Path, *, weights: Weights, artifacts: str) -> _Seen:
    """The features of what is there and of what is added."""
    if not task_has_features(find(plan.index.task)):
        return _Seen(None, f"no network looks at whole images for {plan.index.task}")
    if not artifacts:
        return _Seen(None, "nobody asked for it")
    try:
        found = features_of(
            making.store,
            making.head,
            making.parent.index,
            plan.index,
            plan.files,
            weights=weights,
            artifacts=artifacts,
            folder=folder / "features",
        )
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _HEAVY:
            raise
        why = "there is no TensorFlow here; `pylib review commit` looks, where there is"
        return _Seen(None, why, missing=True)
    return _Seen(found)


def _rejected(plan: Plan, batch: Batch) -> dict[str, str]:
    """What ingest set aside of it: submission to the reason."""
    return {
        batch.origins[each.item].submission: f"{each.reason} ({each.code})"
        for each in plan.rejected
        if each.item in batch.origins
    }


def _kept(plan: Plan, batch: Batch) -> dict[str, Origin]:
    there = {item.id for item in plan.index.items}
    return {item: origin for item, origin in sorted(batch.origins.items()) if item in there}


def _submissions(kept: Mapping[str, Origin]) -> dict[str, str]:
    return {origin.submission: item for item, origin in kept.items()}


def _origins(kept: Mapping[str, Origin]) -> dict[str, bytes]:
    data = dumps(kept.values())
    return {f"{FOLDER}/{sha256(data).hexdigest()[:16]}.jsonl": data}


def _subject(files: Mapping[str, bytes | Path]) -> dict[str, Any]:
    """The files that the commit adds, by the dirHash of their digests."""
    digests = {
        path: sha256(each if isinstance(each, bytes) else each.read_bytes()).hexdigest()
        for path, each in files.items()
    }
    return {"name": "added", "digest": {"dirHash": dir_hash(digests)}}


def _made(folder: Path | None) -> Path | None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return folder
