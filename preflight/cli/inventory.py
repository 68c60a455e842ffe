"""Verb `inventory`: the table of what is installed."""

from rich.console import Console

from preflight.cli.options import HERE, Tree, whole


def inventory(tree: Tree = HERE) -> None:
    """Write the table of components in cluster-conf/README.md again."""
    from preflight import inventory as components

    console = Console()
    changed = components.write(tree, whole(tree, console))
    console.print(f"{tree.resolve() / components.FILE} {'written' if changed else 'is current'}")
