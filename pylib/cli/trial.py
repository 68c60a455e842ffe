"""Verb `trial`: what one trial of a search runs."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pylib.errors import ConfigurationError


def trial(
    task: Annotated[str, typer.Argument(help="whose network or head learns")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE…", help="hyper-parameters; head=NAME fits a head on features"),
    ] = None,
    data: Annotated[
        str, typer.Option(envvar="PYLIB_DATA", help="repository@branch or repository@commit")
    ] = "",
    image_size: Annotated[int, typer.Option(help="side of the square to learn from; 0: the task's own")] = 0,
    weights: Annotated[
        str, typer.Option(envvar="PYLIB_WEIGHTS", help="none, imagenet, a file or repository@commit:path")
    ] = "none",
) -> None:
    """Learn with given hyper-parameters, and print validation metrics, as Katib's collector reads them.

    Started again with the same PYLIB_TRIAL_SCRATCH it goes on from its checkpoint. It fails where a metric is
    no finite number.
    """
    from pylib.steps.prepare import shared_shards
    from pylib.sweeps.attempt import SCRATCH
    from pylib.sweeps.trial import learn

    if not data:
        raise ConfigurationError("trial: no data; give --data, or set PYLIB_DATA")
    given = _pairs(values or [])
    shards = shared_shards(task, data, image_size)
    with tempfile.TemporaryDirectory() as folder:
        learn(task, shards, Path(os.environ.get(SCRATCH) or folder), given, weights=weights)


def _pairs(values: list[str]) -> dict[str, str]:
    """Values by name; refuses what is no pair, and a name that is given twice."""
    found: dict[str, str] = {}
    for each in values:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"trial: {each!r} is no NAME=VALUE")
        if name in found:
            raise ConfigurationError(f"trial: {name} is given twice; give it once")
        found[name] = text
    return found
