"""Every verb of the command line, one a line, each imported when asked for: none waits for the others."""

import importlib
from typing import Any

import typer
from typer.core import TyperGroup

VERBS = {
    "data": "data:data_app",
    "run": "run:run_app",
    "compile": "compile:compile_pipelines",
    "evaluate": "release:evaluate",
    "seeds": "seeds:seeds",
    "release": "release:release",
    "released": "release:released",
    "models": "models:models_app",
    "serve": "serve:serve",
    "predict": "serve:predict",
    "web": "web:web",
    "status": "status:status",
    "explain": "explain:explain",
    "reproduce": "reproduce:reproduce",
    "doctor": "doctor:doctor",
    "cluster": "cluster:cluster",
    "review": "review:review_app",
    "retrain": "retrain:retrain_app",
    "features": "features:features_app",
    "smoke": "smoke:smoke",
    "sweep": "sweep:sweep_app",
    "trial": "trial:trial",
    "workers": "workers:workers",
}
"""Module of this package and name in it, by verb."""

_SETTINGS: dict[str, dict[str, Any]] = {
    # What stands after the command's name is the command's.
    "workers": {"context_settings": {"allow_interspersed_args": False}},
    "cluster": {
        "hidden": True,
        "context_settings": {
            "ignore_unknown_options": True,
            "allow_extra_args": True,
            "help_option_names": [],
        },
    },
}


class Verbs(TyperGroup):
    """The verbs as commands."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Name them, without importing any."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import one; None where there is none of that name, and then all are at hand for a suggestion."""
        for name in [cmd_name] if cmd_name in VERBS else VERBS:
            self.commands.setdefault(name, _command(name))
        return self.commands.get(cmd_name)


def register(app: typer.Typer) -> None:
    """Make the verbs the application's commands."""
    app.callback(cls=Verbs)(_nothing)


def _command(name: str) -> Any:
    module, _, attribute = VERBS[name].partition(":")
    verb = getattr(importlib.import_module(f"pylib.cli.{module}"), attribute)
    app = typer.Typer(add_completion=False)
    app.callback()(_nothing)
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=name)
    else:
        app.command(name, **_SETTINGS.get(name, {}))(verb)
    group: Any = typer.main.get_command(app)
    return group.commands[name]


def _nothing() -> None:
    pass
