"""Verb `reproduce`: a model rebuilt from its record and compared with it, bit for bit."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pylib.cli.progress import Progress
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.reproduction.reproduce import Listener, Reproduction


def reproduce(
    what: Annotated[
        str,
        typer.Argument(
            help="a model digest, a prediction id, the Git commit of a release, or a model folder"
        ),
    ],
    file: Annotated[
        list[Path] | None,
        typer.Option(
            help="a file that the record knows by digest only, such as first weights; may be repeated"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Rebuild a model from its record: code, environment, data and weights of then, nothing from the cache.

    Exit status 0 says that each output, and the model itself, is the recorded one, bit for bit.
    """
    from pylib.provenance.materials import ROOT
    from pylib.reproduction.named import named_model
    from pylib.reproduction.reproduce import new_folder_for
    from pylib.reproduction.reproduce import reproduce as rebuild
    from pylib.termination import terminable

    place = settings()
    repositories = [each for each in (place.release_repository, ROOT) if (each / ".git").exists()]
    console = Console(stderr=True, soft_wrap=True)
    named = named_model(
        what, artifacts=place.artifacts, predictions=place.predictions, repositories=repositories
    )
    with terminable(), named as (model, digest), Progress(console, "starting") as progress:
        folder, listen = new_folder_for(place.output / "reproductions", digest), listener(progress)
        made = rebuild(model, digest, store=place.store, folder=folder, files=file or [], listen=listen)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(made), indent=2, default=str))
    made.check()
    if not as_json:
        _say(made)


def listener(progress: Progress) -> "Listener":
    """What a person sees of a step that is run again: its last line, and its end."""
    from pylib.runners import logs

    def listen(step: str, line: str | None) -> None:
        if line is None:
            progress.keep(f"  {step} was run again")
        elif not logs.is_noise(line):
            progress.say(step, line)

    return listen


def _say(made: "Reproduction") -> None:
    """The verdict, and what was another way without making another model."""
    others = {line for lines in made.circumstances.values() for line in lines}
    for line in sorted(others):
        typer.echo(f"not the same, and without effect: {line}")
    if made.measured:
        typer.echo(
            f"{len(made.measured)} values of its evaluation differ by no more than processors do, "
            f"first {made.measured[0]}"
        )
    typer.echo(f"rebuilt, bit for bit: model {made.model}")
