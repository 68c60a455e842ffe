"""Verbs `models …`: the registry looked at, a model promoted or the former one back, both made to agree."""

import dataclasses
import json
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.filesize import decimal

from pylib.cli import models_tables
from pylib.cli.release import Shadow, Share, share, to
from pylib.errors import ConfigurationError
from pylib.settings import settings

if TYPE_CHECKING:
    from pylib.registry.places import Places
    from pylib.registry.versions import Version

models_app = typer.Typer(no_args_is_help=True, help="The model registry: what was judged, and what is served")

Model = Annotated[
    str,
    typer.Argument(help="A number, `champion`, `canary`, `candidate`, or the digest (8 digits or more)."),
]
Name = Annotated[
    str | None, typer.Option("--name", help="The pipeline whose model it is; default: the only one.")
]
Served = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The same as --name; default: the only one, or all.")
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME] [MODEL]…",
        help="A pipeline's name, the same as --name; then a number, `champion`, `candidate`, or the digest; "
        "default: the champion, and beside it the candidate.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@models_app.command("list")
def list_models(
    name: Annotated[str | None, typer.Argument(help="A pipeline's name; default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions, newest first: what each reached, what the gate said, which one is served."""
    from pylib.registry.lookup import every
    from pylib.registry.places import Places

    places = Places.of_settings()
    found = every(places.registered(), name)
    served = places.served()
    if as_json:
        return _print([_facts(each) | {"served": served.get(each.name) == each.digest} for each in found])
    for one in sorted({each.name for each in found}):
        models_tables.listed(one, [each for each in found if each.name == one], served.get(one, ""))
    if not found:
        typer.echo("no model is registered yet: `pylib run` a pipeline")
    _tell_behind(found, served)
    return None


@models_app.command()
def show(words: Words = None, name: Name = None, as_json: AsJson = False) -> None:
    """Show all that is known of a version: facts, hyper-parameters, what was measured on its test split."""
    from pylib.registry.lookup import figures, look
    from pylib.registry.places import Places

    places = Places.of_settings()
    name, (model,) = _which(places, words, name, "champion")
    versions, version = look(places, model, name)
    parameters, measured = figures(version, versions, places)
    if as_json:
        return _print(_facts(version) | {"parameters": parameters, "metrics": measured})
    models_tables.shown(_facts(version), parameters, measured)
    return None


@models_app.command()
def compare(words: Words = None, name: Name = None, as_json: AsJson = False) -> None:
    """Set two versions side by side: parameters that differ, and what was measured of each.

    It says so where they were not judged on the same test items. What a champion and its canary answered
    since, `pylib compare` says.
    """
    from pylib.registry.judged_on import note
    from pylib.registry.lookup import every, figures, look
    from pylib.registry.places import Places
    from pylib.registry.versions import find

    places = Places.of_settings()
    name, (first, second) = _which(places, words, name, "champion", "candidate")
    versions, one = look(places, first, name)
    other = find(every(versions, name or one.name), second)
    (parameters, measured), (parameters_2, measured_2) = (
        figures(each, versions, places) for each in (one, other)
    )
    differ = models_tables.pairs(parameters, parameters_2, equal=False)
    metrics = models_tables.pairs(measured, measured_2, equal=True)
    told = note(one, other, settings().store)
    if as_json:
        facts = [_facts(one), _facts(other)]
        return _print({"models": facts, "note": told, "parameters": differ, "metrics": metrics})
    models_tables.beside(one, other, differ, metrics, told)
    return None


@models_app.command()
def promote(
    model: Model, name: Name = None, canary: Share = None, shadow: Shadow = False, as_json: AsJson = False
) -> None:
    """Release a version: the Git commit that serves it, then the alias. It refuses what `release` does.

    `promote canary` lets the canary answer all requests, in the place of what it stood beside.
    """
    from pylib.registry.lookup import look
    from pylib.registry.places import Places
    from pylib.registry.promotion import promote as release

    traffic, places = share(canary, shadow=shadow), Places.of_settings()
    versions, version = look(places, model, name, served=True)
    with redirect_stdout(sys.stderr):  # warnings are no part of the answer
        made = release(version, places, versions, traffic=traffic, standing=model == "canary")
    if as_json:
        return _print(dataclasses.asdict(made))
    verb = f"released{to(traffic)}" if made.is_new else "is released already:"
    typer.echo(f"{version} {verb} in commit {made.commit[:12]} of {places.repository}")
    return None


@models_app.command()
def rollback(served: Served = None, name: Name = None, as_json: AsJson = False) -> None:
    """Serve again what the released model took the place of: a commit like that of `git revert`."""
    from pylib.registry.places import Places
    from pylib.registry.promotion import rollback as back

    name, places = _one(served, name), Places.of_settings()
    with redirect_stdout(sys.stderr):
        made = back(name, places)
    if as_json:
        return _print(dataclasses.asdict(made))
    typer.echo(f"model {made.digest} is back, by commit {made.commit[:12]} of {places.repository}")
    return None


@models_app.command()
def abandon(served: Served = None, name: Name = None, as_json: AsJson = False) -> None:
    """Take a canary or shadow away: a commit after which the released model answers all requests again."""
    from pylib.registry.places import Places
    from pylib.registry.promotion import abandon as take_away

    name, places = _one(served, name), Places.of_settings()
    with redirect_stdout(sys.stderr):
        made = take_away(name, places)
    if as_json:
        return _print(dataclasses.asdict(made))
    typer.echo(f"model {made.digest} is abandoned, by commit {made.commit[:12]} of {places.repository}")
    return None


@models_app.command()
def reconcile(served: Served = None, name: Name = None, as_json: AsJson = False) -> None:
    """Say where registry and Git differ, and mend the registry, of one model or all: the commit is the truth.

    Exit status 1 where something cannot be mended, such as a released model whose files are gone.
    """
    from pylib.registry.places import Places
    from pylib.registry.reconcile import reconcile as mend

    name, places = _one(served, name), Places.of_settings()
    with redirect_stdout(sys.stderr):
        found = mend(places, places.versions(), name)
    if as_json:
        _print([dataclasses.asdict(each) for each in found])
    else:
        for each in found:
            mark = "mended" if each.mended else "cannot be mended"
            typer.echo(f"{mark}: {f'{each.name}: ' if each.name else ''}{each.what}")
        if not found:
            typer.echo("registry and Git agree")
    if not all(each.mended for each in found):
        raise typer.Exit(1)


@models_app.command()
def gc(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest versions of a model stay.")] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--delete", help="Only say what would be deleted, or delete it.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Delete versions and their files, but for the newest and all that were ever released in Git's history.

    Without --delete it only says what it would do.
    """
    from pylib.registry.places import Places
    from pylib.registry.removal import gc as collect

    places = Places.of_settings()
    removed = collect(places, places.versions(), keep=keep, dry_run=dry_run)
    if as_json:
        return _print({"versions": [_facts(each) for each in removed.versions], "size": removed.size,
                       "deleted": not dry_run})  # fmt: skip
    verb = "would be deleted (--delete does it)" if dry_run else "deleted"
    for each in removed.versions:
        typer.echo(f"{each}  {each.verdict}  {each.score}")
    typer.echo(f"{len(removed.versions)} models, {decimal(removed.size)} {verb}")
    return None


def _one(served: str | None, name: str | None) -> str | None:
    """A model's name, given as a word or as an option; ConfigurationError where the two differ."""
    if served and name and served != name:
        raise ConfigurationError(f"{served} and --name {name} are two models: give one of them")
    return served or name


def _which(
    places: "Places", words: list[str] | None, name: str | None, *default: str
) -> tuple[str | None, list[str]]:
    """The name among the words, if the first is one, and the models, those not given by default."""
    models, versions = list(words or []), places.registered()
    if models and versions and models[0] in versions.names():
        name = _one(models.pop(0), name)
    if len(models) > len(default):
        raise ConfigurationError(f"{' '.join(models)}: {len(default)} at most; `pylib models list` has them")
    return name, [*models, *default[len(models) :]]


def _tell_behind(found: "Iterable[Version]", served: "dict[str, str]") -> None:
    champions = {each.name: each.digest for each in found if "champion" in each.aliases}
    shown = {each.name for each in found}
    if any(served.get(name, "") != champions.get(name, "") for name in shown):
        typer.echo(
            "champion is not what the newest commit serves: `pylib models reconcile` mends it", err=True
        )


def _facts(version: "Version") -> dict[str, Any]:
    return dataclasses.asdict(version) | {"registered": version.registered.isoformat()}


def _print(value: object) -> None:
    """JSON in ASCII: it stays JSON in any locale."""
    print(json.dumps(value, indent=2))  # noqa: T201
