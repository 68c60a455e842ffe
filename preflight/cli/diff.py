"""Verb `diff`: what a push would create, change and remove, and what of it is dangerous."""

from typing import Annotated

import typer
from rich.console import Console

from preflight.cli.options import HERE, ClusterName, Tree, rendering
from preflight.errors import ClusterError
from preflight.render.applications import ROOT

WIDTH = 160


def diff(
    base: Annotated[str, typer.Argument(help="the revision that is live: a branch, a tag or a commit")],
    head: Annotated[
        str | None, typer.Argument(help="the revision to come; the working tree by default")
    ] = None,
    cluster: ClusterName = "",
    as_markdown: Annotated[bool, typer.Option("--markdown", help="as a pull request's comment")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print everything as JSON")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="exit 1 on a danger, or on what could not be compared")
    ] = False,
    tree: Tree = HERE,
) -> None:
    """Render two revisions and show what a push would change, by application and field, dangers first."""
    from preflight.diff import machine, markdown, revisions, text
    from preflight.diff.dangers import dangers

    console = Console(highlight=False)
    console.width = console.width if console.is_terminal else WIDTH
    with revisions.revision(tree, base) as before, revisions.revision(tree, head) as after:
        names = revisions.cluster_names(before, after, "" if cluster == "all" else cluster)
        with rendering(Console(stderr=True)) as listen:
            differences = revisions.differences(before, after, names, listen)
        compared = [(each, dangers(each)) for each in differences]
        between = f"{before} → {after}"
        if as_json:
            typer.echo(machine.as_json(compared, before, after, str(tree.resolve())))
        elif as_markdown:
            typer.echo(markdown.markdown(compared, between))
        else:
            for difference, found in compared:
                console.print(text.text(difference, found, f"{between} in {tree.resolve()}"))
    blind = [each for each, _ in compared if any(one.application == ROOT for one in each.not_compared)]
    if blind:
        raise ClusterError(f"nothing could be compared: {blind[0].not_compared[0].reason}")
    if exit_code and any(found or each.not_compared for each, found in compared):
        raise typer.Exit(1)
