"""The verb `seeds`: what the seed alone does to the figures of a training."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def seeds(
    evaluations: Annotated[
        list[Path], typer.Argument(help="Folders of the step evaluate, of runs that differ in --seed alone.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Say how far each figure moves between runs that differ in their seed: less is noise, not progress."""
    from pylib.evaluation.seed_noise import spreads

    found, spread = spreads(evaluations)
    if as_json:
        metrics = {name: each._asdict() for name, each in spread.items()}
        typer.echo(
            json.dumps({"models": [each.model_digest for each in found], "metrics": metrics}, indent=2)
        )
        return
    table = Table("metric", "mean", "deviation", "lowest", "highest", title=f"{len(found)} runs")
    for name, each in spread.items():
        table.add_row(name, *(f"{value:.4f}" for value in each))
    Console().print(table)
