"""What a search algorithm is asked and told."""

from typing import Protocol

from katib.values import Assignments


class Searcher(Protocol):
    """A search algorithm, whose answers follow from what it was asked and told, in that order, alone.

    Trials are numbered from 0, in the order in which they are asked for. So a search goes on after a restart
    by asking and telling the same again.
    """

    def ask(self) -> Assignments | None:
        """The parameters of the next trial; None while it waits for others, or has no more points."""
        ...

    def tell(self, trial: int, value: float | None) -> None:
        """How a trial ended: its objective; None where it failed or had none."""
        ...

    @property
    def exhausted(self) -> bool:
        """Whether there are no more points."""
        ...
