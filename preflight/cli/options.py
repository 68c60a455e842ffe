"""What verbs have in common: which checkout, which clusters, and who is told of the progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from preflight.checkout import current, enclosing
from preflight.errors import ClusterError

if TYPE_CHECKING:
    from preflight.render.cluster import Render

HERE = Path()


def _tree(given: Path) -> Path:
    """The checkout that is named, or the one that the command is called in."""
    return current() if given == HERE else enclosing(given.absolute())


Tree = Annotated[
    Path, typer.Option("--tree", callback=_tree, help="the checkout to look at, by default the one around us")
]
ClusterName = Annotated[str, typer.Option("--cluster", help="local or gpu; all of them by default")]


def names(tree: Path, cluster: str) -> list[str]:
    """The cluster that is asked for, or all there are."""
    from preflight.render.applications import clusters

    known = clusters(tree)
    if cluster and cluster not in known:
        raise ClusterError(
            f"--cluster {cluster}: there is {', '.join(known) or 'none'} in {tree}/argocd-apps/overlays"
        )
    if not known:
        raise ClusterError(f"{tree}/argocd-apps/overlays: no cluster is in it; nothing was looked at")
    return [cluster] if cluster else known


@contextmanager
def rendering(console: Console) -> Iterator[Callable[[str], None]]:
    """A spinner that names each application as it is rendered; nothing where nobody looks."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("rendering")
        yield lambda name: progress.update(task, description=f"rendered {name}")


def whole(tree: Path, console: Console) -> list["Render"]:
    """The renders of all clusters, or the reason why one lacks something."""
    from preflight.render.cluster import render

    with rendering(console) as listen:
        renders = [render(tree, name, listen) for name in names(tree, "")]
    for each in (each for made in renders for each in made.unchecked):
        raise ClusterError(f"{each.application}: {each.reason}; nothing was written")
    return renders
