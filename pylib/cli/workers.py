"""Verb `workers`: a command that trains, as several processes on this machine."""

from typing import Annotated

import typer


def workers(
    count: Annotated[int, typer.Argument(min=1, help="processes, the chief among them")],
    command: Annotated[list[str], typer.Argument(help="what each of them runs")],
    backoff_limit: Annotated[
        int, typer.Option(min=1, help="failures, of whichever process, that end it; fewer are started again")
    ] = 6,
) -> None:
    """Run COMMAND as the workers of one training, as a TFJob does; TF_CONFIG tells each its part.

    They train the model that one process would, from the same batches, and the chief alone writes it.
    """
    from pylib.runners.workers import run

    words = command[1:] if command[0] == "--" else command  # what ends the options for whoever writes it
    run(words, count, backoff_limit=backoff_limit)
