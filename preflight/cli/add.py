"""Verb `add`: a new component that passes the check as it is."""

from typing import Annotated

import typer
from rich.console import Console

from preflight.cli.options import HERE, Tree


def add(
    component: Annotated[str, typer.Argument(help="its name: a folder, an application and a namespace")],
    image: Annotated[str, typer.Option("--image", help="what its Deployment runs, with tag or digest")] = "",
    upstream: Annotated[
        str, typer.Option("--upstream", help="OWNER/NAME/PATH@TAG on GitHub, as its remote base")
    ] = "",
    secret: Annotated[
        list[str] | None,
        typer.Option("--secret", help="NAME=KEY,… with random values; more than once for more"),
    ] = None,
    tree: Tree = HERE,
) -> None:
    """Add a component to every cluster: its folder, namespace, place in the project, and secrets."""
    from preflight import scaffold

    new = scaffold.component(component, image, upstream, tuple(secret or ()))
    console = Console()
    for file in scaffold.add(tree, new):
        console.print(f"wrote {file}", soft_wrap=True)
    console.print(
        "Now: `preflight validate`, `preflight inventory`, `preflight graph`, the snapshots of "
        "tests/preflight/test_snapshots.py (UPDATE_SNAPSHOTS=1), and commit.",
        soft_wrap=True,
    )
