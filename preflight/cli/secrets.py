"""Verb `secrets`: what a new cluster needs, made here and never kept."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from preflight.cli.options import HERE, Tree, names
from preflight.errors import ClusterError


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
