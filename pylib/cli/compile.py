"""Verb `compile`: what a cluster gets of the pipelines."""

from typing import Annotated

import typer
from rich.console import Console

from pylib.errors import PipelineError
from pylib.provenance.materials import ROOT


def compile_pipelines(
    pipeline: Annotated[str | None, typer.Argument(help="one pipeline; all without it")] = None,
    check: Annotated[bool, typer.Option("--check", help="write nothing, fail where a file is stale")] = False,
) -> None:
    """Write pipelines/compiled/, which is what a cluster gets."""
    from pylib.runners import pipelines

    for name in [pipeline] if pipeline else pipelines.names():
        for target, fresh in pipelines.compiled(name).items():
            if check and (not target.is_file() or target.read_bytes() != fresh):
                raise PipelineError(f"{target}: not what pipelines/{name}.py compiles to; run `make compile`")
            if not check:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(fresh)
            Console().print(f"{target.relative_to(ROOT)} is current")
