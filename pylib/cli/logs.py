"""Verbs of the log of answers."""

import os
from typing import Annotated

import typer

from pylib.errors import ConfigurationError
from pylib.settings import settings

logs_app = typer.Typer(help="The log of answers.", no_args_is_help=True)


@logs_app.callback()
def _logs() -> None:
    pass


@logs_app.command()
def prune(
    days: Annotated[
        int | None, typer.Option(help="What is older goes; default: PREDICTION_LOG_DAYS.", min=0)
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(help="a file, or the URL of a folder or bucket; default: PYLIB_PREDICTIONS."),
    ] = None,
) -> None:
    """Delete records and images of answers that are older than so many days.

    A bucket with a lifecycle rule does it by itself; this is for one file, folders, and other buckets. What a
    server appends meanwhile stays.
    """
    from pylib.store.request_log import is_url
    from pylib.store.request_log import prune as delete

    where, oldest = place or settings().predictions, _days() if days is None else days
    what = "objects" if is_url(where) else "records and images"
    print(f"{delete(where, oldest)} {what} older than {oldest} days deleted from {where}")  # noqa: T201


def _days() -> int:
    text = os.environ.get("PREDICTION_LOG_DAYS", "")
    if not text.isdecimal():
        told = f"PREDICTION_LOG_DAYS={text}" if text else "no --days and no PREDICTION_LOG_DAYS"
        raise ConfigurationError(f"{told}: say after how many days answers are deleted, as in --days 30")
    return int(text)
