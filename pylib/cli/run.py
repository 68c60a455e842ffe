"""Verb `run`: a command for each pipeline with its own options, on this machine or on a cluster."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from pylib.cli import options, parameters
from pylib.cli.progress import Progress
from pylib.errors import PipelineError, did_you_mean
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.runners.local import Run
    from pylib.runners.options import Option
    from pylib.runners.step_logs import Listener, StepRun

CLUSTER = Annotated[bool, typer.Option("--cluster", help="submit to Kubeflow Pipelines")]
NAMESPACE = Annotated[
    str | None, typer.Option(help="profile on a multi-user cluster; default: PYLIB_NAMESPACE, or ml")
]
AS_JSON = Annotated[bool, typer.Option("--json", help="print the result as JSON")]


def run(pipeline: str, given: dict[str, Any], *, cluster: bool, namespace: str | None, as_json: bool) -> None:
    """Run a pipeline, here or on Kubeflow Pipelines, and say what came of it: data, model, score, gate."""
    from pylib.cli import status
    from pylib.runners import arguments, runs

    if cluster:
        from pylib.cli.run_cluster import run_on_cluster

        run_on_cluster(pipeline, given, namespace, as_json=as_json)
        return
    ready, said = arguments.here(pipeline, given)
    finished = run_here(pipeline, ready, said)
    if as_json:
        seconds = {step.name: round(step.seconds, 3) for step in finished.steps}
        print(json.dumps({"run": str(finished.folder), "seconds": finished.seconds, "steps": seconds}))  # noqa: T201
    else:
        status.show(runs.of_run(finished.folder))


class Pipelines(TyperGroup):
    """The repository's pipelines as commands, each made when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Name them, without loading any."""
        from pylib.runners import pipelines

        return pipelines.names()

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand:  # noqa: ARG002
        """Load one; PipelineError where there is none of that name."""
        return _command(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The pipeline goes first, since it says which options there are."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            known = ", ".join(self.list_commands(ctx))
            raise PipelineError(f"run {args[0]}: the pipeline's name goes first; there are: {known}")
        return super().parse_args(ctx, args)


class _OneLine(TyperCommand):
    """A command whose wrong options are one line, with what was probably meant; its help ends with tables."""

    tables: Mapping[str, Sequence["Option"]] = MappingProxyType({})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As usual; PipelineError where an option is not known, has no value, or is given twice."""
        try:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for each in order:
                single = not (getattr(each, "multiple", False) or getattr(each, "is_flag", False))
                if single and order.count(each) > 1:
                    raise PipelineError(f"run {self.name}: {each.opts[0]} is given twice; give it once")
            return super().parse_args(ctx, args)
        except TyperException as error:
            raise PipelineError(f"run {self.name}: {_reason(error, self.params)}") from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """As usual, then what parameters may hold that take options by name."""
        super().format_help(ctx, formatter)
        for parameter, held in self.tables.items():
            options.show(parameters.flag(parameter), held)


def _reason(error: TyperException, own: Sequence[Any]) -> str:
    name = str(getattr(error, "option_name", "") or "")
    known = [text for option in own for text in option.opts if text.startswith("--")]
    if not name or name in known:
        return str(error.message)
    return f"no option {name}; {did_you_mean(name, known) or 'it has: ' + ', '.join(known)}"


run_app = typer.Typer(
    cls=Pipelines,
    no_args_is_help=True,
    help="Run a pipeline: here, step by step in subprocesses, or with --cluster on Kubeflow Pipelines.\n\n"
    "`pylib run NAME --help` lists the parameters of one.",
)


@run_app.callback()
def _group() -> None:
    pass


def _command(name: str) -> TyperCommand:
    from pylib.runners import checks, pipelines

    pipeline = pipelines.load(name)

    def command(
        parameter: parameters.PARAMETER = None,
        cluster: CLUSTER = False,
        namespace: NAMESPACE = None,
        as_json: AS_JSON = False,
        **own: str | None,
    ) -> None:
        texts = parameters.together(parameter or [], own)
        run(name, checks.read(pipeline, texts), cluster=cluster, namespace=namespace, as_json=as_json)

    command.__doc__ = str(pipeline.description or f"Run the pipeline {name}.")
    made = parameters.command(name, command, parameters.options(pipeline), cls=_OneLine)
    made.tables = checks.options(pipeline)
    return made


def run_here(pipeline: str, arguments: dict[str, Any], said: Sequence[str]) -> "Run":
    """Run a pipeline on this machine, and show how it goes; `said` is what a person should know before."""
    from pylib.runners import local

    place = settings()
    os.environ["PYLIB_OUTPUT"] = str(place.output)  # the steps run in processes of their own
    os.environ.setdefault("PYLIB_CACHE", str(place.output / "cache"))
    console = Console(stderr=True)
    for line in said:
        _warn(console, pipeline, line)
    with Progress(console, f"{pipeline}: starting") as progress:
        listen = _listener(console, progress)
        finished = local.run(pipeline, arguments, place.output / "runs", listen)
    _point_latest(place.output, finished.folder)
    return finished


def _listener(console: Console, progress: Progress) -> "Listener":
    """What a person sees of a step: its last line while it goes on, its warnings for good, its end."""
    from pylib.runners import logs

    def listen(step: "StepRun", line: str | None) -> None:
        if line and line.startswith(logs.WARNING):
            _warn(console, step.title, line.removeprefix(logs.WARNING))
        if step.succeeded is None:
            progress.say(step.title, line or "starting")
        else:
            mark = "[green]✓[/]" if step.succeeded else "[red]✗[/]"
            how = ", from the cache" if step.cached else ""
            progress.keep(f"{mark} {escape(step.title):<10} {step.seconds:6.1f} s{how}")

    return listen


def _warn(console: Console, who: str, said: str) -> None:
    console.print(f"[yellow]![/] {who:<10} {escape(said)}", highlight=False, soft_wrap=True)


def _point_latest(output: Path, folder: Path) -> None:
    """Make out/latest name the newest finished run."""
    link = output / ".latest"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(output))
    link.replace(output / "latest")
