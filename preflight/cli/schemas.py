"""Verb `schemas`: the tables that custom resources are checked against."""

from rich.console import Console

from preflight.cli.options import HERE, Tree, whole


def schemas(tree: Tree = HERE) -> None:
    """Write cluster-conf/schemas/ again from the CRDs of all clusters' renders."""
    from preflight.schemas import making

    console = Console()
    files = making.write(whole(tree, console), tree / "cluster-conf/schemas")
    console.print(
        f"{len(files)} schemas, {sum(file.stat().st_size for file in files) / 1e3:.0f} kB in {tree.resolve()}"
    )
