"""The command line: a file for each group of verbs; errors are caught once, in main."""

import sys

import typer

from pylib.errors import PylibError

app = typer.Typer(
    name="pylib",
    help="From images to a served, traceable model; the same definitions here and on a cluster.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run a verb; whatever a person can fix is one line on stderr and exit status 1."""
    from pylib.cli.verbs import register

    register(app)
    try:
        app()
    except PylibError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
