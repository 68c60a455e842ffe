"""How work on applications is spread, and who hears of it."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from preflight.render.applications import Application
from preflight.render.build import Built

MOST_PROCESSES = 16
Listener = Callable[[str], None]
Work = Callable[[Application], Built]
Map = Callable[[Work, list[Application]], Iterable[Built]]


@contextmanager
def mapped(processes: int | None) -> Iterator[Map]:
    """Over processes, as many as the machine has cores unless a number is given; with 1 it is this one."""
    if processes == 1:
        yield map
    else:
        with ProcessPoolExecutor(processes or min(os.cpu_count() or 1, MOST_PROCESSES)) as pool:
            yield pool.map


def heard(run: Map, listen: Listener) -> Map:
    """The same, with somebody who hears the name of each application as it is done."""

    def hearing(work: Work, applications: list[Application]) -> Iterator[Built]:
        for built in run(work, applications):
            listen(built.application.name)
            yield built

    return hearing
