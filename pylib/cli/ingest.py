"""Verb `data ingest`: images in, a commit out, and a report of all that was found."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from pylib.settings import MAX_PIXELS, settings
from pylib.store.opening import open_store
from pylib.store.protocol import DEFAULT_BRANCH
from pylib.tasks.task import DEFAULT, find, names

if TYPE_CHECKING:
    from pylib.data.ingest import IngestResult


def ingest(
    source: Annotated[str, typer.Argument(help="folder, .tar(.gz|.xz), .zip, sample or oxford-pets")],
    repository: Annotated[str | None, typer.Option(help="default: named after the source")] = None,
    branch: Annotated[str, typer.Option(help="the branch that moves")] = DEFAULT_BRANCH,
    task: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(names())}; default: the repository's, {DEFAULT} for a new one"),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(
            help="ids and names, 0=background,1=road,9=ignore; default: classes.yaml, the task's own"
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="regular expression on ids; its first ( ) is what stays in one split")
    ] = None,
    orientation: Annotated[
        Literal["exif", "stored"] | None,
        typer.Option(
            help="how masks lie on images that EXIF turns: as the picture is seen, or on its stored "
            "pixels; default: as they fit, else as it is seen, which is named a risk"
        ),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(min=1, help=f"pixels an image may have; default: PYLIB_MAX_PIXELS, {MAX_PIXELS:,}"),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="fail if anything is rejected, or kept at a risk")
    ] = False,
    add: Annotated[
        bool, typer.Option("--add", help="keep what the branch holds; default: only what people sent")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="drop what people sent, too, and what is of another source")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="folder for report.html and report.json")] = None,
    store: Annotated[str | None, typer.Option(help="where commits are kept; default: PYLIB_STORE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
) -> None:
    """Read a source as its task lays it out, check and split it, and commit what is good.

    What is bad is rejected and named in the report: unreadable files, targets that do not fit their image or
    the classes, duplicates, images without a target, unsafe names. Known images keep their split for ever.
    What people sent and reviewers accepted stays; what was forgotten does not come back.
    Nothing is committed where anything fails; the same content gives the commit that is there already.
    """
    from pylib.data.classes import parse_classes
    from pylib.data.plan import Options
    from pylib.data.sources import default_name
    from pylib.steps.ingest import ingest as ingest_source

    name, output = repository or default_name(source, task), settings().output
    folder = report or output / "reports" / "ingest" / name
    result = ingest_source(
        source,
        open_store(store or settings().store),
        name,
        Options(
            task=task,
            classes=parse_classes(classes) if classes else None,
            group=group,
            strict=strict,
            add=add,
            replace=replace,
            orientation=orientation,
            max_pixels=max_pixels,
        ),
        cache=output / "downloads",
        branch=branch,
        report=folder,
    )
    if as_json:
        print(json.dumps(_facts(result, folder), indent=2))  # noqa: T201
    else:
        _print_summary(result, folder)
        print(result.commit.ref)  # noqa: T201 (alone on stdout, for a script to go on with)


def _facts(result: "IngestResult", folder: Path) -> dict[str, object]:
    from pylib.data.dataset import SPLITS

    splits = {split: len(result.index.split(split)) for split in SPLITS}
    return {
        "commit": str(result.commit.ref),
        "new": result.new,
        "task": result.index.task,
        "images": len(result.index.items),
        "splits": splits,
        "classes": result.index.classes,
        "ignored": result.index.ignored,
        "rejected": sum(finding.rejected for finding in result.findings),
        "assumed": result.assumed,
        "findings": dict(Counter(finding.code for finding in result.findings)),
        "report": str(folder / "report.html"),
    }


def _print_summary(result: "IngestResult", folder: Path) -> None:
    from pylib.data.dataset import SPLITS
    from pylib.data.findings import all_rules

    index = result.index
    splits = ", ".join(f"{len(index.split(split))} {split}" for split in SPLITS)
    rows = [
        ("data set", f"{index.name}{'' if result.new else ' (nothing changed)'}"),
        ("images", f"{len(index.items)}: {splits}"),
    ]
    if index.classes:
        rows.append(("classes", escape(", ".join(f"{key}={name}" for key, name in index.classes.items()))))
    left_out = [finding for finding in result.findings if finding.code == "id-ignored"]
    rows += [("ignored", escape(f"{finding.item}: {finding.reason}")) for finding in left_out]
    rows += [("read as", escape(sentence)) for sentence in result.assumed]
    kinds = all_rules(find(index.task).checks.FINDINGS)
    for code, count in sorted(Counter(one.code for one in result.findings if one not in left_out).items()):
        rule = kinds[code]
        what = "[red]rejected[/]" if rule.rejected else "[red]at risk[/]" if rule.risk else "[yellow]noted[/]"
        fix = f" (likely fix: {rule.fix})" if rule.rejected or rule.risk else ""
        rows.append((what, f"{count} x {rule.title.lower()}{escape(fix)}"))
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for label, text in [*rows, ("report", escape(str(folder / "report.html")))]:
        console.print(label + " " * (11 - len(Text.from_markup(label))) + text)
