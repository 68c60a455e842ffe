"""Verbs of promotion: evaluate a model, release it, say which one is released."""

import dataclasses
import json
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pylib.cli.progress import Progress
from pylib.cli.reproduce import listener
from pylib.errors import ConfigurationError, GateError
from pylib.provenance.materials import ROOT
from pylib.settings import settings

GateFile = Annotated[
    Path | None,
    typer.Option("--gate", help="What the model must reach; default: gates/ has it by the task's name."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Share = Annotated[
    int | None,
    typer.Option("--canary", min=1, max=50, help="Per cent of the requests, beside what is released."),
]
Shadow = Annotated[
    bool, typer.Option("--shadow", help="A copy of every request, beside what is released; nobody sees it.")
]


def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder, with model.onnx and the trained weights.")],
    shards: Annotated[Path, typer.Argument(help="Folder of shards; only the test split is read.")],
    output: Annotated[Path | None, typer.Option(help="Where evaluation.json and report.html go.")] = None,
    gate: GateFile = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also on images that were attacked, corrupted and flipped.")
    ] = False,
    notebook: Annotated[
        bool, typer.Option("--notebook", help="Make the report of notebooks/report.ipynb, run.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on the test split and hold it against the gate; exit 1 if it does not pass."""
    from pylib.data.shards import ShardIndex
    from pylib.evaluation.evaluate import evaluate as judge
    from pylib.evaluation.gate import gate_file, read_gate
    from pylib.evaluation.record import REPORT
    from pylib.tasks import task

    serves = task.find(ShardIndex.read(shards).task)
    file = gate or gate_file(ROOT, serves.name)
    folder = output or settings().output / "evaluation"
    report = ROOT / "notebooks" / "report.ipynb" if notebook else None
    gate_of = read_gate(file, serves)
    evaluation = judge(shards, model, folder, gate_of, robustness=robustness, notebook=report)
    if as_json:
        typer.echo(evaluation.dumps().decode(), nl=False)
    else:
        table = Table("metric", "value", "gate", "")
        for check in evaluation.gate.checks:
            mark = "[green]passed[/]" if check.passed else "[red]failed[/]"
            table.add_row(check.metric, check.shown_value, check.shown_limits, mark)
        Console().print(table)
        typer.echo(f"report: {folder / REPORT}")
    if not evaluation.gate.passed:
        failures = "; ".join(str(check) for check in evaluation.gate.failures)
        raise GateError(f"model {evaluation.model_digest[:12]} does not pass {file}: {failures}")


def release(
    model: Annotated[Path, typer.Argument(help="Model folder.")],
    evaluation: Annotated[Path, typer.Argument(help="Folder that `evaluate` wrote for this model.")],
    data: Annotated[str, typer.Option(help="What it learned from, as repository@commit.")] = "",
    name: Annotated[
        str | None, typer.Option(help="Served model that it becomes; default: the only one, or the task's.")
    ] = None,
    reproduced: Annotated[
        bool, typer.Option("--reproduced", help="Rebuild it first, and release it only if it is the same.")
    ] = False,
    canary: Share = None,
    shadow: Shadow = False,
    as_json: AsJson = False,
) -> None:
    """Upload a model that passed the gate, and commit its digest to the served SeldonDeployment.

    The commit is made in a clone (PYLIB_RELEASE_REPOSITORY) of this repository, or of the one that
    PYLIB_RELEASE_SOURCE names, to which it is pushed; `git revert` there rolls back. A canary or a shadow
    stands beside the released model until `pylib models promote canary` or `pylib models abandon`.
    """
    from pylib.evaluation.record import read_evaluation
    from pylib.provenance.materials import source
    from pylib.registry.folder import Registration, assemble
    from pylib.registry.judged import check_served
    from pylib.registry.places import Places
    from pylib.registry.promotion import release_and_register
    from pylib.release.release import chosen, digest_of
    from pylib.reproduction.reproduce import new_folder_for, prove

    check_served(evaluation)
    traffic = share(canary, shadow=shadow)
    places, given, digest = settings(), Places.of_settings(), digest_of(model)
    console = Console(stderr=True, soft_wrap=True)
    if reproduced:
        proofs = new_folder_for(places.output / "reproductions", digest)
        with Progress(console, "starting") as progress:
            prove(model, digest, store=places.store, folder=proofs, listen=listener(progress))
    with given.clone() as git:
        name = chosen(git, name, places.release_source, [read_evaluation(evaluation).task])
    registration = Registration(name, data, source().get("digest", {}).get("gitCommit", ""))
    doing = console.status(f"puts {digest[:12]} into {escape(given.artifacts.url)}, commits and registers it")
    # Warnings are a step's lines on stdout; here that is the answer's.
    with doing, redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as folder:
        whole = assemble(model, evaluation, Path(folder) / "model", registration)
        made = release_and_register(whole, registration, given, evaluation=evaluation, traffic=traffic)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(made), indent=2))
        return
    verb = f"released{to(traffic)}" if made.is_new else "is released already:"
    typer.echo(f"model {made.digest} {verb} in commit {made.commit[:12]} of {places.release_repository}")


def released(
    name: Annotated[str | None, typer.Argument(help="Served model; default: the released one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which model is released, what it learned from and what the gate said of it."""
    from pylib.release.release import released as read

    served = read(settings().release_repository, name)
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(served), indent=2))
        return
    table = Table(show_header=False, box=None)
    for field, value in dataclasses.asdict(served).items():
        if field != "canary":
            table.add_row(field.replace("_", " "), value)
    if served.canary:
        table.add_row("beside it", str(served.canary))
        for field, value in dataclasses.asdict(served.canary.values).items():
            table.add_row(f"its {field.replace('_', ' ')}", value)
    Console().print(table)


def share(canary: int | None, *, shadow: bool) -> int | None:
    """Per cent of the requests, 0 of a shadow, None of a model for all; ConfigurationError where both are."""
    if canary is not None and shadow:
        raise ConfigurationError("--canary and --shadow are two ways to stand beside a model: give one")
    return 0 if shadow else canary


def to(traffic: int | None) -> str:
    """In words, to whom it is released."""
    return "" if traffic is None else f" to {traffic} % of requests" if traffic else " as a shadow"
