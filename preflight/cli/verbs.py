"""Verbs: check what a push would do to a cluster, and make what a new cluster needs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from preflight.checkout import current
from preflight.errors import ClusterError, ConfigurationError

if TYPE_CHECKING:
    from preflight.render.cluster import Render

HERE = Path()


def _tree(given: Path) -> Path:
    """The checkout that is named, or the one that the command is called in."""
    return current() if given == HERE else given


Tree = Annotated[
    Path, typer.Option("--tree", callback=_tree, help="the checkout to look at, by default the one around us")
]
ClusterName = Annotated[str, typer.Option("--cluster", help="local or gpu; all of them by default")]


def validate(
    cluster: ClusterName = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="what could not be looked at is an error too")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print as JSON")] = False,
    sarif: Annotated[Path | None, typer.Option("--sarif", help="write SARIF 2.1.0 to this file too")] = None,
    tree: Tree = HERE,
) -> None:
    """Render every overlay and check it as far as can be done without a cluster; exit 1 on findings."""
    from preflight import report
    from preflight.validate import validate as check

    if sarif and not sarif.parent.is_dir():
        raise ConfigurationError(
            f"--sarif {sarif}: there is no folder {sarif.parent}; make it, or name another"
        )
    console = Console()
    with rendering(console) as listen:
        reports = [check(tree, name, listen) for name in names(tree, cluster)]
    if sarif:
        _write(sarif, report.as_sarif(reports, tree))
    if as_json:
        print(report.as_json(reports))  # noqa: T201
    else:
        for each in reports:
            console.print(report.table(each), soft_wrap=not console.is_terminal)
    findings = sum(len(each.findings) for each in reports)
    unchecked = sum(len(each.unchecked) for each in reports) if strict else 0
    not_judged = sum(len(each.not_judged) for each in reports) if strict else 0
    if findings:
        blind = f", {unchecked} not checked and {not_judged} not judged" if unchecked or not_judged else ""
        told = "fix them, or waive one with its reason in cluster-conf/waivers.yaml"
        raise ClusterError(f"{findings} findings{blind}; {told}")
    if unchecked or not_judged:
        raise ClusterError(
            f"0 findings in what could be looked at, and {unchecked} not checked, {not_judged} not judged; "
            "bring what they lack, or leave --strict out"
        )


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise ConfigurationError(
            f"--sarif {file}: {error.strerror}; name a file that can be written"
        ) from error


def schemas(tree: Tree = HERE) -> None:
    """Write cluster-conf/schemas/ again from the CRDs of all clusters' renders."""
    from preflight.schemas import tables

    console = Console()
    files = tables.write(_whole(tree, console), tree / "cluster-conf/schemas")
    console.print(
        f"{len(files)} schemas, {sum(file.stat().st_size for file in files) / 1e3:.0f} kB in {tree.resolve()}"
    )


def inventory(tree: Tree = HERE) -> None:
    """Write the table of components in cluster-conf/README.md again."""
    from preflight import inventory as components

    console = Console()
    changed = components.write(tree, _whole(tree, console))
    console.print(f"{tree.resolve() / components.FILE} {'written' if changed else 'is current'}")


def secrets(
    cluster: Annotated[str, typer.Option("--cluster", help="local or gpu")],
    apply: Annotated[
        bool, typer.Option("--apply", help="create them in the current context's cluster")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="write them to a new private file")] = None,
    seal: Annotated[
        str | None, typer.Option("--seal", help="the sealed-secrets certificate: write SealedSecrets")
    ] = None,
    tree: Tree = HERE,
) -> None:
    """Make every secret that a new cluster needs, with random values; those it has stay as they are."""
    from preflight.platform import secret_delivery
    from preflight.platform.declared_secrets import declared, make

    required = declared(tree, names(tree, cluster)[0])
    if not (apply or out or seal):
        for each in required:
            Console().print(f"{each.namespace}/{each.name}: {', '.join(each.keys)} [dim]({each.used_by})[/]")
        raise ClusterError("nothing was made; say where they go: --apply, --out FILE or --seal CERTIFICATE")
    made = make(required, os.environ, secret_delivery.existing(required) if apply else None)
    if apply:
        secret_delivery.apply(made)
    if out:
        secret_delivery.write(made, out)
    if seal:
        secret_delivery.seal(made, seal, tree / f"cluster-conf/sealed-secrets/overlays/{cluster}/sealed")
    Console().print(f"{len(made)} secrets for {cluster}")


def images(tree: Tree = HERE) -> None:
    """Ask the registry for the digest of every image of ours, and write it wherever the image is named."""
    from preflight.platform import image_lock as ours

    resolved = {stage: ours.resolve(reference) for stage, reference in ours.locked(tree).items()}
    for file in ours.write(tree, resolved):
        Console().print(f"wrote {file.relative_to(tree)}")
    Console().print("Now: pylib compile, and commit.")


def names(tree: Path, cluster: str) -> list[str]:
    """The cluster that is asked for, or all there are."""
    from preflight.render.applications import clusters

    known = clusters(tree)
    if cluster and cluster not in known:
        raise ClusterError(
            f"--cluster {cluster}: there is {', '.join(known) or 'none'} in {tree}/argocd-apps/overlays"
        )
    return [cluster] if cluster else known


@contextmanager
def rendering(console: Console) -> Iterator[Callable[[str], None]]:
    """A spinner that names each application as it is rendered; nothing where nobody looks."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("rendering")
        yield lambda name: progress.update(task, description=f"rendered {name}")


def _whole(tree: Path, console: Console) -> list["Render"]:
    """The renders of all clusters, or the reason why one lacks something."""
    from preflight.render.cluster import render

    with rendering(console) as listen:
        renders = [render(tree, name, listen) for name in names(tree, "")]
    for each in (each for made in renders for each in made.unchecked):
        raise ClusterError(f"{each.application}: {each.reason}; nothing was written")
    return renders
