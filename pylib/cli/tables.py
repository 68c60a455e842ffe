"""Tables of the command line: as wide as the terminal, and whole where no terminal is asked for a width."""

import os

from rich.console import Console

_WHOLE = 10_000


def console() -> Console:
    """A console for tables on stdout.

    A terminal's width is kept, so is `COLUMNS`. A file or a pipe has none: nothing is cut there, where rich
    would take 80 columns.
    """
    made = Console(highlight=False)
    if made.is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        return made
    return Console(width=_WHOLE, highlight=False)
