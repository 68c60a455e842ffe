"""Verb `cluster`: where the check before a push went, for who knew it here."""

from typing import Annotated

import typer

from pylib.errors import ConfigurationError


def cluster(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Say where it went."""
    called = " ".join(["preflight", *(arguments or [])])
    raise ConfigurationError(f"the check before a push is a command of its own now: `{called}`")
