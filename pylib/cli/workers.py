"""Verb `workers`: a command that trains, as several processes on this machine."""

from collections.abc import Sequence
from typing import Annotated

import typer

from pylib.errors import ConfigurationError

_LIMIT = "--backoff-limit"


def workers(
    count: Annotated[int, typer.Argument(min=1, help="processes, the chief among them")],
    command: Annotated[list[str], typer.Argument(help="what each of them runs")],
    backoff_limit: Annotated[
        int, typer.Option(_LIMIT, min=0, help="so many failures, of whichever process, end it; 0 as 1")
    ] = 6,
) -> None:
    """Run COMMAND as the workers of one training, as a TFJob does; TF_CONFIG tells each its part.

    They train the model that one process would, from the same batches, and the chief alone writes it.
    """
    from pylib.runners.workers import run

    words, limit = _after_count(command, backoff_limit)
    run(words, count, backoff_limit=limit)


def _after_count(words: Sequence[str], limit: int) -> tuple[list[str], int]:
    """The command's own words, and the limit where it stands between COUNT and them."""
    first, *rest = words
    if first == "--":  # what ends the options for whoever writes it
        words, first = rest, ""
    if not words:
        raise ConfigurationError("workers: no COMMAND after COUNT; say what each process runs")
    if not first.startswith("-"):
        return list(words), limit
    name, equals, value = first.partition("=")
    if not equals and rest:
        value, *rest = rest
    if name != _LIMIT or not value.isdecimal():
        raise ConfigurationError(f"workers: {first}: before COMMAND there is {_LIMIT} NUMBER, and no other")
    return _after_count(rest or ["--"], int(value))
