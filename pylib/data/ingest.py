"""Images in: a source is read, checked, split and reported on, and becomes one commit, or none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pylib.data.assemble import Parent, assemble
from pylib.data.checks import CheckedSample, examine
from pylib.data.classes import default_classes
from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.findings import Finding
from pylib.data.layout import Layout, read_layout
from pylib.data.sources import Source, open_source
from pylib.errors import ConfigurationError, DataError, NotFoundError
from pylib.store.protocol import DEFAULT_BRANCH, Commit, Store


@dataclass(frozen=True)
class Options:
    """What a person can ask for.

    `classes` are mask ids and names, else those of the source's classes.yaml, of the parent commit, or the
    trimap; `group` is a regular expression whose first capture group, found in an id, is the group's key,
    else the parent's, and "" is none; `strict` makes it an error to reject anything; `add` keeps the
    parent's items.
    """

    classes: dict[int, str] | None = None
    group: str | None = None
    strict: bool = False
    add: bool = False


@dataclass(frozen=True)
class Plan:
    """What a commit would hold, and why: valid while the source is open.

    `files` are the paths to commit, as bytes or as a file of the source; `pairs` are those behind them.
    """

    source: Source
    layout: Layout
    options: Options
    index: DatasetIndex
    files: dict[str, bytes | Path]
    pairs: list[CheckedSample]
    findings: list[Finding]

    @property
    def rejected(self) -> list[Finding]:
        """The findings whose item is not in the commit."""
        return [finding for finding in self.findings if finding.rejected]

    def check(self) -> None:
        """Raise DataError where nothing is usable or, if strict, where anything was rejected."""
        reasons = "; ".join(f"{finding.item}: {finding.reason}" for finding in self.rejected[:3])
        if not self.index.items:
            raise DataError(
                f"{self.source.uri}: no usable item ({reasons or 'images/ and masks/ are empty'})"
            )
        if self.options.strict and self.rejected:
            raise DataError(f"{self.source.uri}: {len(self.rejected)} rejected, and strict: {reasons}")


@dataclass(frozen=True)
class IngestResult:
    """The commit, its index, all findings, and whether the commit is a new one."""

    commit: Commit
    index: DatasetIndex
    findings: list[Finding]
    new: bool


@contextmanager
def plan_ingest(
    source: str, parent: Parent | None, options: Options, *, cache: Path, name: str | None = None
) -> Iterator[Plan]:
    """Open a source, check all of it, and yield what its commit would hold; nothing is written but downloads.

    `name` is the data set's, by default after the source. Raises DataError or ConfigurationError.
    """
    with open_source(source, cache=cache) as opened:
        yield _plan(opened, parent, options, name or opened.name)


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
    """Commit a source's good pairs to a repository, and write report.json and report.html into a folder.

    `describe` gives the commit's description. The same content again gives the commit that is there. Raises
    DataError, ConfigurationError or StoreError; then nothing is committed, but the report is written if it
    came so far.
    """
    from pylib.data.report import write_report

    parent, head = read_parent(store, repository, branch)
    with plan_ingest(source, parent, options, cache=cache, name=repository) as plan:
        if report:
            write_report(plan, report)
        plan.check()
        commit = store.commit(
            repository,
            plan.files,
            branch=branch,
            mode="add" if options.add and parent else "replace",
            description=describe(plan),
        )
    return IngestResult(commit, plan.index, plan.findings, new=head is None or head.id != commit.id)


def read_parent(store: Store, repository: str, branch: str) -> tuple[Parent | None, Commit | None]:
    """Return the data set at the head of a branch, and that head; None for both if there is no such branch.

    Any other trouble with the store is a StoreError: taken for a first commit, it would split all anew.
    """
    try:
        head = store.head(repository, branch)
    except NotFoundError:
        return None, None
    read = partial(store.read, head.ref)
    return Parent(DatasetIndex.loads(read(INDEX_FILE)), read), head


def _plan(source: Source, parent: Parent | None, options: Options, name: str) -> Plan:
    layout = read_layout(source.folder, source.uri)
    old = parent.index if parent else None
    classes = default_classes(options.classes, layout.class_names, old.classes if old else None)
    if old and options.add and classes != old.classes:
        raise ConfigurationError(f"{name}: its classes are {old.classes}; what is added must have the same")
    group = options.group if options.group is not None else old.group_pattern if old else None
    examined, findings = examine(layout.candidates, classes)
    assembled = assemble(examined, classes, name=name, group=group or None, parent=parent, add=options.add)
    return Plan(
        source=source,
        layout=layout,
        options=options,
        index=assembled.index,
        files=_files(assembled.index, assembled.pairs),
        pairs=assembled.pairs,
        findings=[*layout.findings, *findings, *assembled.findings],
    )


def _files(index: DatasetIndex, pairs: list[CheckedSample]) -> dict[str, bytes | Path]:
    files: dict[str, bytes | Path] = {INDEX_FILE: index.dumps()}
    for pair in pairs:
        files[f"images/{pair.id}.{pair.extension}"] = pair.image
        files |= pair.files
    return files
