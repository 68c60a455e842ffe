"""A search on this machine, as a place where it may run."""

import os
from pathlib import Path

from pylib.atomic import write_file
from pylib.errors import SweepError
from pylib.sweeps import report
from pylib.sweeps import search as searching
from pylib.sweeps.data import DATA, named
from pylib.sweeps.found import Found, Watch
from pylib.sweeps.reading import Sweep


class Here:
    """Trials are processes; the search's own folder keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def search(self, sweep: Sweep, watch: Watch) -> Found:
        """Run it, or go on with it."""
        name = sweep.experiment.name
        found = searching.run(sweep, self.folder, os.environ, watch.trials(sweep.experiment))
        page = report.render(sweep.experiment, found.trials, named(sweep.experiment, DATA))
        write_file(self.folder / report.FILE, page)
        if not found.ending.succeeded:
            reasons = sorted({each.reason for each in found.trials if each.reason})
            why = f" ({reasons[0]})" if reasons else ""
            raise SweepError(f"{name}: the search failed: maxFailedTrialCount was reached{why}")
        if found.best is None:
            raise SweepError(
                f"{name}: no trial of {len(found.trials)} reported its objective: {self.folder}/trials"
            )
        searching.forget(self.folder)
        value = searching.value_of(sweep.experiment, found.best)
        return Found(found.ending, len(found.trials), found.best.name, found.best.assignments, value)
