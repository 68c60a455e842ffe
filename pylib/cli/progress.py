"""How far something is that takes minutes: its last line on a terminal; elsewhere a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape

EVERY = 30.0
"""Seconds between the lines that a log gets while nothing ends."""


class Progress:
    """Shows what is said while a block lasts; what a person should keep is printed to `console` as ever."""

    def __init__(self, console: Console, first: str, *, every: float = EVERY) -> None:
        self._console, self._every = console, every
        self._status = console.status(escape(first))
        self._printed = time.monotonic()

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def say(self, who: str, line: str) -> None:
        """Show the last line of who is at work."""
        said = f"{who}: {line}"
        if self._console.is_terminal:
            self._status.update(escape(said[: self._console.width - 4]))
        elif time.monotonic() - self._printed >= self._every:
            self.keep(f"  {escape(said)}")

    def keep(self, line: str) -> None:
        """Print a line, in rich's markup, that stays."""
        self._console.print(line, highlight=False, soft_wrap=True)
        self._printed = time.monotonic()
