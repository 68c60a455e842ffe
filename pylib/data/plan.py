"""What a commit of a source would hold, and why; nothing is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pylib.data.assemble import Parent, assemble
from pylib.data.checks import CheckedSample, examine
from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.depths import survey
from pylib.data.findings import Finding
from pylib.data.layout import Layout, with_safe_names
from pylib.data.sources import Source, open_source
from pylib.errors import ConfigurationError, DataError
from pylib.tasks.task import DEFAULT, Task, find


@dataclass(frozen=True)
class Options:
    """What a person can ask for.

    `task` is by name, else the parent commit's, else segmentation; `classes` are ids and names, else those
    that the source names, the parent's, or the task's own; `group` is a regular expression whose first
    capture group, found in an id, is the group's key, else the parent's, and "" is none; `strict` makes it
    an error to reject anything; `add` keeps the parent's items.
    """

    task: str | None = None
    classes: dict[int, str] | None = None
    group: str | None = None
    strict: bool = False
    add: bool = False


@dataclass(frozen=True)
class Plan:
    """What a commit would hold, and why: valid while the source is open.

    `files` are the paths to commit, as bytes or as a file of the source; `samples` are those behind them.
    `assumed` are sentences that say how the source was read.
    """

    source: Source
    layout: Layout
    options: Options
    task: Task
    index: DatasetIndex
    files: dict[str, bytes | Path]
    samples: list[CheckedSample]
    findings: list[Finding]
    assumed: list[str]

    @property
    def rejected(self) -> list[Finding]:
        """The findings whose item is not in the commit."""
        return [finding for finding in self.findings if finding.rejected]

    def check(self) -> None:
        """Raise DataError where nothing is usable or, if strict, where anything was rejected."""
        reasons = "; ".join(f"{finding.item}: {finding.reason}" for finding in self.rejected[:3])
        if not self.index.items:
            nothing = f"there is no image with a {self.task.checks.TARGET}"
            raise DataError(f"{self.source.uri}: no usable item ({reasons or nothing})")
        if self.options.strict and self.rejected:
            raise DataError(f"{self.source.uri}: {len(self.rejected)} rejected, and strict: {reasons}")


@contextmanager
def plan_ingest(
    source: str, parent: Parent | None, options: Options, *, cache: Path, name: str | None = None
) -> Iterator[Plan]:
    """Open a source, check all of it, and yield what its commit would hold; nothing is written but downloads.

    `name` is the data set's, by default after the source. Raises DataError or ConfigurationError.
    """
    task = _task(options, parent)
    with open_source(source, task, cache=cache) as opened:
        yield _plan(opened, parent, options, task, name or opened.name)


def _task(options: Options, parent: Parent | None) -> Task:
    """The task that was asked for, which must be the parent's; raises ConfigurationError."""
    kept = parent.index.task if parent else None
    task = find(options.task or kept or DEFAULT)
    if parent and task.name != kept:
        raise ConfigurationError(
            f"{parent.index.name}: its task is {kept}, not {task.name}; name another repository"
        )
    return task


def _plan(source: Source, parent: Parent | None, options: Options, task: Task, name: str) -> Plan:
    layout = with_safe_names(task.layout.read_layout(source.folder, source.uri))
    old = parent.index if parent else None
    classes = task.checks.classes(options.classes, layout.class_names, old.classes if old else None)
    if old and options.add and classes != old.classes:
        raise ConfigurationError(f"{name}: its classes are {old.classes}; what is added must have the same")
    candidates, assumed = task.checks.settle(layout, classes)
    layout = replace(layout, candidates=candidates)
    depths = survey(candidates, name, old.sample_bits if old and options.add else None)
    group = options.group if options.group is not None else old.group_pattern if old else None
    samples, findings = examine(candidates, classes, task.checks, sample_bits=depths.sample_bits)
    assembled = assemble(
        samples,
        classes,
        task=task,
        name=name,
        group=group or None,
        parent=parent,
        add=options.add,
        sample_bits=depths.sample_bits,
    )
    return Plan(
        source=source,
        layout=layout,
        options=options,
        task=task,
        index=assembled.index,
        files=_files(assembled.index, assembled.samples),
        samples=assembled.samples,
        findings=[*layout.findings, *depths.findings, *findings, *assembled.findings],
        assumed=[depths.assumption, *assumed],
    )


def _files(index: DatasetIndex, samples: list[CheckedSample]) -> dict[str, bytes | Path]:
    files: dict[str, bytes | Path] = {INDEX_FILE: index.dumps()}
    for sample in samples:
        files |= sample.files
    return files
