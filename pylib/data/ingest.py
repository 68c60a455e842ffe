"""Images in: a source is read, checked, split and reported on, and becomes one commit, or none."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pylib.data.assemble import Parent
from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.findings import Finding
from pylib.data.plan import Options, Plan, plan_ingest
from pylib.data.report import PAGE, write_report
from pylib.data.reviewed_items import check_source, reviewed
from pylib.errors import DataError, NotFoundError, StoreError
from pylib.store.forgotten import forgotten
from pylib.store.protocol import DEFAULT_BRANCH, Commit, Store

_ATTEMPTS = 3


@dataclass(frozen=True)
class IngestResult:
    """The commit, its index, all findings, whether the commit is a new one, and how the source was read."""

    commit: Commit
    index: DatasetIndex
    findings: list[Finding]
    new: bool
    assumed: list[str]


def ingest(
    source: str,
    store: Store,
    repository: str,
    options: Options,
    *,
    cache: Path,
    branch: str = DEFAULT_BRANCH,
    report: Path | None = None,
    describe: Callable[[Plan], str] = lambda plan: f"ingest {plan.source.uri}",
) -> IngestResult:
    """Commit a source's good samples to a repository, and write report.json and report.html into a folder.

    `describe` gives the commit's description. The same content again gives the commit that is there. Where
    another commit comes while the source is read, it is read again beside what that one brought.
    Raises DataError, ConfigurationError or StoreError; then nothing is committed, but the report is written
    if it came so far.
    """
    for _ in range(_ATTEMPTS):
        with suppress(_OvertakenError):
            return _ingest(source, store, repository, options, cache, branch, report, describe)
    came = f"other commits came first {_ATTEMPTS} times while {source} was read"
    raise StoreError(f"{repository}@{branch}: {came}: try again")


class _OvertakenError(Exception):
    """The plan was made of a head that is not the newest any more."""


def _ingest(
    source: str,
    store: Store,
    repository: str,
    options: Options,
    cache: Path,
    branch: str,
    report: Path | None,
    describe: Callable[[Plan], str],
) -> IngestResult:
    parent, head = read_parent(store, repository, branch)
    options = replace(options, forgotten=forgotten_images(store))
    with plan_ingest(source, parent, options, cache=cache, name=repository) as plan:
        if report:
            write_report(plan, report)
        try:
            plan.check()
            if head and not (options.add or options.replace):
                check_source(plan.source.uri, plan.gone, store, head)
        except DataError as error:
            where = f"; {report / PAGE} shows all" if report else ""
            raise DataError(f"{error}{where}") from error
        commit = store.commit(
            repository,
            plan.files,
            branch=branch,
            mode="add" if head and (options.add or plan.beside) else "replace",
            deletions=[] if options.add or not head else _given_up(plan, store, head),
            description=describe(plan),
            only_if=partial(_refuse_moved, head),
        )
    new = head is None or head.id != commit.id
    return IngestResult(commit, plan.index, plan.findings, new, plan.assumed)


def _refuse_moved(planned: Commit | None, now: Commit | None) -> None:
    if (now.id if now else None) != (planned.id if planned else None):
        raise _OvertakenError


def read_parent(store: Store, repository: str, branch: str) -> tuple[Parent | None, Commit | None]:
    """Return the data set at the head of a branch, and that head; None for both if there is no such branch.

    Any other trouble with the store is a StoreError: taken for a first commit, it would split all anew.
    """
    try:
        head = store.head(repository, branch)
    except NotFoundError:
        return None, None
    read = partial(store.read, head.ref)
    index = DatasetIndex.loads(read(INDEX_FILE))
    return Parent(index, read, reviewed(store, head, index)), head


def forgotten_images(store: Store) -> dict[str, str]:
    """The images that nobody may bring back, by SHA-256, with who asked for it, when and why."""
    return {digest: str(each) for digest, each in forgotten(store).items()}


def _given_up(plan: Plan, store: Store, head: Commit) -> list[str]:
    """The head's files that the commit is to be without, where the head's others stay."""
    if not plan.beside:
        return []
    wanted = {*plan.files, *plan.beside, *(path for item in plan.index.items for path in item.files)}
    return [file.path for file in store.ls(head.ref) if file.path not in wanted]
