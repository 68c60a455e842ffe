"""Verb `graph`: the applications and their waves as a picture."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from preflight.cli.options import HERE, ClusterName, Tree, names, rendering
from preflight.errors import ClusterError


def graph(
    cluster: ClusterName = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="the SVG to write; docs/cluster-CLUSTER.svg by default")
    ] = None,
    tree: Tree = HERE,
) -> None:
    """Draw a cluster: columns of waves, a box for each application, arrows from what is needed."""
    from preflight.graph.drawing import svg
    from preflight.render.cluster import render

    wanted = names(tree, "" if cluster == "all" else cluster)
    if out and (out.suffix != ".svg" or len(wanted) > 1):
        raise ClusterError(f"--out {out}: one cluster goes into one .svg file; add --cluster")
    console = Console()
    for name in wanted:
        with rendering(console) as listen:
            made = render(tree, name, listen)
        if made.unchecked and not out:
            first, count = made.unchecked[0], len(made.unchecked)
            lacks = f"{count} applications could not be rendered ({first.application}: {first.reason})"
            raise ClusterError(f"{lacks}; docs/cluster-{name}.svg stays; --out FILE draws what there is")
        file = out or tree / f"docs/cluster-{name}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(svg(made), encoding="utf-8")
        missing = f", {len(made.unchecked)} applications not rendered" if made.unchecked else ""
        console.print(f"wrote {file}{missing}")
