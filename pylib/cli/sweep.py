"""Verb `sweep run`: a Katib Experiment, searched on this machine or on a cluster."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pylib.errors import NotFoundError
from pylib.settings import settings
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef

sweep_app = typer.Typer(
    help="Search for hyper-parameters: a Katib Experiment, run here or on a cluster.", no_args_is_help=True
)


@sweep_app.callback()
def _group() -> None:
    pass


@sweep_app.command()
def run(
    file: Annotated[Path, typer.Argument(help="the Experiment, a YAML file")],
    data: Annotated[
        str | None, typer.Option(help="repository@branch to learn from; default: what the template names")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="first weights; default: what the template names, else none")
    ] = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="create it there, and follow it")] = False,
    namespace: Annotated[
        str | None, typer.Option(help="of the cluster; default: PYLIB_NAMESPACE, or ml")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print optimal.json")] = False,
) -> None:
    """Run each trial as a process of its own, or as a Job of a cluster; write optimal.json with its record.

    Killed and started again, it goes on: no finished trial is repeated, and one that was running goes on from
    its own checkpoint.
    """
    from pylib.sweeps import folder
    from pylib.sweeps.data import DATA, WEIGHTS, named
    from pylib.sweeps.optimal import FILE
    from pylib.sweeps.reading import read
    from pylib.sweeps.report import FILE as REPORT

    console, sweep = Console(stderr=True), read(file, here=not cluster)
    for line in sweep.warnings:
        console.print(f"[yellow]![/] {escape(line)}", highlight=False, soft_wrap=True)
    if cluster:
        _on_cluster(namespace)
    commit = _commit(console, data or named(sweep.experiment, DATA), given=data is not None or cluster)
    given = {DATA: commit, WEIGHTS: _first(weights, cluster=cluster)}
    best = folder.of(sweep, given) / "optimal"
    experiment = sweep.experiment
    most, at_once = experiment.count("maxTrialCount"), experiment.count("parallelTrialCount")
    place = "on the cluster" if cluster else f"in {best.parent}"
    console.print(
        f"search {experiment.name}: {most or '?'} trials, {at_once} at once, {place}", soft_wrap=True
    )
    _search(console, best, file, given, cluster=cluster)
    if not cluster:
        console.print(f"report {best.parent / REPORT}", highlight=False, soft_wrap=True)
    text = (best / FILE).read_text(encoding="utf-8")
    if as_json:
        print(text, end="")  # noqa: T201
        return
    _say(console, text, given[WEIGHTS] or named(sweep.experiment, WEIGHTS))
    print(best / FILE)  # noqa: T201 (alone on stdout, for a script to go on with)


def _say(console: Console, text: str, weights: str) -> None:
    """The best trial of an optimal.json, and the command that trains with it."""
    from pylib.sweeps import training
    from pylib.sweeps.optimal import Optimal

    found = Optimal.model_validate_json(text)
    parameters = ", ".join(f"{name} {value}" for name, value in found.parameters.items())
    reached = f"{found.objective.name} {found.objective.value:.6g}"
    console.print(f"best   {reached}: {escape(parameters)}", soft_wrap=True)
    if line := training.command(found, weights):
        console.print(f"train  {line}", markup=False, highlight=False, soft_wrap=True)


def _search(console: Console, best: Path, file: Path, given: dict[str, str], *, cluster: bool) -> None:
    from pylib.cli.sweep_table import shown
    from pylib.steps.search import recorded
    from pylib.sweeps.data import DATA, WEIGHTS
    from pylib.sweeps.found import Watch
    from pylib.termination import terminable

    with terminable(), shown(console) as trials:
        watch = Watch(trials, lambda line: console.print(line, highlight=False, soft_wrap=True))
        try:
            recorded(watch)(best, experiment=str(file), data=given[DATA], weights=given[WEIGHTS])
        except KeyboardInterrupt:
            if cluster:
                _left(console, file)
            else:
                console.print("interrupted; the same command goes on")
            raise


def _on_cluster(namespace: str | None) -> None:
    """Say to the step where the search goes, and refuse a store that no trial there can read."""
    from pylib.runners import arguments, cluster_settings

    where = namespace or cluster_settings.namespace()
    arguments.check_store(where)
    os.environ["PYLIB_KATIB_NAMESPACE"] = where
    if gpus := cluster_settings.setting("PYLIB_GPUS", where):
        os.environ["PYLIB_GPUS"] = gpus


def _left(console: Console, file: Path) -> None:
    """Ask whether a search on the cluster goes on, or is deleted; where nobody can be asked it goes on."""
    from pylib.sweeps.reading import read
    from pylib.sweeps.there import There

    there, name = There(os.environ["PYLIB_KATIB_NAMESPACE"]), read(file, here=False).experiment.name
    place = f"Experiment {there.namespace}/{name}"
    if sys.stdin.isatty() and typer.confirm(f"{place}: delete it? Else it goes on", default=False, err=True):
        there.delete(name)
        console.print(f"{place} was deleted", highlight=False)
    else:
        console.print(f"{place} goes on; the same command follows it again", highlight=False)


def _first(weights: str | None, *, cluster: bool) -> str:
    """First weights, so that every trial finds them; empty for what the template says."""
    from pylib.models import weights_source

    if not weights:
        return ""
    pinned = weights_source.pinned(weights, settings().store)
    return weights_source.shared(pinned, settings().store) if cluster else pinned


def _commit(console: Console, reference: str, *, given: bool) -> str:
    """The data by its commit's id; the built-in sample is made where a template names it and it is absent."""
    from pylib.sweeps.data import pinned

    if not reference:
        return ""
    try:
        return pinned(reference, settings().store)
    except NotFoundError:
        if given or not _make_sample(console, CommitRef.parse(reference)):
            raise
    return pinned(reference, settings().store)


def _make_sample(console: Console, reference: CommitRef) -> bool:
    """Commit the task's built-in sample of that name; False where there is none such."""
    from pylib.data.plan import Options
    from pylib.steps.ingest import ingest
    from pylib.tasks.task import find, names

    task = next((each for each in names() if reference.repository == find(each).sample.NAME), None)
    if task is None:
        return False
    console.print(f"[yellow]![/] no {reference} in the store: takes the built-in sample", highlight=False)
    output = settings().output
    ingest(
        "sample",
        open_store(settings().store),
        reference.repository,
        Options(task=task),
        cache=output / "downloads",
        branch=reference.revision,
        report=output / "reports" / "ingest" / reference.repository,
    )
    return True
