"""Step "search": an Experiment to the best parameters that its trials found."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from katib.experiment import Experiment
from katib.substitution import trial_object
from pylib.errors import SweepError, did_you_mean
from pylib.provenance.materials import ROOT
from pylib.provenance.step import Commit, File, Output, Result, step
from pylib.settings import settings
from pylib.sweeps import folder
from pylib.sweeps import hyper_parameters as of_trials
from pylib.sweeps.attempt import primary
from pylib.sweeps.data import DATA, WEIGHTS, named, with_variables
from pylib.sweeps.found import LOG, Found, Place, Watch
from pylib.sweeps.here import Here
from pylib.sweeps.optimal import FILE, differing, optimal
from pylib.sweeps.reading import Sweep, read
from pylib.sweeps.there import There

SWEEPS = ROOT / "pipelines/sweeps"
_IMAGE_SIZE = re.compile(r"--image-size[= ](\d+)")


def recorded(watch: Watch) -> Callable[..., Result]:
    """The step, for whoever looks on."""

    @step(cached=False)
    def search(best: Output, *, experiment: File, data: Commit, weights: File = "") -> Result:
        """Search where the settings say; killed and started again it goes on. data: may be empty."""
        return _search(best, experiment, {DATA: data, WEIGHTS: weights}, watch)

    return search


search = recorded(LOG)
"""The step of a pipeline."""


def file_of(sweep: str) -> Path:
    """The Experiment of that name in the repository, here or in the image of a step; SweepError."""
    names = sorted(path.stem for path in SWEEPS.glob("*.yaml"))
    if sweep not in names:
        near = did_you_mean(sweep, names) or f"there are: {', '.join(names)}"
        raise SweepError(f"sweep={sweep!r}: not in {SWEEPS}; {near}")
    return SWEEPS / f"{sweep}.yaml"


def check_parameters(
    sweep: str, image_size: int, task: str = "", options: Mapping[str, object] = MappingProxyType({})
) -> None:
    """What the step would say of its parameters, before anything runs.

    task: the pipeline's, empty where it is not known; options: hyper-parameters that a person gives
    """
    experiment = read(file_of(sweep), here=False).experiment
    of_trials.check(experiment)
    container = experiment.primary[1] if experiment.primary else {}
    command = [str(word) for key in ("command", "args") for word in container.get(key) or []]
    if command[:2] != ["pylib", "trial"] or task not in {"", *command[2:3]}:
        raise SweepError(
            f"sweep={sweep}: its trials run `{' '.join(command[:3])}`, and this pipeline trains with what "
            f"`pylib trial {task or 'TASK'}` finds; name another sweep"
        )
    if twice := sorted(options.keys() & differing(experiment)):
        raise SweepError(f"options: {', '.join(twice)} is what the search {experiment.name} is for")
    text = " ".join(command)
    theirs = int(found[1]) if (found := _IMAGE_SIZE.search(text)) else 0
    if theirs != image_size:
        raise SweepError(
            f"sweep={sweep}: its trials learn from --image-size={theirs}, and image_size is {image_size}; "
            "give both the same"
        )


def _search(best: Path, file: str, given: dict[str, str], watch: Watch) -> Result:
    read_here = settings().katib_namespace is None
    sweep = read(Path(file), here=read_here)
    of_trials.check(sweep.experiment)
    given = {name: value for name, value in given.items() if value}
    if given.get(WEIGHTS) == "none" and not named(sweep.experiment, WEIGHTS):
        del given[WEIGHTS]  # a template that says nothing means the same
    told = with_variables(sweep.experiment, given)
    sweep = Sweep(told, sweep.sha256, sweep.identity, sweep.warnings)
    if read_here and (changed := folder.former(folder.of(sweep, given))):
        watch.lines(changed)
    found = place(sweep, given).search(sweep, watch)
    (best / FILE).write_bytes(written(sweep, given.get(DATA, ""), found))
    return {"trial": found.trial, "trials": found.trials}


def place(sweep: Sweep, given: Mapping[str, str]) -> Place:
    """Where it runs, as the settings say."""
    namespace = settings().katib_namespace
    return (
        Here(folder.of(sweep, given))
        if namespace is None
        else There(namespace, gpus=os.environ.get("PYLIB_GPUS", "0"))
    )


def written(sweep: Sweep, data: str, found: Found) -> bytes:
    """The content of optimal.json; raises SweepError where the best value is no number."""
    return optimal(
        sweep.experiment,
        sweep.sha256,
        found.ending,
        found.trials,
        trial=found.trial,
        assignments=found.assignments,
        value=found.value,
        data=data,
        words=_words(sweep.experiment, found),
    ).dumps()


def _words(experiment: Experiment, found: Found) -> list[str]:
    container = primary(experiment, trial_object(experiment, found.trial, found.assignments))
    return [str(word) for key in ("command", "args") for word in container.get(key) or []]
