"""What a commit of a source would hold, and why; nothing is written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pylib.data.assemble import Parent, assemble
from pylib.data.checks import CheckedSample
from pylib.data.classes import counted
from pylib.data.colours import Colour, parse_colour
from pylib.data.containers import UPRIGHT
from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.data.findings import Finding, all_rules
from pylib.data.item_columns import described, read_columns, with_columns
from pylib.data.layout import Layout, Reading, with_safe_names
from pylib.data.names import printable
from pylib.data.selection import select
from pylib.data.sources import Source, open_source
from pylib.errors import ConfigurationError, DataError
from pylib.settings import max_pixels
from pylib.tasks.task import DEFAULT, Task, find


@dataclass(frozen=True)
class Options:
    """What a person can ask for.

    `task` is by name, else the parent commit's, else segmentation; `classes` is a legend, else what the
    source says, the parent's, or the task's own; `group` is a regular expression whose first
    capture group, found in an id, is the group's key, else the parent's, and "" is none; `strict` makes it
    an error to reject anything; `add` keeps the parent's items and `replace` none of them, where else those
    that people sent stay. `orientation` says how masks lie on images that EXIF turns, where their shape does
    not tell; `max_pixels` is how many an image may have, by default those of the settings; `forgotten` are
    images that are rejected, by SHA-256, with the reason in words.
    """

    task: str | None = None
    classes: dict[int, str] | None = None
    group: str | None = None
    strict: bool = False
    add: bool = False
    replace: bool = False
    orientation: Reading | None = None
    max_pixels: int | None = None
    forgotten: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a commit would hold, and why: valid while the source is open.

    `files` are the paths to commit, as bytes or as a file of the source; `samples` are those behind them;
    `legend` says what each id means, as in pylib.data.classes; `assumed` are sentences that say how the
    source was read; `usable` says whether anything of the source is in it, or was there already;
    `beside` are the files, SHA-256 by path, that stay though no item names them: who sent what is kept.
    """

    source: Source
    layout: Layout
    options: Options
    task: Task
    legend: dict[int, str]
    index: DatasetIndex
    files: dict[str, bytes | Path]
    samples: list[CheckedSample]
    findings: list[Finding]
    assumed: list[str]
    usable: bool
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def gone(self) -> int:
        """How many of the parent's items are not in the commit."""
        return sum(len(finding.related) for finding in self.findings if finding.code == "item-removed")

    @property
    def rejected(self) -> list[Finding]:
        """The findings whose item is not in the commit."""
        return [finding for finding in self.findings if finding.rejected]

    @property
    def risks(self) -> list[Finding]:
        """The findings whose item is in the commit, and may be wrong there."""
        rules = all_rules(self.task.checks.FINDINGS)
        return [finding for finding in self.findings if rules[finding.code].risk]

    def check(self) -> None:
        """Raise DataError where nothing is usable or, if strict, where anything was rejected or is a risk."""
        if not self.usable:
            nothing = f"there is no image with a {self.task.checks.TARGET}"
            raise DataError(f"{self.source.uri}: no usable item ({_reasons(self.rejected) or nothing})")
        if self.options.strict and (wrong := [*self.rejected, *self.risks]):
            counts = f"{len(self.rejected)} rejected" + f", {len(self.risks)} at risk" * bool(self.risks)
            raise DataError(f"{self.source.uri}: {counts}, and strict: {_reasons(wrong)}")


def _reasons(findings: list[Finding]) -> str:
    """The first of each kind, with the likely fix and how many there are of it."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.code, []).append(finding)
    return "; ".join(
        f"{found[0].item}: {found[0].reason}{f', and {len(found) - 1} more' if found[1:] else ''}"
        f" (likely fix: {found[0].fix})"
        for found in list(kinds.values())[:3]
    )


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
    layout = _oriented(with_safe_names(task.layout.read_layout(source.folder, source.uri)), options)
    old = parent.index if parent else None
    base = _base(parent, options)
    legend = _legend(layout, options, old, base, task, name)
    limit = options.max_pixels or max_pixels()
    told = replace(layout, asked=options.classes, kept=_kept_colours(base.index if base else None))
    settled = task.checks.settle(told, legend, limit)
    layout = replace(layout, candidates=settled.candidates)
    columns = read_columns(layout.root, layout.candidates)
    group = options.group if options.group is not None else old.group_pattern if old else None
    put_together = partial(
        assemble,
        legend=legend,
        task=task,
        name=name,
        group=group or None,
        parent=parent,
        keep=frozenset(item.id for item in base.index.items) if base else (),
        forgotten=options.forgotten,
    )
    selection = select(layout.candidates, legend, task, name, put_together, base=base, max_pixels=limit)
    assembled, samples = selection.assembled, selection.samples
    index = with_columns(assembled.index, columns)
    return Plan(
        source=source,
        layout=layout,
        options=options,
        task=task,
        legend=legend,
        index=index,
        files=_files(index, assembled.samples),
        samples=assembled.samples,
        findings=[*layout.findings, *selection.findings],
        assumed=[
            *layout.assumed,
            *_stays(base, options),
            *_new_classes(old, assembled.index, task),
            selection.assumption,
            *settled.assumed,
            *_turned(samples),
            *filter(None, [described(columns)]),
        ],
        usable=selection.usable,
        beside=(base.reviewed.files or {}) if base else {},
    )


def _base(parent: Parent | None, options: Options) -> Parent | None:
    """The parent with what is kept of it; None where nothing is."""
    if parent is None or options.add:
        return parent
    if options.replace or not parent.reviewed.ids:
        return None
    items = [item for item in parent.index.items if item.id in parent.reviewed.ids]
    return replace(parent, index=parent.index.model_copy(update={"items": items}))


def _stays(base: Parent | None, options: Options) -> Iterator[str]:
    if base and not options.add:
        yield (
            f"what people sent stays, {len(base.index.items)} of the images, as reviewers accepted it; "
            "--replace drops it"
        )


def _legend(
    layout: Layout, options: Options, old: DatasetIndex | None, base: Parent | None, task: Task, name: str
) -> dict[int, str]:
    """The classes of the commit to be; raises ConfigurationError where it may not add some."""
    legend = task.checks.classes(options.classes, layout.class_names, old.legend if old else None)
    if old is None or base is None:
        return legend
    kept = task.checks.NEW_CLASSES and old.classes.items() <= counted(legend).items()
    if counted(legend) != old.classes and not kept:
        other = "" if options.add else "; --replace drops what people sent, and their classes"
        raise ConfigurationError(
            f"{name}: its classes are {old.classes}; what is added must have the same{other}"
        )
    return dict(sorted({**legend, **old.legend}.items()))


def _new_classes(old: DatasetIndex | None, index: DatasetIndex, task: Task) -> Iterator[str]:
    """Name the classes that the parent commit lacks: a folder too many would be one."""
    new = index.classes.keys() - old.classes.keys() if old and task.checks.NEW_CLASSES else set()
    if new:
        names = ", ".join(f"{printable(index.classes[number])} (id {number})" for number in sorted(new))
        yield f"new beside the classes of the parent commit: {names}"


def _kept_colours(base: DatasetIndex | None) -> dict[int, list[Colour]] | None:
    """The colours that show an id in what the commit keeps; None where it keeps nothing."""
    if base is None:
        return None
    return {
        number: [parse_colour(one, INDEX_FILE) for one in colours] for number, colours in base.colours.items()
    }


def _oriented(layout: Layout, options: Options) -> Layout:
    if not (asked := options.orientation):
        return layout
    return replace(
        layout, candidates=[replace(one, reading=asked, decided=True) for one in layout.candidates]
    )


def _turned(samples: list[CheckedSample]) -> Iterator[str]:
    turned = sum(sample.orientation != UPRIGHT for sample in samples)
    if turned:
        yield (
            f"{turned} of {len(samples)} images carry an EXIF orientation: they are turned upright by it, "
            "here, in training and by the server"
        )


def _files(index: DatasetIndex, samples: list[CheckedSample]) -> dict[str, bytes | Path]:
    files: dict[str, bytes | Path] = {INDEX_FILE: index.dumps()}
    for sample in samples:
        files |= sample.files
    return files
