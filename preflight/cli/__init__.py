"""The command line: a verb a line; errors are caught once, in main."""

import sys

import typer

from preflight.cli import add, diff, graph, images, inventory, rules, schemas, secrets, validate
from preflight.errors import PreflightError

app = typer.Typer(
    name="preflight",
    help="The cluster in Git: checked, compared and drawn before a push.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for verb in (
    validate.validate,
    diff.diff,
    graph.graph,
    rules.rules,
    add.add,
    secrets.secrets,
    images.images,
    schemas.schemas,
    inventory.inventory,
):
    app.command()(verb)


def main() -> None:
    """Run a verb; whatever a person can fix is one line on stderr and exit status 1."""
    try:
        app()
    except PreflightError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
